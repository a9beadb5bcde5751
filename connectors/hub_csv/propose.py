"""Look at a file that nobody has described, and propose its stream, columns, identifiers and formats.

Headers are recognised by the names that common exports use (headers.toml); identifiers, dates and decimal marks by the
values. The proposal is then tried on the first rows, so that what is shown is what would land.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from hub.sdk.errors import BadData
from hub.sdk.proposal import Proposal
from hub.sdk.records import Json
from hub.sdk.streams import DAY, MONEY, STREAMS, WHEN
from hub_csv.cells import Rules, quoted
from hub_csv.files import KINDS, suffix_of
from hub_csv.lines import Lines, lines_of, repeats
from hub_csv.mapping import headers_of
from hub_csv.reading import FileReader
from hub_csv.relation import Relation, open_relation
from hub_csv.settings import CsvSourceSettings, Format

LOOKED_AT = 10_000  # rows
SHOWN = 10
_MOST = 0.8  # share of the filled cells that must look alike
_SUFFIXES = (*KINDS, ".csv", ".txt")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+?[\d\s().\-/]{7,20}")
_PHONE_WORDS = re.compile(r"phone|mobile|telefon|handy|\btel\b")
_DATES = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d")
_DAY_FIRST, _MONTH_FIRST = "%d/%m/%Y", "%m/%d/%Y"
_TIMES = ("", " %H:%M", " %H:%M:%S")
_ISO = re.compile(r"\d{4}-\d\d-\d\d.*")
_COMMA = re.compile(r"-?[\d.]*\d,\d{1,2}")
_CONSENTS = {
    "email": {
        "accepts email marketing",
        "accepts marketing",
        "email marketing",
        "newsletter",
        "email opt in",
        "opt in",
    },
    "sms": {"accepts sms marketing", "sms marketing", "sms opt in"},
}
_YES_OR_NO = re.compile(r"yes|no|true|false|[01yn]|(un)?subscribed", re.IGNORECASE)

Cells: TypeAlias = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Guess:
    """A stream and the header for each of its columns, and the headers of identifiers."""

    stream: str
    columns: Mapping[str, str]
    identifiers: Mapping[str, str]


def propose(path: Path) -> Proposal | None:
    """Return how to read `path`, or None when its name is of no kind that this connector reads.

    Raises:
        BadData: it cannot be read, or no stream fits its headers.
    """
    suffix = suffix_of(path.name)
    if suffix not in _SUFFIXES:
        return None
    kind = KINDS.get(suffix, "csv")
    with open_relation(path, kind, Format(), "UTC", ()) as relation:
        cells = _cells(relation)
        guess = _guess(cells)
        lines = _lines(relation, guess, cells)
    settings, notes = _settings(path, guess, cells, lines)
    items = lines.items(settings) if lines else None
    rows, read, quarantined = _tried(path, kind, CsvSourceSettings.model_validate(settings))
    consents = dict(_consents(cells)) if guess.stream == "people" and guess.identifiers else {}
    notes += [f'"{header}" is read as consent for {channel}; yes means yes.' for channel, header in consents.items()]
    used = {*guess.columns.values(), *guess.identifiers.values(), *consents.values(), *(lines.headers if lines else ())}
    return Proposal(
        sources=[settings, *(_consent(settings, *each) for each in consents.items()), *([items] if items else [])],
        connection={"root": str(path.resolve().parent)},
        sample=rows.slice(0, SHOWN),
        read=read,
        quarantined=quarantined,
        unused=[name for name in cells if name not in used],
        notes=notes,
    )


def _cells(relation: Relation) -> Cells:
    """The filled cells of the first rows, as text, by header."""
    query = f"SELECT COLUMNS(*)::VARCHAR FROM ({relation.select}) LIMIT {LOOKED_AT}"
    table = relation.connection.sql(query).to_arrow_table()
    return {
        name: [value.strip() for value in table[ref].to_pylist() if value and value.strip()]
        for name, ref in relation.refs.items()
    }


@cache
def _known() -> Mapping[str, Mapping[str, Sequence[str]]]:
    return tomllib.loads(Path(__file__).with_name("headers.toml").read_text(encoding="utf-8"))


def _plain(header: str) -> str:
    return " ".join(re.findall(r"[a-z0-9äöüß]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", header).lower()))


def _guess(cells: Cells) -> _Guess:
    """Take the stream with the most columns found; its key must be among them, or an address can stand in."""
    identifiers = dict(_identifiers(cells))
    guesses = [_for_stream(stream, cells, identifiers) for stream in _known() if stream != "order_lines"]
    fitting = [guess for guess in guesses if set(STREAMS[guess.stream].key) <= guess.columns.keys()]
    if not fitting:
        raise BadData(
            f"no stream fits the columns {', '.join(cells)[:300]}.",
            hint="Expected an id or an e-mail address per row. Write the file by hand: hub add csv.",
        )
    return max(fitting, key=lambda guess: _weight(guess, cells))


def _weight(guess: _Guess, cells: Cells) -> tuple[bool, int]:
    """Orders are known by an id with a total, or by items with it; otherwise what explains more columns is meant."""
    items = {"quantity", "price"} <= _items(cells).keys() and repeats(cells, guess.columns.get("order_id"))
    is_order = guess.stream == "orders" and "placed_at" in guess.columns and ("total" in guess.columns or items)
    return is_order, len(guess.columns) + (2 if guess.stream == "people" and guess.identifiers else 0)


def _items(cells: Cells) -> Mapping[str, str]:
    """Headers for columns of `order_lines`."""
    return _for_stream("order_lines", cells, {}).columns


def _lines(relation: Relation, guess: _Guess, cells: Cells) -> Lines | None:
    return lines_of(relation, guess.columns, _items(cells), cells) if guess.stream == "orders" else None


def _for_stream(stream: str, cells: Cells, identifiers: Mapping[str, str]) -> _Guess:
    by_name = {_plain(header): header for header in reversed(list(cells))}
    columns = {
        column: next(by_name[name] for name in names if name in by_name)
        for column, names in _known()[stream].items()
        if any(name in by_name for name in names)
    }
    if stream == "people" and "record_id" not in columns and "email" in identifiers:
        columns["record_id"] = identifiers["email"]
    return _Guess(stream, columns, identifiers if STREAMS[stream].has_person else {})


def _identifiers(cells: Cells) -> Iterator[tuple[str, str]]:
    """Addresses and numbers by what the cells look like, a customer's number by its header."""
    emails = [header for header, values in cells.items() if _mostly(values, _EMAIL)]
    phones = [h for h, values in cells.items() if _PHONE_WORDS.search(_plain(h)) and _mostly(values, _PHONE)]
    customers = [h for h in cells if _plain(h) in {"customer id", "customerid", "customer number", "kundennummer"}]
    for namespace, headers in (("email", emails), ("phone", phones), ("customer", customers)):
        if headers:
            yield namespace, headers[0]


