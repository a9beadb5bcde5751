"""Identifiers in one form, whoever typed them."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.sdk.identity import base_of, normalise, normalise_email, normalise_phone, qualify
from hub.sdk.streams import IDENTIFIERS

Pair = tuple[str, str | None]

NAMESPACES = st.sampled_from(["email", "phone", "card", "card@other", "ga_client", "madid"])
EMAIL_LIKE = st.from_regex(r"[A-Za-z0-9._+\- ]{1,12}@[A-Za-zäöÜß0-9\-]{1,10}\.[A-Za-z]{1,4}", fullmatch=True)
PHONE_LIKE = st.from_regex(r"[+0]{0,2}[0-9 ()./\-]{3,18}", fullmatch=True)
VALUES = st.one_of(st.none(), st.text(max_size=20), EMAIL_LIKE, PHONE_LIKE)
LISTS = st.lists(st.none() | st.lists(st.tuples(NAMESPACES, VALUES), max_size=4), max_size=6)


def column(lists: list[list[Pair] | None]) -> pa.ChunkedArray:
    """A column of identifiers."""
    rows = [
        None if pairs is None else [{"namespace": name, "value": value} for name, value in pairs] for pairs in lists
    ]
    return pa.chunked_array([pa.array(rows, IDENTIFIERS)])


def normal(lists: list[list[Pair] | None], country: str | None = "DE") -> list[list[Pair]]:
    """Normalise lists for the connection `tills`."""
    found = normalise(column(lists), "tills", country).identifiers.to_pylist()
    return [[(pair["namespace"], pair["value"]) for pair in pairs or ()] for pairs in found]


def one(namespace: str, value: str, country: str | None = "DE") -> str | None:
    """Normalise one value; None where it cannot be an identifier."""
    [pairs] = normal([[(namespace, value)]], country)
    return pairs[0][1] if pairs else None


@settings(max_examples=200, deadline=None)
@given(LISTS)
def test_normalising_twice_changes_nothing(lists: list[list[Pair] | None]) -> None:
    """What landed is in its final form: read again, under any country, it stays."""
    once = normal(lists)
    as_given: list[list[Pair] | None] = [*once]
    assert once == normal(as_given)
    assert once == normal(as_given, "US")


@settings(max_examples=100, deadline=None)
@given(LISTS)
def test_lists_keep_their_place_and_order(lists: list[list[Pair] | None]) -> None:
    """Each record keeps its own identifiers, in order, less those that are none; what is lost is counted."""
    result = normalise(column(lists), "tills", "DE")
    found = result.identifiers.to_pylist()
    assert len(lists) == len(found)
    for pairs, kept in zip(lists, found, strict=True):
        names = [qualify(name, "tills") for name, value in pairs or () if value]
        left = iter(names)
        assert all(pair["namespace"] in left for pair in kept or ())
    given_values = sum(1 for pairs in lists for _, value in pairs or () if value)
    assert given_values == sum(len(pairs or ()) for pairs in found) + sum(result.dropped.values())


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ann@example.com", "ann@example.com"),
        ("  Ann@Example.COM ", "ann@example.com"),
        ("Ann+News@example.com", "ann+news@example.com"),
        ("o'hara@example.com", "o'hara@example.com"),
        ("ann@müller.example.com", "ann@xn--mller-kva.example.com"),
        ("ann@MÜLLER.example.com", "ann@xn--mller-kva.example.com"),
        ("ann@xn--mller-kva.example.com", "ann@xn--mller-kva.example.com"),
        ("ännchen@example.com", "ännchen@example.com"),
        ("ÄNNCHEN@example.com", "ännchen@example.com"),
        ("a\u0308nnchen@example.com", "ännchen@example.com"),
        ("ann", None),
        ("ann@", None),
        ("@example.com", None),
        ("ann@@example.com", None),
        ("ann@example", None),
        ("ann@example..com", None),
        (".ann@example.com", None),
        ("ann.@example.com", None),
        ("ann @example.com", None),
        ("ann@-example.com", None),
        ("ann@example.com, bob@example.com", None),
        ("Ann <ann@example.com>", None),
        ("a" * 250 + "@example.com", None),
        ("ann@" + "b" * 64 + ".com", None),
        ("ann\x00@example.com", None),
    ],
)
def test_addresses(typed: str, expected: str | None) -> None:
    """Capitals, blanks and the two ways to write an umlaut do not matter; what cannot be an address is none."""
    assert expected == one("email", typed) == normalise_email(typed)


@pytest.mark.parametrize(
    ("typed", "country", "expected"),
    [
        ("0171 2345601", "DE", "+491712345601"),
        ("(0171) 234-5601", "DE", "+491712345601"),
        ("0171/2345601", "DE", "+491712345601"),
        ("+49 171 2345601", None, "+491712345601"),
        ("+49 (0)171 2345601", "DE", "+491712345601"),
        ("+4901712345601", "DE", "+491712345601"),
        ("0049 171 2345601", "DE", "+491712345601"),
        ("+49171\u00a02345601", "DE", "+491712345601"),
        ("\uff0b49 171 2345601", "DE", "+491712345601"),
        ("(202) 555-0123", "US", "+12025550123"),
        ("+1 202 555 0123", "DE", "+12025550123"),
        ("1-202-555-0123", "US", "+12025550123"),
        ("011 44 20 7946 0018", "US", "+442079460018"),
        ("+44 (0)20 7946 0018", "DE", "+442079460018"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("+39 06 698 12345", "DE", "+390669812345"),
        ("+358 (0)40 1234567", "DE", "+358401234567"),
        ("0171 2345601", None, None),
        ("12", "DE", None),
        ("000000", "DE", None),
        ("+1", "US", None),
        ("phone", "DE", None),
        ("", "DE", None),
        ("+999999999999999999", "DE", None),
    ],
)
def test_phones(typed: str, country: str | None, expected: str | None) -> None:
    """A number is the same however it is written; without a country code it is of the shop's country."""
    assert expected == one("phone", typed, country) == normalise_phone(typed, country)


