import gzip
from pathlib import Path

import pytest

from tests.support.acceptance import HEADER, PEOPLE, Shop, counts, people_shop, person, reconciles
from tests.support.cli import hub

ROWS = 100_000
OTHER = """
[connection]
connector = "csv"
root = "input"

[[source]]
stream = "orders"
files = "orders.csv"
columns = { order_id = "id", placed_at = "day", total = "total" }
compute = { currency = "'EUR'", status = "'paid'" }
identifiers = { "customer" = "customer" }
"""
ORDERS = "id,day,total,customer\nO1,2026-01-02,10.50,1\nO2,2026-01-03,20.00,2\n"


def two_sources(root: Path) -> Shop:
    """A shop with a sound file of orders beside the file of people."""
    shop = people_shop(root, [person(1), person(2)], tills=OTHER)
    shop.write({"orders.csv": ORDERS})
    return shop


def spoil(shop: Shop, what: str) -> None:
    """Make the file of people unreadable."""
    path = shop.root / "input" / "people.csv"
    if what in ("missing", "directory"):
        path.unlink()
    if what == "directory":
        path.mkdir()
    contents = {
        "empty": b"",
        "blank": b"\n \n\n",
        "binary": bytes(range(256)) * 4096,
        "picture": b"\x89PNG\r\n\x1a\n" + bytes(5000),
        "excel": b"PK\x03\x04" + bytes(5000),
        "cut gzip": gzip.compress("\n".join(person(n) for n in range(5000)).encode())[:-2000],
        "open header": f'"{HEADER}\n{person(1)}\n'.encode(),
    }
    if what in contents:
        shop.write({"people.csv": contents[what]})


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("missing", 'the file "people.csv" does not exist'),
        ("directory", '"people.csv" is a folder'),
        ("empty", "people.csv: The file is empty"),
        ("blank", "people.csv: The file is empty"),
        ("binary", "people.csv: Expected text, found binary data"),
        ("picture", "people.csv: Expected text, found a picture"),
        ("excel", "people.csv: Expected text, found a zip or Excel file"),
        ("cut gzip", "people.csv: the gzip data is cut off or damaged"),
        ("open header", "people.csv: The line of column names has a quote that is not closed"),
    ],
)
def test_unreadable_file(tmp_path: Path, what: str, said: str) -> None:
    """A file that cannot be read makes the run red with a sentence that names it; the other connection lands."""
    shop = two_sources(tmp_path)
    spoil(shop, what)
    report = shop.run()
    assert "red" == report.status
    assert [True] == [said in failure and failure.startswith("crm: ") for failure in report.failures]
    assert (2, 2, 0) in counts(report)
    assert [("O1",), ("O2",)] == shop.ask("select order_id from orders order by 1")


@pytest.mark.parametrize("what", ["missing", "directory", "empty", "binary"])
def test_unreadable_file_changes_nobody(tmp_path: Path, what: str) -> None:
    """People who were there stay as they were when their file cannot be read the next time, and come back with it."""
    shop = people_shop(tmp_path, [person(1), person(2)])
    before = (shop.run(), shop.ask("select * exclude (as_of) from person order by profile_id"))[1]
    spoil(shop, what)
    assert "red" == shop.run().status
    assert before == shop.ask("select * exclude (as_of) from person order by profile_id")
    path = shop.root / "input" / "people.csv"
    if what == "directory":
        path.rmdir()
    shop.write({"people.csv": "\n".join([HEADER, person(1), person(2), person(3), ""])})
    assert ("green", 3) == ((report := shop.run()).status, report.profiles)


def test_the_command_line_shows_no_traceback(tmp_path: Path) -> None:
    """A red run ends with exit code 1 and the sentence; neither stdout nor stderr holds a traceback."""
    shop = two_sources(tmp_path)
    spoil(shop, "binary")
    ended = hub("run", "--until", "segment", "-C", str(tmp_path))
    assert 1 == ended.code
    assert "people.csv: Expected text, found binary data" in " ".join((ended.out + ended.err).split())
    assert "Traceback" not in ended.out + ended.err