def _consents(cells: Cells) -> Iterator[tuple[str, str]]:
    """Channels and the headers that say who agreed, in words that mean yes or no."""
    for channel, names in _CONSENTS.items():
        for header, values in cells.items():
            if _plain(header) in names and _mostly(values, _YES_OR_NO):
                yield channel, header
                break


def _consent(people: Mapping[str, Json], channel: str, header: str) -> Mapping[str, Json]:
    """A second look at the same file; what is not a yes is a no, and an empty cell says nothing."""
    cell = quoted(header)
    state = f"CASE WHEN lower({cell}) IN ('yes', 'true', '1', 'y', 'subscribed') THEN 'granted' ELSE 'denied' END"
    compute = {"channel": f"'{channel}'", "purpose": "'marketing'", "state": state}
    kept = {key: people[key] for key in ("files", "identifiers")}
    return {"stream": "consents", **kept, "where": f"{cell} <> ''", "compute": compute}


def _mostly(values: Sequence[str], pattern: re.Pattern[str]) -> bool:
    fitting = sum(1 for value in values if pattern.fullmatch(value))
    return bool(values) and fitting >= _MOST * len(values)


def _settings(path: Path, guess: _Guess, cells: Cells, lines: Lines | None) -> tuple[dict[str, Json], list[str]]:
    """The keys of `[[source]]`, and what a person should check."""
    notes = list[str]()
    found = dict(_format(list(_typed(guess, lines)), cells, notes))
    settings: dict[str, Json] = {"stream": guess.stream, "files": [path.name]}
    settings |= {"format": found} if found else {}
    settings |= {"columns": dict(guess.columns)}
    settings |= {"identifiers": dict(guess.identifiers)} if guess.identifiers else {}
    if STREAMS[guess.stream].has_person and not guess.identifiers:
        notes.append("No column holds e-mail addresses, phone numbers or customer numbers: name one in identifiers.")
    if guess.columns.get("record_id") == guess.identifiers.get("email") and guess.stream == "people":
        notes.append("There is no id column, so the e-mail address is the key: a new address will be a new record.")
    return (lines.orders(settings, guess.columns), [*lines.notes(), *notes]) if lines else (settings, notes)


