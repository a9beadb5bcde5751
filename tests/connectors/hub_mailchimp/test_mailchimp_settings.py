"""What a user writes for Mailchimp."""

import pytest
from pydantic import ValidationError

from hub_mailchimp.settings import MailchimpSettings, MailchimpTarget


def settings(**keys: str) -> MailchimpSettings:
    """Read a connection table."""
    return MailchimpSettings.model_validate({"api_key": "0123456789abcdef-us19", **keys})


def test_the_data_centre_is_the_end_of_the_key() -> None:
    """So it need not be written down; `server` overrides it, for keys that have none."""
    assert settings().url == "https://us19.api.mailchimp.com/3.0"
    assert settings(server="us7").url == "https://us7.api.mailchimp.com/3.0"
    assert settings(api_key="oauth", server="us7").url == "https://us7.api.mailchimp.com/3.0"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8099", "http://localhost:8099/3.0/", "https://proxy.shop.example"])
def test_another_server_is_taken_over_https_or_on_this_machine(url: str) -> None:
    """A sandbox is found with or without the version in its path."""
    assert settings(base_url=url).url == f"{url.removesuffix('/3.0/')}/3.0"


@pytest.mark.parametrize(
    "url", ["http://shop.example", "http://127.0.0.1.shop.example", "ftp://127.0.0.1", "shop.example"]
)
def test_the_key_never_travels_in_clear_text(url: str) -> None:
    """Plain http to another machine is refused."""
    with pytest.raises(ValidationError, match="https"):
        settings(base_url=url)


@pytest.mark.parametrize("key", ["0123456789abcdef", "0123456789abcdef-", "0123456789abcdef-us1.shop.example/"])
def test_a_key_without_a_data_centre_needs_a_server(key: str) -> None:
    """The message says what to give, and does not hold the key; nor can a key lead to another host."""
    with pytest.raises(ValidationError, match="give server") as caught:
        settings(api_key=key)
    assert "0123456789abcdef" not in str(caught.value)


def test_the_key_is_not_printed() -> None:
    """Settings appear in logs."""
    assert "0123456789abcdef" not in repr(settings())


@pytest.mark.parametrize("wrong", [{"list": ""}, {"tag": ""}, {"new_contacts": "cleaned"}, {"liste": "x"}])
def test_wrong_targets_are_refused(wrong: dict[str, str]) -> None:
    """Unknown keys and empty names are errors; new contacts default to never."""
    right = {"list": "Customers", "tag": "vip"}
    assert MailchimpTarget.model_validate(right).new_contacts == "never"
    with pytest.raises(ValidationError):
        MailchimpTarget.model_validate({**right, **wrong})
