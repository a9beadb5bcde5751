"""Bad input gives a clear error that names the file, or goes to quarantine with line and reason; the rest lands."""

import gzip
from collections import deque
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hub.sdk.errors import BadData, ConfigError
from hub.sdk.records import Page
from hub_csv.relation import connect
from tests.support.files import csv_source, people_source, read_all, write

HEAD = "k,v,w\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.csv: The file is empty"),
        (b"\n\n  \n", "a.csv: The file is empty"),
        (b"\xef\xbb\xbf", "a.csv: The file is empty|no line of column names"),
        (bytes(range(256)) * 50, "a.csv: Expected text, found binary"),
        (b"PK\x03\x04" + bytes(500), "zip or Excel"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "picture"),
        ("k,v\n1,2\n".encode("utf-16-le") * 200, "binary data.*utf-16"),
        (gzip.compress(HEAD.encode() + b"1,2,3\n" * 1000, mtime=0)[:-40], "a.csv: the gzip data is cut off"),
        (gzip.compress(HEAD.encode(), mtime=0)[:15], "a.csv: the gzip data is cut off"),
        (b"x,v,w\n1,2,3\n", 'a.csv: There is no column "k"'),
        (b"K ,v,w\n1,2,3\n", 'a.csv: There is no column "k". Did you mean "K "'),
        (b"k,v,w,v\n1,2,3,4\n", 'a.csv: The column "v" stands there 2 times'),
        (b'"k,v,w\n1,2,3\n', "a.csv: The line of column names has a quote"),
        (b"k,v,w\n" + b"x" * 70_000_000, "no end of line"),
    ],
    ids=range(15),
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    """The error says which file, what was expected and what came."""
    write(tmp_path, {"a.csv": content})
    with pytest.raises(BadData, match=message):
        read_all(people_source(tmp_path))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'[{"k": 1},\n{"k": 2}]\n', "a JSON array"),
        ("a.jsonl", b'{"k": 1, "v": 1, "w": 1}\n{"k": 2, "v', "stops in the middle"),
        ("a.jsonl", b'{"k": 1, "v": 1}\n', 'no column "w"'),
        ("a.parquet", b"k,v,w\n1,2,3\n", "Expected a Parquet file"),
        ("a.parquet", b"PAR1" + bytes(100), "Parquet file is cut off"),
        ("a.csv", b"PAR1" + bytes(100), 'format.kind = "parquet"'),
    ],
)
def test_a_file_that_is_not_what_its_name_says(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """The kind is checked before anything lands."""
    write(tmp_path, {name: content})
    with pytest.raises(BadData, match=message):
        read_all(people_source(tmp_path, name))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ("recipts.csv", 'files: the file "recipts.csv" does not exist.*Did you mean "receipts.csv"'),
        ("*.tsv", 'files: no file matches "\\*.tsv".*There are: receipts.csv'),
        ("folder", 'files: "folder" is a folder.*folder/\\*.csv'),
    ],
)
def test_a_file_that_is_not_there(tmp_path: Path, files: str, message: str) -> None:
    """A missing file, a pattern without matches and a folder are mistakes in the config, each with its mend."""
    write(tmp_path, {"receipts.csv": HEAD, "folder/x.csv": HEAD})
    with pytest.raises(ConfigError, match=message):
        read_all(people_source(tmp_path, files))


