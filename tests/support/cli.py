"""The command line in tests: run it as a program, and write its page in docs/ (`python tests/support/cli.py`)."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer.main

from hub.cli.app import COMMANDS, app
from hub.sdk.records import Json

PAGE = Path(__file__).parent.parent.parent / "docs" / "commands.md"
HUB = Path(sys.executable).with_name("hub")

INTRODUCTION = """# Commands

Every command takes `-C DIR` (the project's folder; here by default) and `--json` (one JSON object on stdout and nothing
else; progress and hints go to stderr). Exit codes: 0 when all is green, 1 when something is amber or red, 2 for wrong use
or a mistake in a config file.

Commands that need the data ask the process that holds the project's lock (`hub serve`) through its HTTP API on this
machine; where nobody holds it, they take it for as long as they work. KEY is a profile id or `namespace:value`, such as
`email:ann@shop.example` or `household@journey:42`; `-` reads it from standard input, so that it stays out of the shell's
history.

This page is written by `python tests/support/cli.py`, and a test compares it with the program.
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Mapping[str, Json]:
        """The object that `--json` printed."""
        found: Mapping[str, Json] = json.loads(self.out)
        return found


def hub(*arguments: str, cwd: Path | None = None, stdin: str = "", env: Mapping[str, str] | None = None) -> Ended:
    """Run `hub` with these arguments in a process of its own."""
    done = subprocess.run(
        [str(HUB), *arguments], cwd=cwd, input=stdin, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def page() -> str:
    """The text of docs/commands.md, from what the program says of itself."""
    group = typer.main.get_command(app)
    parts = [INTRODUCTION]
    panels = dict.fromkeys(panel for panel, _, _ in COMMANDS)
    for panel in panels:
        parts.append(f"## {panel}\n")
        parts += [_section(group.commands[command.__name__]) for at, command, _ in COMMANDS if at == panel]  # type: ignore[attr-defined]
    return "\n".join(parts)


def _section(command: "typer.core.TyperCommand") -> str:
    arguments = [_usage(each) for each in command.params if each.param_type_name == "argument"]
    text, _, example = (command.help or "").partition(" Example: ") if not command.epilog else (command.help, "", "")
    example = example or (command.epilog or "").removeprefix("Example: ")
    lines = [f"### hub {' '.join([str(command.name), *arguments])}", "", str(text).strip(), "", f"    {example}", ""]
    rows = [_row(each) for each in command.params if not set(each.opts) & {"--json", "-C"}]
    return "\n".join([*lines, *(["| | |", "|---|---|", *rows, ""] if rows else [])])


def _usage(parameter: "typer.core.Parameter") -> str:
    name = str(parameter.metavar or parameter.name).upper()
    return name if parameter.required else f"[{name}]"


def _row(parameter: "typer.core.Parameter") -> str:
    shown = ", ".join(parameter.opts) if parameter.param_type_name == "option" else str(parameter.metavar)
    value = f" {parameter.metavar}" if parameter.param_type_name == "option" and parameter.metavar else ""
    return f"| `{shown}{value}` | {getattr(parameter, 'help', '') or ''} |"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
