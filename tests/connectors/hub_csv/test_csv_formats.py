"""Every way a file may be written gives the same rows."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.files import csv_source, people_source, read_all, write

LINES = b'{"k":1,"v":"D\\u00f6rte","w":"a b"}\r\n{"k":2,"w":"NO","v":"\\u00d8le"}'
PLAIN = "k,v,w\n1,Dörte,a b\n2,Øle,NO\n"
ROWS = [("1", "Dörte", "a b"), ("2", "Øle", "NO")]
NAMES = ("record_id", "first_name", "last_name")


@pytest.mark.parametrize(
    ("name", "content", "settings"),
    [
        ("a.csv", PLAIN.encode(), {}),
        ("a.csv", PLAIN.encode("utf-8-sig"), {}),
        ("a.csv", PLAIN.encode("utf-16"), {}),
        ("a.csv", PLAIN.encode("utf-16-le"), {"encoding": "utf-16-le"}),
        ("a.csv", PLAIN.encode("cp1252"), {"encoding": "cp1252"}),
        ("a.csv", PLAIN.encode("latin-1"), {"encoding": "latin-1"}),
        ("a.csv", PLAIN.replace("\n", "\r\n").encode(), {}),
        ("a.csv", PLAIN.replace("\n", "\r").encode(), {}),
        ("a.csv", PLAIN.replace("\n", "\n\n").encode(), {}),
        ("a.csv", PLAIN.rstrip().encode(), {}),
        ("a.csv", PLAIN.replace(",", ";").encode(), {}),
        ("a.csv", PLAIN.replace(",", "\t").encode(), {}),
        ("a.csv", PLAIN.replace(",", "|").encode(), {}),
        ("a.csv", PLAIN.replace(",", "^").encode(), {"delimiter": "^"}),
        ("a.csv", b"sep=;\r\n" + PLAIN.replace(",", ";").encode(), {}),
        ("a.csv", b"My export\n\n" + PLAIN.encode(), {"skip": 1}),
        ("a.csv", PLAIN.replace("Dörte", '"Dörte"').encode(), {}),
        ("a.csv", PLAIN.replace("Dörte", "'Dörte'").encode(), {"quote": "'"}),
        ("a.csv", b'"k","v","w"\n"1","D\xc3\xb6rte","a b"\n"2","\xc3\x98le","NO"\n', {}),
        ("a.csv.gz", gzip.compress(PLAIN.encode(), mtime=0), {}),
        ("a.csv.gz", gzip.compress(PLAIN[:14].encode(), mtime=0) + gzip.compress(PLAIN[14:].encode(), mtime=0), {}),
        ("a.csv", gzip.compress(PLAIN.encode("utf-16"), mtime=0), {}),
        ("a.tsv", PLAIN.replace(",", "\t").encode(), {}),
        ("a.jsonl", b'{"k":1,"v":"D\xc3\xb6rte","w":"a b"}\n\n{"w":"NO","k":"2","v":"\\u00d8le","x":{"y":1}}\n', {}),
        ("a.ndjson.gz", gzip.compress(LINES, mtime=0), {}),
        ("a.txt", b'{"k":1,"v":"D\\u00f6rte","w":"a b"}\n{"k":2,"w":"NO","v":"\\u00d8le"}', {"kind": "jsonl"}),
    ],
)  # fmt: skip
def test_the_same_rows_come_from_every_format(
    tmp_path: Path, name: str, content: bytes, settings: dict[str, object]
) -> None:
    """Encoding, packing, delimiter, quoting and line ends change nothing."""
    write(tmp_path, {name: content})
    outcome = read_all(people_source(tmp_path, name, format=settings))
    assert outcome.values(*NAMES) == ROWS
    assert outcome.read == 2
    assert {row["_file"] for row in outcome.rows} == {name}


def test_parquet_gives_the_same_rows(tmp_path: Path) -> None:
    """Typed columns become text where text is wanted, whole numbers without a decimal point."""
    table = pa.table({"k": pa.array([1.0, 2.0]), "v": ["Dörte", "Øle"], "w": ["a b", "NO"], "extra": [[1], [2]]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert read_all(people_source(tmp_path, "a.parquet")).values(*NAMES) == ROWS


def test_a_file_without_a_header_has_numbered_columns(tmp_path: Path) -> None:
    """Without a header (header = false) columns are called column1, column2, ..."""
    write(tmp_path, {"a.csv": "1,x\n2,y\n"})
    columns = {"record_id": "column1", "first_name": "column2"}
    outcome = read_all(people_source(tmp_path, columns=columns, format={"header": False}))
    assert outcome.values("record_id", "first_name") == [("1", "x"), ("2", "y")]


def test_backslashes_may_escape_quotes(tmp_path: Path) -> None:
    r"""A file of MySQL's kind is read with escape = "\\"."""
    write(tmp_path, {"a.csv": 'k,v,w\n1,"say \\"hi\\"",x\n2,"open,y\n'})
    outcome = read_all(people_source(tmp_path, format={"escape": "\\"}))
    assert outcome.values(*NAMES) == [("1", 'say "hi"', "x")]
    assert outcome.bad_lines == [3]


