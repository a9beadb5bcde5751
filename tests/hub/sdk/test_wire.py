"""Tests of the forms in which tools recognise people, on the vectors that the vendors publish."""

import hashlib

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk import wire
from hub.sdk.identity import normalise_email, normalise_phone


def form(sql: str, value: str | None) -> object:
    """Return what DuckDB makes of one value."""
    rows = duckdb.connect().execute(f"select {sql} from (select cast($1 as varchar) as value)", [value]).fetchall()
    return rows[0][0]


@pytest.mark.parametrize(
    ("sql", "value", "digest"),
    [  # Meta's page of customer information parameters
        (wire.ADDRESS, "John_Smith@gmail.com", "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"),
        (wire.PHONE_DIGITS, "+16505551212", "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"),
        (wire.WORD, "Mary", "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"),
        (wire.WORD, "정", "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14"),
        (wire.WORD, "Valéry", "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"),
        # the formatter tests of Google's Data Manager libraries
        (wire.GMAIL_FOLDED, " AlexZ@example.com", "509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a"),
        (
            wire.GMAIL_FOLDED,
            "Cloudy.SanFrancisco+shopping@gmail.com",
            "223ebda6f6889b1494551ba902d9d381daf2f642bae055888e96343d53e9f9c4",
        ),
        (
            wire.GMAIL_FOLDED,
            "user.name+NYC@Example.com",
            "f109a2a632fbcea5fc82049f50beed3d8621bf9034399f437fb622222acccdac",
        ),
        (wire.PHONE, "1 (800) 555-0100", "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30"),
        (wire.NAME, "givenName", "128a07bfe2df877c52076e60d7774cf5baaa046c5a6c48daf30ff43ecca2f814"),
        (wire.NAME, "familyName", "77762c287e61ce065bee5c15464012c6fbe088398b8057627d5577249430d574"),
    ],
)
def test_vendors_vectors_give_the_published_digest(sql: str, value: str, digest: str) -> None:
    """What a vendor publishes as input and digest is what we send."""
    assert digest == form(wire.sha256(sql), value)


@pytest.mark.parametrize(
    ("sql", "value", "expected"),
    [
        (wire.GMAIL_FOLDED, "a.b+x@googlemail.com", "ab@googlemail.com"),
        (wire.GMAIL_FOLDED, "a.b+x@notgmail.com", "a.b+x@notgmail.com"),
        (wire.ADDRESS, "A.B+x@gmail.com", "a.b+x@gmail.com"),
        (wire.NAME, " Mary Ann ", "mary ann"),
        (wire.NAME, "O'Neill-Jones", "oneilljones"),
        (wire.WORD, "Mary  Ann", "maryann"),
        (wire.WORD, "Vale\u0301ry", "val\u00e9ry"),
        (wire.LETTERS, "St. John's 2", "stjohns"),
        (wire.LETTERS, "München", "münchen"),
        (wire.PHONE_DIGITS, "+44 7700 900123", "447700900123"),
        (wire.COUNTRY, " de", "DE"),
    ],
)
def test_forms(sql: str, value: str, expected: str) -> None:
    """Dots, plus signs, spaces, accents and digits stay or go by the vendor's rule."""
    assert expected == form(sql, value)


@pytest.mark.parametrize("sql", [wire.ADDRESS, wire.PHONE_DIGITS, wire.NAME, wire.WORD, wire.LETTERS, wire.COUNTRY])
@pytest.mark.parametrize("value", ["", " ", None])
def test_nothing_is_null(sql: str, value: str | None) -> None:
    """An empty value has no digest: all people without a name would be one person."""
    assert form(wire.sha256(sql), value) is None
    assert form(wire.plain(sql), value) is None


@pytest.mark.parametrize(("sql", "value"), [(wire.GMAIL_FOLDED, "+x@gmail.com"), (wire.PHONE, "no number")])
def test_what_normalises_to_nothing_is_null(sql: str, value: str) -> None:
    """A mailbox without a name and a number without a digit have no digest."""
    assert form(wire.sha256(sql), value) is None


@given(st.emails())
def test_the_hubs_own_form_of_an_address_stays(address: str) -> None:
    """A normalised address has the digest that Python's hashlib gives it."""
    if value := normalise_email(address):
        assert hashlib.sha256(value.encode()).hexdigest() == form(wire.sha256(wire.ADDRESS), value)


@given(st.integers(min_value=100, max_value=199))
def test_the_hubs_own_form_of_a_number_stays(last: int) -> None:
    """A normalised number keeps its plus, or loses that alone."""
    number = normalise_phone(f"(202) 555-0{last}", "US")
    assert number is not None
    assert number == form(wire.PHONE, number)
    assert number[1:] == form(wire.PHONE_DIGITS, number)
