"""Find out how a text file is laid out: its delimiter, its line of names, and where its records begin."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hub.sdk.errors import BadData
from hub_csv.expression import nearest
from hub_csv.scan import Dialect, Run, Scanned, Text, scan
from hub_csv.settings import Format
from hub_csv.staging import Staged

_CANDIDATES = (",", ";", "\t", "|")
_SAMPLE = 50
_MAX_HEADER_LINES = 50
_SHOWN = 12
NO_DELIMITER = "\x1f"  # may not stand in JSON, so that a line stays one cell


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is cut: names of its columns, and the physical lines before the first record."""

    dialect: Dialect
    names: tuple[str, ...]
    lines_before: int

    def scan(self, staged: Staged) -> Iterator[Scanned | Run]:
        """Read the file carefully, from its first record on."""
        staged.file.seek(0)
        return scan(staged.file, self.dialect, len(self.names), self.lines_before)


def json_layout(staged: Staged) -> Layout:
    """Lay out a file of JSON lines: one cell per line."""
    return Layout(Dialect(NO_DELIMITER, "", "", staged.newline), ("line",), 0)


def csv_layout(staged: Staged, settings: Format, kind: str, wanted: Sequence[str]) -> Layout:
    """Find the layout of a CSV or TSV file; `wanted` headers help to tell delimiters apart.

    Raises:
        BadData: there is no readable line of names.
    """
    fixed = settings.delimiter or ("\t" if kind == "tsv" else None)
    announced, skip = _announced(staged, settings)
    candidates = (fixed,) if fixed else (announced,) if announced else _CANDIDATES
    found = [_layout(staged, settings, delimiter, skip) for delimiter in candidates]
    layouts = [layout for layout in found if layout is not None]
    if not layouts:
        raise BadData("The line of column names has a quote that is not closed, or text behind one.", hint="Mend it.")
    return max(layouts, key=lambda layout: _fit(layout, staged, wanted))


def _announced(staged: Staged, settings: Format) -> tuple[str | None, int]:
    """Excel writes the delimiter into a first line such as `sep=;`."""
    first, _ = _text(staged).line() or (b"", 0)
    match = re.fullmatch(rb"sep=([!-/:-@|\t])", first.strip(b'"\r'))
    return (match[1].decode(), max(settings.skip, 1)) if match else (None, settings.skip)


def _text(staged: Staged) -> Text:
    staged.file.seek(0)
    return Text(staged.file, staged.newline)


def _layout(staged: Staged, settings: Format, delimiter: str, skip: int) -> Layout | None:
    """Lay the file out by one delimiter; None when that leaves quotes of the header unclosed."""
    dialect = Dialect(delimiter, settings.quote, settings.escape or settings.quote, staged.newline)
    text, before = _text(staged), 0
    while (found := text.line()) is not None and (before < skip or found[0] in {b"", b"\r"}):
        text.skip(found[1])
        before += 1
    if found is None:
        raise BadData("The file holds no line of column names.", hint="Export it again, or mend format.skip.")
    fields, taken = _names(text, dialect)
    if fields is None:
        return None
    if settings.header:
        return Layout(dialect, tuple(field.decode("utf-8", "replace") for field in fields), before + taken)
    return Layout(dialect, tuple(f"column{at + 1}" for at in range(len(fields))), before)


def _names(text: Text, dialect: Dialect) -> tuple[list[bytes] | None, int]:
    record, end = b"", 0
    for taken in range(1, _MAX_HEADER_LINES):
        if (found := text.line(end)) is None:
            break
        record += found[0]
        end = found[1]
        fields, is_open = dialect.split(record.removesuffix(b"\r"))
        if not is_open:
            return fields, taken
        record += dialect.newline
    return None, 0


def _fit(layout: Layout, staged: Staged, wanted: Sequence[str]) -> tuple[int, float, int]:
    """Judge a delimiter: by the wanted headers it finds, how even the records are, and how many columns it gives."""
    found = len(set(wanted) & set(layout.names))
    sample = list(_sample(layout.scan(staged)))
    sound = sum(part.records if isinstance(part, Run) else not part.reason for part in sample)
    damaged = sum(bool(part.reason) for part in sample if isinstance(part, Scanned))
    even = sound / (sound + damaged) if sample else 1.0
    columns = len(layout.names)
    return found, even if columns > 1 else 0.0, columns


def _sample(parts: Iterable[Scanned | Run]) -> Iterator[Scanned | Run]:
    """Take parts from the front, up to the one that completes the wanted number of records."""
    taken = 0
    for part in parts:
        yield part
        taken += part.records if isinstance(part, Run) else 1
        if taken >= _SAMPLE:
            return


def require(names: Sequence[str], wanted: Iterable[str]) -> None:
    """Check that every mapped header stands in the file, once.

    Raises:
        BadData: one is missing, with the nearest header; or it stands there twice.
    """
    counts, wanted = Counter(names), list(wanted)
    if wanted and not are_names(names, wanted):
        raise BadData(
            f'There is no column "{wanted[0]}", nor any other of those that are mapped.',
            hint="If its first line is a record and not the names, set format.header = false; else mend the mapping.",
        )
    for name in wanted:
        if name not in counts:
            raise BadData(f'There is no column "{name}".{nearest(name, names)}', hint=_renamed(names))
        if counts[name] > 1:
            raise BadData(f'The column "{name}" stands there {counts[name]} times.', hint="Give each its own name.")


def are_names(names: Sequence[str], wanted: Iterable[str]) -> bool:
    """Tell whether a line holds names of columns; otherwise it may be a record, and must not be quoted."""
    return not set(names).isdisjoint(wanted)


def _renamed(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{name[:40]}"' for name in names[:_SHOWN])
    return f"Columns are: {shown}{', ...' if len(names) > _SHOWN else ''}. Mend the mapping or the file."
