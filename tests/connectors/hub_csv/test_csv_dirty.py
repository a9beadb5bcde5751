"""Dirty files against a plain reader: every record lands as it is or its physical line is quarantined."""

import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.files import expected_people, people_source, plain_read, read_all, write

CELLS = st.sampled_from(
    [b"a", b"bb", b"", b" c ", b'"q"', b'"q,r"', b'"x\ny"', b'"x\r\ny"', b'"say ""hi"""', b'5" pipe', b'"open', b'"a"b',
     b' "s" ', b'"t" ', b"n\0l", b"\xff", "é".encode(), b"c\rr", b'""', b"\xe2\x80\xa8", b'"', b'"""', b"=1", b"NULL"]
)  # fmt: skip
ROWS = st.lists(CELLS, min_size=0, max_size=5).map(b",".join)
ENDS = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\n\n"])
MOSTLY_CLEAN = st.tuples(st.integers(0, 99), st.sampled_from([b"x,y", b'"x",y', b'"a\nb",""', b",", b"x,y,"])).map(
    lambda row: b"%d,%b" % row
)


@given(lines=st.lists(st.tuples(ROWS, ENDS), min_size=1, max_size=12))
@example(lines=[(b'1,"oops,x', b"\n"), (b'2,"y",z', b"\n"), (b"3,a,b", b"\n")])
@settings(max_examples=250, deadline=None)
def test_dirty_files_are_read_like_the_plain_reader(lines: list[tuple[bytes, bytes]]) -> None:
    """Whatever is in a file, the rows that land and the lines in quarantine are those of the plain reader."""
    _compare(b"k,v,w\n" + b"".join(text + end for text, end in lines))


@given(
    lines=st.lists(MOSTLY_CLEAN, min_size=1, max_size=20),
    end=st.sampled_from([b"\n", b"\r\n"]),
    unended=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_clean_files_are_read_like_the_plain_reader(lines: list[bytes], end: bytes, *, unended: bool) -> None:
    """The fast way of clean files gives what the careful way gives."""
    data = end.join([b"k,v,w", *lines])
    _compare(data if unended else data + end)


def _compare(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, {"a.csv": data})
        outcome = read_all(people_source(root))
    landed, bad = expected_people(plain_read(data, 3))
    assert landed == outcome.values("record_id", "first_name", "last_name")
    assert bad == outcome.bad_lines
    assert outcome.read == len(landed) + len(bad)
