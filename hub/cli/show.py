"""What commands print: tables for people, JSON for programs. Results go to stdout, everything else to stderr."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from hub.sdk.records import Json

WIDTH = 120  # of tables where there is no terminal
COLOURS = {"green": "green", "amber": "yellow", "red": "red", "ok": "green", "warning": "yellow", "error": "red"}


def out() -> "Console":
    """The console on stdout."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDTH)


def err() -> "Console":
    """The console on stderr: progress, errors, hints."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def as_json(body: "Json") -> None:
    """Print one JSON object."""
    json.dump(body, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
    sys.stdout.flush()  # whoever reads a pipe waits for it: `hub serve --json`


def rows(body: "Json", key: str) -> "list[Mapping[str, Json]]":
    """The list of objects under `key` of an answer; empty when there is none."""
    found = body.get(key) if isinstance(body, Mapping) else None
    if not isinstance(found, Sequence) or isinstance(found, str):
        return []
    return [row for row in found if isinstance(row, Mapping)]


def value(body: "Json", key: str) -> "Json":
    """The value under `key` of an answer; None when there is none."""
    return body.get(key) if isinstance(body, Mapping) else None


def text(cell: "Json") -> str:
    """A value as people read it: thousands apart, lists joined, nothing for null."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return f"{cell:,.2f}"
    if isinstance(cell, Sequence) and not isinstance(cell, str):
        return ", ".join(text(part) for part in cell)
    return str(cell)


def table(title: str, body: "Sequence[Mapping[str, Json]]", columns: Sequence[str]) -> None:
    """Print rows as a table with these columns; numbers stand right. Nothing is printed for no rows."""
    if not body:
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    grid = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        numeric = all(isinstance(row.get(column), int | float | None) for row in body)
        grid.add_column(column.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in body:
        grid.add_row(*(Text(text(row.get(column))) for column in columns))
    out().print(grid, soft_wrap=False)


def line(message: str, style: str = "") -> None:
    """Print a line of text as it is, on stdout."""
    console = out()
    console.print(message, style=style or None, markup=False)
    console.file.flush()


def note(message: str, style: str = "") -> None:
    """Print a line of text as it is, on stderr."""
    err().print(message, style=style or None, markup=False)
