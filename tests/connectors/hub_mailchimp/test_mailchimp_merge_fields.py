"""Types and wire forms of merge values."""

import pytest

from hub.sdk.records import Json
from hub_mailchimp.merge_fields import encode, missing, new_type
from tests.support.mailchimp import row


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([None, ""], None),
        ([None, 3, 2.5], "number"),
        (["2017-03-04", "2017-03-04T10:00:00"], "date"),
        (["2017-03-04", "soon"], "text"),
        ([True, False], "text"),
        ([3, "x"], "text"),
    ],
)
def test_a_new_field_gets_its_type_from_its_values(values: list[Json], kind: str | None) -> None:
    """Empty values say nothing; booleans travel as text."""
    assert new_type(values) == kind


@pytest.mark.parametrize(
    ("value", "kind", "wire"),
    [
        ("", "text", ""),
        ("", "address", ""),
        (True, "text", "true"),
        (False, "number", "false"),
        (12.5, "number", 12.5),
        (12.5, "text", "12.5"),
        ("2017-03-04T10:00:00", "date", "2017-03-04"),
        ("2017-03-04", "birthday", "03/04"),
        ("2017-03-04", "text", "2017-03-04"),
        ("Zoë 🎈", "text", "Zoë 🎈"),
        (
            {"addr1": "1 High St", "city": "Ulm", "state": "BW", "zip": "89073"},
            "address",
            {"addr1": "1 High St", "city": "Ulm", "state": "BW", "zip": "89073"},
        ),
    ],
)
def test_values_take_the_form_of_their_field(value: Json, kind: str, wire: Json) -> None:
    """The list's own type decides."""
    assert encode({"X": value}, {"X": kind}) == {"X": wire}


@pytest.mark.parametrize(
    ("value", "kind"), [(None, "text"), ({"addr1": "1 High St"}, "address"), ("Ulm", "address"), ([1], "text")]
)
def test_what_would_fail_the_member_is_left_out(value: Json, kind: str) -> None:
    """None leaves the old value; an incomplete address would make Mailchimp refuse the whole member."""
    assert encode({"X": value}, {"X": kind}) == {}


def test_only_fields_with_a_value_are_made() -> None:
    """A field that is empty for everybody in the batch waits for the first value."""
    rows = [row("a@shop.example", {"FNAME": "Ada", "LTV": None, "SINCE": None}), row("b@shop.example", {"LTV": 3})]
    assert missing(rows, {"FNAME": "text"}) == {"LTV": "number"}