def _typed(guess: _Guess, lines: Lines | None) -> Iterator[tuple[pa.DataType, str]]:
    """The type that each mapped header is read as."""
    for stream, columns in ((guess.stream, guess.columns), ("order_lines", lines.columns if lines else {})):
        for name, header in columns.items():
            yield STREAMS[stream].columns.field(name).type, header


def _format(typed: Sequence[tuple[pa.DataType, str]], cells: Cells, notes: list[str]) -> Iterator[tuple[str, Json]]:
    moments = [value for kind, header in typed if kind in (WHEN, DAY) for value in cells[header]]
    amounts = [value for kind, header in typed if kind == MONEY for value in cells[header]]
    if moments and not all(map(_ISO.fullmatch, moments)):
        yield from _dates(moments, notes)
    if amounts and all(_COMMA.fullmatch(value) or value.lstrip("-").isdigit() for value in amounts):
        yield "decimal", ","
        if any("." in value for value in amounts):
            yield "thousands", "."


def _dates(moments: Sequence[str], notes: list[str]) -> Iterator[tuple[str, Json]]:
    """The patterns that read most; day and month are told apart by the values, or not at all."""
    days = [value.replace("T", " ").split(" ")[0] for value in moments if not _ISO.fullmatch(value)]
    fitting = [pattern for pattern in _DATES if sum(_parses(day, pattern) for day in days) >= _MOST * len(days)]
    if not fitting:
        notes.append("Dates are written in a way that was not recognised: set format.dates.")
        return
    if {_DAY_FIRST, _MONTH_FIRST} <= set(fitting):
        notes.append("Dates could be day/month or month/day: day first was taken. Check format.dates.")
    yield "dates", ["iso", *(f"{fitting[0]}{time}" for time in _TIMES)]


def _parses(day: str, pattern: str) -> bool:
    parts = re.split(r"[./-]", day)
    names = re.findall(r"%(\w)", pattern)
    if len(parts) != len(names) or re.sub(r"\d+", "", day) != re.sub(r"%\w", "", pattern):
        return False
    limits = {"d": range(1, 32), "m": range(1, 13), "Y": range(1000, 10_000)}
    return all(int(part) in limits[name] for part, name in zip(parts, names, strict=True))


def _tried(path: Path, kind: str, settings: CsvSourceSettings) -> tuple[pa.Table, int, int]:
    """Read the file's first part as proposed: mapped rows, rows read, rows that would be quarantined."""
    rows: list[pa.Table] = []
    read = refused = 0
    rules = Rules(settings.format.decimal, settings.format.thousands, settings.format.patterns(kind), "UTC")
    with open_relation(path, kind, settings.format, "UTC", headers_of(settings)) as relation:
        for chunk in FileReader(settings, relation, rules, path.name).chunks():
            read += chunk.read
            refused += 0 if chunk.quarantine is None else chunk.quarantine.num_rows
            rows += [] if chunk.rows is None else [chunk.rows]
            if read >= LOOKED_AT:
                break
    return pa.concat_tables(rows) if rows else STREAMS[settings.stream].columns.empty_table(), read, refused
