"""What every connector shares: addresses in settings, lists in settings, JSON objects, lines of the quarantine."""

import pytest
from pydantic import ValidationError

from hub.sdk.errors import BadData, Unanswered
from hub.sdk.http import Response
from hub.sdk.settings import BaseUrl, Names, Settings, is_local
from hub.sdk.streams import QUARANTINE
from hub.sdk.tables import RAW_LIMIT, quarantine, refusal


class Where(Settings):
    """A connection."""

    base_url: BaseUrl | None = None
    names: Names = ()


@pytest.mark.parametrize(
    "url", ["https://api.example.com/", "http://127.0.0.1:8090", "http://localhost", "http://[::1]:1/"]
)
def test_an_address_is_encrypted_or_on_this_machine(url: str) -> None:
    """It is kept without a slash at the end."""
    assert url.rstrip("/") == Where.model_validate({"base_url": url}).base_url
    assert url.startswith("http:") == is_local(url)


@pytest.mark.parametrize("url", ["http://api.example.com", "http://127.0.0.1.example.com", "ftp://localhost", "", "x"])
def test_credentials_never_travel_in_clear_text(url: str) -> None:
    """Such an address is refused before anything is sent."""
    with pytest.raises(ValidationError, match="expected https, or http to this machine"):
        Where.model_validate({"base_url": url})


@pytest.mark.parametrize(("given", "names"), [("a", ("a",)), (["a", "b"], ("a", "b"))])
def test_one_text_stands_for_a_list_of_itself(given: object, names: tuple[str, ...]) -> None:
    """So that a single file, column or word needs no brackets."""
    assert names == Where.model_validate({"names": given}).names


def test_an_answer_that_is_no_object_is_unreadable() -> None:
    """Nobody knows what became of a write that was answered so."""
    assert {"a": 1} == Response(200, {}, b'{"a": 1}').json_object()
    with pytest.raises(BadData, match="is no JSON object"):
        Response(200, {}, b"[]").json_object()
    with pytest.raises(Unanswered, match="is no JSON object"):
        Response(200, {}, b"1", write=True).json_object()


def test_a_list_of_an_answer_is_one_or_told() -> None:
    """With the name that was looked for."""
    assert [1] == Response(200, {}, b'{"data": [1]}').json_list("data")
    with pytest.raises(BadData, match="is no list of data"):
        Response(200, {}, b'{"data": {}}').json_list("data")


def test_lines_of_the_quarantine_fit_their_table() -> None:
    """A record is cut, letters of any script stay readable, and no lines are no table."""
    table = quarantine([refusal("people", {"name": "Zoë" * 10_000}, "name", "name: expected less")])
    assert table is not None
    assert QUARANTINE == table.schema
    [line] = table.to_pylist()
    assert (RAW_LIMIT, '{"name":"ZoëZ') == (len(line["raw"]), line["raw"][:13])
    assert quarantine([]) is None