def test_a_missing_root_is_named(tmp_path: Path) -> None:
    """A root that does not exist is said to be so."""
    with pytest.raises(ConfigError, match=r"root: the folder .* does not exist"):
        read_all(people_source(tmp_path / "gone"))


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    """The good files land, with their cursor, before the error of the bad one."""
    write(tmp_path, {"a.csv": "", "b.csv": HEAD + "1,,\n", "c.csv": "nope\n1\n"})
    source = people_source(tmp_path)
    pages: list[Page] = []
    with pytest.raises(BadData, match=r"a\.csv: .*1 more file\(s\) failed"):
        deque(map(pages.append, source.read(["people"], None)), maxlen=0)
    assert [page.read for page in pages] == [{"people": 1}]
    assert pages[0].cursor is not None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'2,"oops,x', "a quote is opened and not closed"),
        (b'2,"o"ops,x', "a closing quote is followed by text"),
        (b"2,x", "expected 3 columns, found 2"),
        (b"2,x,y,z", "expected 3 columns, found 4"),
        (b"2,x\0,y", "holds a NUL byte"),
        (b"2,\xff,y", "not valid in the file's encoding; if the whole file is so, set format.encoding"),
        (b"2," + b"x" * 10_000_000 + b",y", "longer than 2,000,000 bytes"),
        (b",x,y", "record_id is empty and every record needs it"),
        (b"  ,x,y", "record_id is empty and every record needs it"),
    ],
    ids=range(9),
)
def test_a_damaged_line_is_quarantined_alone(tmp_path: Path, line: bytes, reason: str) -> None:
    """The physical line goes to quarantine with file, number and reason; its neighbours land."""
    write(tmp_path, {"a.csv": b"k,v,w\n1,a,b\n" + line + b"\n3,c,d\n"})
    outcome = read_all(people_source(tmp_path))
    assert [row["record_id"] for row in outcome.rows] == ["1", "3"]
    assert [(row["file"], row["line"], row["reason"]) for row in outcome.quarantine] == [("a.csv", 3, reason)]
    assert str(outcome.quarantine[0]["raw"]) == line[:10_000].decode("utf-8", "replace")
    assert outcome.read == 3


def test_mixed_encodings_in_one_file(tmp_path: Path) -> None:
    """Lines that are not valid in the file's encoding are quarantined; cp1252 has bytes without a meaning, too."""
    write(tmp_path, {"a.csv": b"k,v,w\n1,\xc3\xa9,\n2,\xe9,\n3,\xc3\xa9,\n"})
    assert read_all(people_source(tmp_path)).bad_lines == [3]
    write(tmp_path, {"a.csv": b"k,v,w\n1,\xe9,\n2,\x81,\n3,\x80,\n"})
    outcome = read_all(people_source(tmp_path, format={"encoding": "cp1252"}))
    assert outcome.values("record_id", "first_name") == [("1", "é"), ("3", "€")]
    assert outcome.bad_lines == [3]


@pytest.mark.slow
def test_one_unclosed_quote_in_a_million_rows(tmp_path: Path) -> None:
    """That line is quarantined and everything else lands, in order, with right numbers for cells that do not fit."""
    lines = [f'{at},"v {at}",NO' for at in range(1_000_000)]
    lines[499_999] = '499999,"oops,NO'
    lines[700_000] = "700000,x,Norway"
    write(tmp_path, {"a.csv": HEAD + "\n".join(lines)})
    source = people_source(tmp_path, columns={"record_id": "k", "first_name": "v", "country": "w"})
    outcome = read_all(source)
    assert outcome.read == 1_000_000
    assert [(row["line"], row["field"]) for row in outcome.quarantine] == [(500_001, None), (700_002, "w")]
    ids = [int(str(row["record_id"])) for row in outcome.rows]
    assert ids == [at for at in range(1_000_000) if at not in {499_999, 700_000}]


def test_line_numbers_are_physical(tmp_path: Path) -> None:
    """Preambles, blank lines and cells over several lines count as the lines they are."""
    write(tmp_path, {"a.csv": 'Export\n\nk,v,w\n1,"a\nb\nc",NO\n\n2,x,Norway\n3,"open,NO\n4,"d\ne",Sweden\n'})
    columns = {"record_id": "k", "first_name": "v", "country": "w"}
    outcome = read_all(people_source(tmp_path, columns=columns, format={"skip": 1}))
    assert outcome.values("record_id", "first_name", "country") == [("1", "a\nb\nc", "NO")]
    assert outcome.bad_lines == [8, 9, 10]
    assert [row["raw"] for row in outcome.quarantine if row["line"] == 10] == ['4,"d\ne",Sweden']