def many(shop: Shop, bad: dict[int, str | bytes]) -> list[str | bytes]:
    """Write a file of `ROWS` people in which some lines (by their number in the file) are others."""
    lines: list[str | bytes] = [HEADER, *(person(number) for number in range(2, ROWS + 2))]
    for number, text in bad.items():
        lines[number - 1] = text
    shop.write({"people.csv": b"\n".join(text if isinstance(text, bytes) else text.encode() for text in lines) + b"\n"})
    return lines


def test_one_unclosed_quote(tmp_path: Path) -> None:
    """Among 100,000 rows the physical line with the open quote is in quarantine, and that line alone."""
    shop = people_shop(tmp_path)
    many(shop, {40_000: person(40_000, name='"Name')})
    report = shop.run()
    assert [(ROWS, ROWS - 1, 1)] == counts(report)
    assert ("green", ROWS - 1) == (report.status, report.profiles)
    assert [("people.csv", 40_000, "a quote is opened and not closed")] == [
        (row.file, row.line, row.reason) for row in shop.quarantine()
    ]
    around = shop.ask("select record_id from people where record_id in ('39999', '40000', '40001') order by 1")
    assert [("39999",), ("40001",)] == around


def test_damaged_lines_among_many(tmp_path: Path) -> None:
    """Quotes, encodings, NUL bytes, wrong columns and huge cells in one file each cost their own line and no other."""
    shop = people_shop(tmp_path)
    bad: dict[int, str | bytes] = {
        10: person(10, street='"Open'),
        2_000: person(2_000, name="Müller").encode("cp1252"),
        30_000: person(30_000, name="Nu\0l"),
        50_000: person(50_000, street="x" * 10_000_000),
        50_001: person(50_001) + ",more",
        70_000: "70000,too few",
        100_000: person(100_000, name='"Text"after'),
    }
    many(shop, bad)
    report = shop.run()
    assert [(ROWS, ROWS - len(bad), len(bad))] == counts(report)
    found = {row.line: row.reason for row in shop.quarantine()}
    assert {
        10: "a quote is opened and not closed",
        2_000: "not valid in the file's encoding; if the whole file is so, set format.encoding",
        30_000: "holds a NUL byte",
        50_000: "longer than 2,000,000 bytes",
        50_001: "expected 7 columns, found 8",
        70_000: "expected 7 columns, found 2",
        100_000: "a closing quote is followed by text",
    } == found
    assert max(len(row.raw or "") for row in shop.quarantine()) <= 10_000


def test_more_than_the_limit_in_quarantine(tmp_path: Path) -> None:
    """A run is amber when more than `max_quarantine` of what was read could not land; what could has landed."""
    shop = people_shop(tmp_path, [person(number) for number in range(50)] + ["1,2", "3"])
    report = shop.run()
    assert "amber" == report.status
    assert [(52, 50, 2)] == counts(report)


def test_whole_file_in_another_encoding(tmp_path: Path) -> None:
    """With `format.encoding` a cp1252 file is read as such; without it every line that shows it is in quarantine."""
    people = [person(1, name="Jürgen"), person(2, name="Ann"), person(3, name="Zoë")]
    content = "\n".join([HEADER, *people, ""]).encode("cp1252")
    shop = people_shop(tmp_path)
    shop.write({"people.csv": content})
    assert [(3, 1, 2)] == counts(shop.run())
    shop.configure({"crm": PEOPLE + 'format = { encoding = "cp1252" }\n'})
    shop.write({"people.csv": content + person(4).encode() + b"\n"})
    assert [(4, 4, 0)] == counts(shop.run())
    names = shop.ask("select first_name from people order by record_id")
    assert [("Jürgen",), ("Ann",), ("Zoë",), ("Name4",)] == names


def test_reconciliation_is_a_rule(tmp_path: Path) -> None:
    """Read is landed plus quarantined in every report of these tests, here with a bit of everything."""
    lines = [person(1), person(1), "broken", person(2, birthday="31/02/2024"), person(3, country="Nowhere"), ""]
    report = people_shop(tmp_path, lines).run()
    assert reconciles(report.streams)
    assert [(5, 2, 3)] == counts(report)
