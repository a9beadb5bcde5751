import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk.errors import BadData, Unanswered
from hub.sdk.http import Http
from hub.sdk.http.body import Cut, TooLarge, unpacker
from hub.sdk.sandbox import Fault, Reply
from tests.support.http_shop import Shop, client

PACKED = {"Content-Encoding": "gzip"}


def unpacked(data: bytes, step: int, cap: int = 1_000_000) -> bytes:
    """Feed `data` in pieces of `step` bytes."""
    reader = unpacker("gzip", cap)
    for start in range(0, len(data), step):
        reader.feed(data[start : start + step])
    return reader.finish()


@given(
    parts=st.lists(st.binary(max_size=2_000), min_size=1, max_size=4),
    step=st.integers(1, 5_000),
    zeros=st.integers(0, 9),
)
def test_members_one_after_another_are_one_body(parts: list[bytes], step: int, zeros: int) -> None:
    """However the bytes arrive, all members of a gzip stream are read, and padding after them is not."""
    packed = b"".join(gzip.compress(part) for part in parts) + b"\0" * zeros
    assert b"".join(parts) == unpacked(packed, step)


@given(body=st.binary(max_size=2_000), data=st.data())
def test_a_cut_stream_is_never_whole(body: bytes, data: st.DataObject) -> None:
    """Whatever is missing at the end, be it one byte of the checksum, the body is refused."""
    packed = gzip.compress(body)
    cut = packed[: data.draw(st.integers(1, len(packed) - 1))]
    with pytest.raises(Cut):
        unpacked(cut, 100)


@given(body=st.binary(min_size=1, max_size=2_000), data=st.data())
def test_a_damaged_checksum_is_seen(body: bytes, data: st.DataObject) -> None:
    """A flipped bit in the checksum or the length at the end is refused."""
    packed = bytearray(gzip.compress(body))
    packed[-data.draw(st.integers(1, 8))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Cut):
        unpacked(bytes(packed), 100)


def test_rubbish_after_the_end_is_refused() -> None:
    """What follows a member must be another member or zeros."""
    with pytest.raises(Cut):
        unpacked(gzip.compress(b"whole") + b"more", 100)


@pytest.mark.parametrize("step", [1_000, 10_000_000])
def test_a_bomb_is_stopped_by_its_ratio(step: int) -> None:
    """A body that unpacks a thousandfold is given up within the first few megabytes."""
    with pytest.raises(TooLarge, match="times its size"):
        unpacked(gzip.compress(bytes(50_000_000)), step, cap=60_000_000)


def test_a_large_body_is_stopped_by_the_cap() -> None:
    """The cap counts unpacked bytes."""
    with pytest.raises(TooLarge, match="larger than 100 bytes"):
        unpacked(gzip.compress(bytes(101)), 10, cap=100)


def test_other_packings_are_refused() -> None:
    """Only gzip is offered, so anything else is the vendor's mistake."""
    with pytest.raises(Cut, match="not asked for"):
        unpacker("br", 100)


@pytest.mark.parametrize("packed", [True, False])
def test_a_body_beyond_the_cap_is_not_asked_for_again(packed: bool) -> None:  # noqa: FBT001
    """Too large stays too large: BadData at once for a read, Unanswered for a write."""
    body = json.dumps(["x" * 5_000]).encode()
    with Shop() as box, Http(f"{box.url}/v1", max_body=1_000) as http:
        box.replies["page"] = Reply(body=gzip.compress(body) if packed else body, headers=PACKED if packed else {})
        with pytest.raises(BadData, match="larger than 1000 bytes"):
            http.get("/made/page")
        with pytest.raises(Unanswered):
            http.post("/made/page")
        assert 2 == len(box.requests)


def test_half_a_gzipped_page_is_no_page() -> None:
    """The body that httpx takes without a word: gzip cut in half, with a Content-Length that fits the half."""
    with Shop() as box, client(box, attempts=1) as http:
        box.faults.add(Fault(kind="cut_gzip"))
        with pytest.raises(BadData, match="middle of its gzip stream"):
            http.get("/customers/1")


def test_a_body_whose_end_nobody_marked_is_refused_unless_it_is_json() -> None:
    """Lines cut at a line's end look whole; JSON that is cut does not parse."""
    with Shop() as box, client(box, attempts=1) as http:
        box.replies["lines"] = Reply(body=b"1\n2\n3\n4\n", content_type="text/csv")
        box.replies["json"] = Reply(json=[1, 2, 3, 4])
        box.faults.add(Fault(kind="no_length", times=2))
        with pytest.raises(BadData, match="no end marker"):
            http.get("/made/lines")
        with pytest.raises(BadData, match="no JSON"):
            http.get("/made/json").json()