@settings(max_examples=300, deadline=None)
@given(st.one_of(EMAIL_LIKE, st.emails(), st.text(max_size=20)))
def test_plain_addresses_are_read_as_the_library_reads_them(typed: str) -> None:
    """The columnar shortcut gives the same as asking the library, value by value."""
    assert (normalise_email(typed) if typed else None) == one("email", typed)


@settings(max_examples=300, deadline=None)
@given(st.one_of(PHONE_LIKE, st.from_regex(r"\+[1-9][0-9]{8,13}", fullmatch=True)), st.sampled_from(["DE", "US", "IT"]))
def test_plain_numbers_never_hide_another_form(typed: str, country: str) -> None:
    """Where the library can read a number, the columnar shortcut gives the very same."""
    known = normalise_phone(typed, country)
    assert known in (None, one("phone", typed, country))


def test_vendor_ids_belong_to_their_connection() -> None:
    """A card number of one till is not that of another; what means the same everywhere stays as it is."""
    pairs: list[Pair] = [("card", " 7 "), ("card@other", "7"), ("ga_client", "GA1.2.3"), ("madid", "ab-cd")]
    expected = [("card@tills", "7"), ("card@other", "7"), ("ga_client", "GA1.2.3"), ("madid", "ab-cd")]
    assert [expected] == normal([pairs])
    assert ["card", "card", "email"] == [base_of(name) for name in ("card@tills", "card", "email")]


def test_ids_keep_their_capitals_and_letters() -> None:
    """An id of a vendor is opaque: only blanks around it go, whatever letters it is made of."""
    ids = ["aB9", "ÄÖ", "日本", "🙂", "a b", "a:b", "a@b"]
    assert [[("card@tills", value)] for value in ids] == normal([[("card", f" {value}\t")] for value in ids])


def test_what_cannot_be_an_identifier_is_counted() -> None:
    """Values that were given and are none are counted by namespace; empty cells are not."""
    lists: list[list[Pair] | None] = [
        [("email", "x"), ("phone", "y")],
        [("email", ""), ("card", " ")],
        [("email", None)],
    ]
    assert {"email": 1, "phone": 1, "card": 1} == dict(normalise(column(lists), "tills", "DE").dropped)


def test_a_part_of_a_larger_table_is_normalised_as_itself() -> None:
    """A slice of a column gives the slice's own identifiers."""
    whole = column([[("email", f"A{n}@example.com")] for n in range(6)])
    found = normalise(whole.slice(2, 3), "tills").identifiers.to_pylist()
    assert [f"a{n}@example.com" for n in (2, 3, 4)] == [pairs[0]["value"] for pairs in found]
    assert [] == normalise(column([]), "tills").identifiers.to_pylist()
