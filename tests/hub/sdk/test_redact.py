import base64
import json
import textwrap
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk.redact import _Known, is_credential, redact, redact_url, register_secret

SECRET = 'canary/"key"+é=0123456789'


@pytest.fixture(autouse=True)
def _registered() -> None:
    register_secret(SECRET)


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote(SECRET),
        quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        "\n".join(textwrap.wrap(SECRET, 5)),
        SECRET[:9] + "  \r\n    " + SECRET[9:],
    ],
)
def test_a_registered_secret_is_found_in_every_form(form: str) -> None:
    """By value, in URLs, in JSON, in hexadecimal, and broken over lines."""
    assert "before [secret] after" == redact(f"before {form} after")


@given(before=st.binary(max_size=20), after=st.binary(max_size=20), url=st.booleans())
def test_a_registered_secret_is_found_inside_base64(before: bytes, after: bytes, url: bool) -> None:  # noqa: FBT001
    """Whatever stands around it in the encoded text, as in a Basic header, at most an edge character stays."""
    encode = base64.urlsafe_b64encode if url else base64.b64encode
    shown = redact(encode(before + SECRET.encode() + after).decode())
    assert "[secret]" in shown
    assert b"canary" not in base64.b64decode(shown.split("[secret]")[0].replace("-", "+").replace("_", "/") + "===")


@given(secret=st.text(min_size=4, max_size=30), around=st.text(max_size=10))
def test_any_registered_value_disappears(secret: str, around: str) -> None:
    """No value is special: what was registered does not show, unless it is part of what replaces it."""
    known = _Known()
    known.add(secret, passing=False)
    assert secret not in known.hide(f"{around}{secret}{around}") or secret in "[secret][secret]"


def test_of_tokens_the_latest_are_known() -> None:
    """A daemon that mints a token each hour for years knows those that still live, and its lasting secrets."""
    known = _Known()
    known.add("lasting-secret", passing=False)
    tokens = [f"token-{number:04}-of-an-hour" for number in range(1_000)]
    for token in tokens:
        known.add(token, passing=True)
    assert "[secret] [secret] [secret]" == known.hide(f"lasting-secret {tokens[-1]} {tokens[-60]}")
    assert tokens[0] == known.hide(tokens[0])
    assert len(known.found_by().pattern) < 100 * 1_000


def test_a_very_short_value_is_not_taken() -> None:
    """Three characters would blacken ordinary words."""
    register_secret("the")
    assert "the rest" == redact("the rest")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password=hunter2 user=x", "password=[secret] user=x"),
        ('{"client_secret": "abc", "a": 1}', '{"client_secret": "[secret]", "a": 1}'),
        ("X-Shopify-Access-Token: shpat_1", "X-Shopify-Access-Token: [secret]"),
        ("api_key='abc'", "api_key='[secret]'"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [secret]"),
        ("sent Bearer abcdef123456", "sent Bearer [secret]"),
        ("https://user:pa@ss@shop.example/x", "https://[secret]@shop.example/x"),
        ("a basic understanding of tokens", "a basic understanding of tokens"),
    ],
)
def test_credentials_are_found_by_their_place(text: str, shown: str) -> None:
    """What nobody registered is recognised by the name before it."""
    assert shown == redact(text)


@pytest.mark.parametrize(
    "address",
    [
        "ann@shop.example",
        "ann.o'neil+tag@mail.shop.example",
        "ann%40shop.example",
        "ann\\u0040shop.example",
        "ÄNN@SHÖP.example",
        "ann_b@xn--shp-tna.example",
    ],
)
def test_addresses_are_found(address: str) -> None:
    """E-mail addresses in any string, also escaped."""
    assert "for [email], row 3" == redact(f"for {address}, row 3")


@pytest.mark.parametrize(
    "number",
    [
        "+15550100199",
        "+1 (555) 010-0199",
        "(555) 010-0199",
        "555-010-0199",
        "555.010.0199",
        "0171 5550199",
        "%2B15550100199",
    ],
)
def test_phone_numbers_are_found(number: str) -> None:
    """As machines and as people write them."""
    assert "call [phone] now" == redact(f"call {number} now")


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T10:42:00.123456+00:00",
        "2026-11-22 10:42:00",
        "31/02/2024",
        "127.0.0.1:8000 and 192.168.100.100",
        "took 1234.567891 s",
        "1904211 of 12345678 rows",
        "file 000001.parquet",
        "0123456789abcdef0123",
        "123e4567-e89b-12d3-a456-426614174000",
        "line 12, column 3",
    ],
)
def test_what_operators_need_stays(text: str) -> None:
    """Times, addresses of machines, counts and ids are no phone numbers."""
    assert text == redact(text)


@given(st.text(alphabet="+0123456789(). -@%:/=\n", max_size=60))
def test_redacting_twice_changes_nothing(text: str) -> None:
    """What was redacted once is stable, so it does not matter how many sinks a text passes."""
    assert redact(text) == redact(redact(text))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://u:p@shop.example:8443/a?email=x@shop.example&token=1#f",
            "https://shop.example:8443/a?email=...&token=...",
        ),
        ("/lists/c1/members/0123456789abcdef0123456789abcdef/tags", "/lists/c1/members/[hash]/tags"),
        ("/people/ann%40shop.example?ann@shop.example=1", "/people/[email]?[email]=..."),
        ("/phones/+15550100199", "/phones/[phone]"),
        ("/orders", "/orders"),
        ("http://[", "[url]"),
    ],
)
def test_a_url_for_a_log(url: str, shown: str) -> None:
    """No user, no values, no fragment, no digest of an address."""
    assert shown == redact_url(url)


def test_names_of_credentials() -> None:
    """A field is a credential by its name, however short its value."""
    names = ["password", "Authorization", "x-api-key", "client_secret", "access_token", "Set-Cookie"]
    assert all(map(is_credential, names))
    assert not any(map(is_credential, ["name", "tokens", "keyboard", "rows"]))
