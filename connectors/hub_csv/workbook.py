"""Turn a sheet of an Excel file into plain CSV, which the other modules read.

Numbers are written with the format's decimal mark and dates as ISO, so that one mapping reads cells that Excel knows as
numbers and dates, and those that somebody typed as text.
"""

import zipfile
from array import array
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeAlias

from hub.sdk.errors import BadData, ConfigError
from hub_csv.expression import nearest
from hub_csv.settings import Format
from hub_csv.staging import unpacked_limit

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

Cell: TypeAlias = int | float | str | bool | time | date | datetime | timedelta
_EXACT = 2**53  # whole numbers below are held exactly


def unroll(path: Path, settings: Format, target: IO[bytes]) -> "array[int]":
    """Write a sheet as CSV; return for each line of text the row of the sheet that it belongs to.

    Raises:
        BadData: it is no Excel file, locked, damaged, or has no such sheet.
        ConfigError: the reader is not installed.
    """
    rows = array("L")
    for number, cells in enumerate(_sheet(path, settings).iter_rows(), 1):
        texts = [_text(cell, settings.decimal) for cell in cells]
        line = ",".join(texts) if any(texts) else ""
        target.write(line.encode("utf-8", "replace") + b"\n")
        rows.extend([number] * (line.count("\n") + 1))
    target.flush()
    return rows


def _sheet(path: Path, settings: Format) -> "CalamineSheet":
    book = _book(path)
    shown = [sheet.name for sheet in book.sheets_metadata if "Hidden" not in str(sheet.visible)]
    name = settings.sheet or (shown[0] if shown else "")
    if name not in book.sheet_names:
        raise BadData(
            f'There is no sheet "{name}".{nearest(name, book.sheet_names)}',
            hint=f"Sheets are: {', '.join(book.sheet_names)[:200]}.",
        )
    return book.get_sheet_by_name(name)


def _book(path: Path) -> "CalamineWorkbook":
    try:
        import python_calamine as calamine  # noqa: PLC0415 - optional: only those who read Excel files have it
    except ImportError:
        raise ConfigError(
            "Excel files need a package that is not installed.", hint='Install it: pip install "audience-hub[excel]"'
        ) from None
    try:
        _require_sane(path)
        with path.open("rb") as file:
            return calamine.load_workbook(file)
    except calamine.PasswordError:
        raise BadData("The Excel file is locked with a password.", hint="Save it without one.") from None
    except (calamine.CalamineError, zipfile.BadZipFile):
        raise BadData(
            "Expected an Excel file (.xlsx), found another kind, or one cut off.", hint="Save it again."
        ) from None


def _require_sane(path: Path) -> None:
    """Refuse what would fill the memory before anything is unpacked."""
    limit = unpacked_limit(path)
    with zipfile.ZipFile(path) as packed:
        if sum(part.file_size for part in packed.infolist()) > limit:
            raise BadData(f"unpacks to more than {limit:,} bytes.", hint="Save it as CSV if you trust it.")


def _text(cell: Cell, decimal: str) -> str:
    if isinstance(cell, str):
        return '"' + cell.replace('"', '""') + '"' if cell else ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        number = _number(cell).replace(".", decimal)
        return f'"{number}"' if "," in number else number
    if isinstance(cell, datetime) and cell.time() == time.min:
        return cell.date().isoformat()
    return str(cell) if isinstance(cell, timedelta) else cell.isoformat()


def _number(value: float) -> str:
    """Write a number as Excel shows it: 15 digits, whole ones without a point."""
    if value == int(value) and abs(value) < _EXACT:
        return str(int(value))
    return format(Decimal(f"{value:.15g}"), "f")