def test_without_quoting_a_quote_is_a_character(tmp_path: Path) -> None:
    """With quote = "" nothing is taken apart at quotes."""
    write(tmp_path, {"a.csv": 'k,v,w\n1,"open,x\n'})
    outcome = read_all(people_source(tmp_path, format={"quote": ""}))
    assert outcome.values(*NAMES) == [("1", '"open', "x")]


def test_the_delimiter_is_the_one_that_gives_the_mapped_headers(tmp_path: Path) -> None:
    """Decimal commas in every cell do not make the comma the delimiter."""
    write(tmp_path, {"a.csv": "k;v;w\n1;2,50;3,50\n2;4,50;5,50\n"})
    assert read_all(people_source(tmp_path)).values(*NAMES) == [("1", "2,50", "3,50"), ("2", "4,50", "5,50")]


def test_words_for_empty_are_empty(tmp_path: Path) -> None:
    """What format.nulls names is no value; without it NULL is just a word."""
    write(tmp_path, {"a.csv": "k,v,w\n1,NULL,n/a\n", "a.jsonl": '{"k":1,"v":"NULL","w":"n/a"}\n'})
    for name in ("a.csv", "a.jsonl"):
        assert read_all(people_source(tmp_path, name)).values(*NAMES) == [("1", "NULL", "n/a")]
        nulled = people_source(tmp_path, name, format={"nulls": ["NULL", "n/a"]})
        assert read_all(nulled).values(*NAMES) == [("1", None, None)]


def test_several_patterns_and_folders(tmp_path: Path) -> None:
    """Files are read in the order of the patterns and then by name; a file is read once."""
    write(
        tmp_path, {"b/2.csv": "k,v,w\n2,,\n", "b/1.csv": "k,v,w\n1,,\n", "a.csv": "k,v,w\n3,,\n", "b/x.csv.part": "no"}
    )
    outcome = read_all(people_source(tmp_path, files=["b/*.csv*", "**/*.csv"]))
    assert [row["record_id"] for row in outcome.rows] == ["1", "2", "3"]
    assert [row["_file"] for row in outcome.rows] == ["b/1.csv", "b/2.csv", "a.csv"]


def test_large_numbers_in_json_keep_their_digits(tmp_path: Path) -> None:
    """Ids beyond 2^53 and money do not go through floating point."""
    record = '{"k": 9007199254740993123, "v": 1.10, "w": true}'
    write(tmp_path, {"a.jsonl": record + "\n"})
    assert read_all(people_source(tmp_path, "a.jsonl")).values("record_id") == [("9007199254740993123",)]


def test_a_json_key_seen_late_is_found(tmp_path: Path) -> None:
    """A mapped key that only a late record has is no missing column."""
    lines = [json.dumps({"k": at, "w": "x"}) for at in range(1500)] + [json.dumps({"k": "last", "v": "here"})]
    write(tmp_path, {"a.jsonl": "\n".join(lines)})
    assert read_all(people_source(tmp_path, "a.jsonl")).values(*NAMES)[-1] == ("last", "here", None)


def test_columns_that_are_not_mapped_do_not_matter(tmp_path: Path) -> None:
    """New columns, in any place, change nothing."""
    write(tmp_path, {"a.csv": "new,w,v,k,k2\n,c,b,a,\n"})
    assert read_all(people_source(tmp_path)).values(*NAMES) == [("a", "b", "c")]


def test_times_in_parquet_keep_their_meaning(tmp_path: Path) -> None:
    """Times with a zone are instants; times without are in the format's zone; INT96 beyond the year 2262 is right."""
    zoned = pa.array([1_700_000_000_000_000], pa.timestamp("us", tz="America/New_York"))
    table = pa.table({"k": ["1"], "naive": zoned.cast(pa.timestamp("us")), "zoned": zoned})
    pq.write_table(table, tmp_path / "a.parquet")
    columns = {"record_id": "k", "created_at": "naive", "updated_at": "zoned"}
    source = csv_source(tmp_path, stream="people", files="a.parquet", columns=columns, timezone="Europe/Berlin")
    row = read_all(source).rows[0]
    assert str(row["updated_at"]) == "2023-11-14 22:13:20"
    assert str(row["created_at"]) == "2023-11-14 21:13:20"
