"""What a user may write."""

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from hub.sdk.records import Json
from hub_google_ads.sandbox import GoogleAdsSandbox
from hub_google_ads.settings import GoogleAdsSettings, GoogleAdsTarget


@pytest.fixture
def box() -> Iterator[GoogleAdsSandbox]:
    """Serve an account."""
    with GoogleAdsSandbox() as served:
        yield served


def test_an_account_is_written_as_google_shows_it(box: GoogleAdsSandbox) -> None:
    """With hyphens or without."""
    settings = GoogleAdsSettings.model_validate({**box.connection(), "customer": "123-456-7890"})
    assert ("1234567890", None) == (settings.account, settings.login)


def test_the_terms_must_be_stated(box: GoogleAdsSandbox) -> None:
    """Nobody accepts them for the user."""
    keys = {name: value for name, value in box.connection().items() if name != "customer_match_terms"}
    with pytest.raises(ValidationError, match="customer_match_terms"):
        GoogleAdsSettings.model_validate(keys)
    with pytest.raises(ValidationError, match="customer_match_terms"):
        GoogleAdsSettings.model_validate({**keys, "customer_match_terms": "rejected"})


@pytest.mark.parametrize("key", ["{}", "no json", '{"client_email": "a@sandbox.example.com", "private_key": "secret"}'])
def test_a_key_that_is_none_is_refused(box: GoogleAdsSandbox, key: str) -> None:
    """The refusal holds nothing of it."""
    with pytest.raises(ValidationError) as refusal:
        GoogleAdsSettings.model_validate({**box.connection(), "key": key})
    assert "secret" not in str(refusal.value)
    assert "service account" in str(refusal.value)


@pytest.mark.parametrize("days", [0, 541, 10_000])
def test_membership_ends_after_540_days(days: Json) -> None:
    """Google takes no more, and no membership without an end."""
    with pytest.raises(ValidationError, match="membership_days"):
        GoogleAdsTarget.model_validate({"list": "Customers", "membership_days": days})