@pytest.mark.parametrize(
    ("line", "lands"),
    [
        ('{"k": 2, "v": "\\ud83d"}', False),
        ('{"k": 2, "v": "x"', False),
        ("[2]", False),
        ("2", False),
        ('{"k": null}', False),
        ('{"k": 2, "age": NaN}', False),
        ('{"k": 2, "age": "31"}', True),
        ('{"k": 2, "age": {"years": 31}}', False),
        ("[" * 200_000 + "]" * 200_000, False),
        ('{"k": 2, "v": ' + "[" * 100_000 + "]" * 100_000 + "}", True),
        ('{"k": 2, "age": ' + "1" * 5000 + "}", False),
        ('{"k": 2, "v": "a\u2028b"}', True),
        ('{"k": 1, "k": 2, "v": "x"}', True),
    ],
    ids=range(13),
)
def test_json_lines(tmp_path: Path, line: str, *, lands: bool) -> None:
    """Each line stands alone: what is no object with fitting cells is quarantined."""
    write(tmp_path, {"a.jsonl": '{"k":1,"v":"a","age":30}\n' + line + '\n{"k":3}\n'})
    columns = {"record_id": "k", "first_name": "v", "age": "age"}
    outcome = read_all(people_source(tmp_path, "a.jsonl", columns=columns))
    assert len(outcome.rows) == 2 + lands
    assert outcome.bad_lines == ([] if lands else [2])


def test_a_column_that_changed_its_type(tmp_path: Path) -> None:
    """From one file to the next a column's type may change; what still fits lands."""
    pq.write_table(pa.table({"k": [1], "v": [30]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"k": ["2", "3"], "v": ["31", "old"]}), tmp_path / "b.parquet")
    outcome = read_all(people_source(tmp_path, "*.parquet", columns={"record_id": "k", "age": "v"}))
    assert outcome.values("record_id", "age") == [("1", 30), ("2", 31)]
    assert [(row["file"], row["line"], row["field"]) for row in outcome.quarantine] == [("b.parquet", 2, "v")]
    assert outcome.quarantine[0]["raw"] == '{"k":"3","v":"old"}'


def test_every_row_may_be_bad(tmp_path: Path) -> None:
    """A wrong date pattern quarantines all rows, each with its own line."""
    write(tmp_path, {"a.csv": HEAD + "".join(f"{at},31/02/2024,\n" for at in range(25_000))})
    source = people_source(tmp_path, columns={"record_id": "k", "updated_at": "v"})
    outcome = read_all(source)
    assert outcome.rows == []
    assert outcome.bad_lines == list(range(2, 25_002))


def test_reasons_hold_no_personal_data(tmp_path: Path) -> None:
    """Only `raw` holds what the file holds."""
    write(tmp_path, {"a.csv": 'k,v,w\n1,secret,x\n2,"secret,y\n'})
    source = people_source(tmp_path, columns={"record_id": "k", "age": "v"})
    for row in read_all(source).quarantine:
        assert "secret" not in f"{row['reason']} {row['field']}"


def test_duplicate_keys_stay_in_order(tmp_path: Path) -> None:
    """Which one wins is the core's business; the order of the file is kept."""
    write(tmp_path, {"a.csv": HEAD + "1,a,\n1,b,\n1,c,\n"})
    assert read_all(people_source(tmp_path)).values("first_name") == [("a",), ("b",), ("c",)]


def test_a_header_alone_is_a_file_without_rows(tmp_path: Path) -> None:
    """Nothing lands, nothing is wrong, and the file counts as read."""
    write(tmp_path, {"a.csv": HEAD})
    outcome = read_all(people_source(tmp_path))
    assert (outcome.read, outcome.rows) == (0, [])
    assert outcome.cursor is not None


def test_sql_cannot_reach_other_files(tmp_path: Path) -> None:
    """Should an expression slip through, the database still reads the one file only."""
    write(tmp_path, {"a.csv": HEAD + "1,,\n", "b.csv": "x\n"})
    connection = connect(str(tmp_path / "a.csv"), "UTC")
    for sql in (
        f"FROM read_text('{tmp_path}/b.csv')",
        "SET threads = 1",
        "COPY (SELECT 1) TO 'x.csv'",
        "INSTALL httpfs",
    ):
        with pytest.raises(Exception, match=r"disabled|locked|denied|Permission"):
            connection.execute(sql).fetchall()


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    """A read keeps no state in the source."""
    write(tmp_path, {"a.csv": HEAD + "1,a,b\n2,c\n"})
    source = csv_source(tmp_path, stream="people", files="a.csv", columns={"record_id": "k"})
    first, second = read_all(source), read_all(source)
    assert (first.rows, first.quarantine, first.cursor) == (second.rows, second.quarantine, second.cursor)
