"""Options that every command has."""

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Option("-C", "--project", metavar="DIR", help="Project folder.", show_default=True)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Look at everything as of this moment (shop's time zone)."),
]
Key = Annotated[
    str, typer.Argument(metavar="KEY", help="Profile id or namespace:value; - reads it from standard input.")
]

HERE = Path()
