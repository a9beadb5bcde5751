import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk.identity import normalise, normalise_phone
from hub.sdk.streams import IDENTIFIERS

CODES = [
    "1",
    "31",
    "32",
    "33",
    "34",
    "39",
    "41",
    "43",
    "44",
    "45",
    "46",
    "47",
    "48",
    "49",
    "61",
    "351",
    "353",
    "55",
    "7",
]
NUMBERS = st.builds("+{}{}".format, st.sampled_from(CODES), st.from_regex(r"[0-9]{3,13}", fullmatch=True))


def columnar(values: list[str]) -> list[str | None]:
    """Normalise a column of phone numbers, each on a record of its own, as read in Germany."""
    column = pa.array([[{"namespace": "phone", "value": value}] for value in values], IDENTIFIERS)
    found = normalise(pa.chunked_array([column]), "shop", "DE").identifiers.to_pylist()
    return [pairs[0]["value"] if pairs else None for pairs in found]


@given(st.lists(NUMBERS, min_size=1, max_size=50))
def test_column_and_library_agree(numbers: list[str]) -> None:
    """The quick way over whole columns gives what the library gives, number by number."""
    assert [normalise_phone(number, "DE") for number in numbers] == columnar(numbers)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+49 (0)30 901820000", "+4930901820000"),
        ("030 901820000", "+4930901820000"),
        ("+44 (0)20 7946 0018", "+442079460018"),
        ("+44 20 7946-0018", "+442079460018"),
        ("0044 20 7946 0018", "+442079460018"),
        ("+39 06 698 12345", "+390669812345"),
        ("+1 (202) 555-0143", "+12025550143"),
        ("+49 30", None),
        ("+49", None),
        ("110", None),
    ],
)
def test_one_number_in_every_spelling(written: str, number: str | None) -> None:
    """A trunk zero in brackets belongs to the spelling, not to the number, except in Italy; a part of one is none."""
    assert [number] == columnar([written])
