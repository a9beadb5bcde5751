"""The command line in tests: run it as a program, and write its page in docs/ (`python tests/support/cli.py`)."""

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer.core
import typer.main

from hub.cli.app import COMMANDS, app
from hub.sdk.records import Json

PAGE = Path(__file__).parent.parent.parent / "docs" / "commands.md"
HUB = Path(sys.executable).with_name("hub")

INTRODUCTION = """# Commands

Every command takes `-C DIR` (the project's folder; here by default) and `--json` (one JSON object on stdout, nothing
else; progress and hints go to stderr). Exit codes: 0 when all is green, 1 when something is amber or red, 2 for wrong
use or a mistake in a config file.

Commands that need the data ask the process that holds the project's lock (`hub serve`) through its HTTP API on this
machine; where nobody holds it, they take it for as long as they work. KEY is a profile id or `namespace:value`, such
as `email:ann@shop.example` or `household@journey:42`; `-` reads it from standard input, so that it stays out of the
shell's history.

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


@contextmanager
def background(*arguments: str, cwd: Path) -> Iterator[tuple["subprocess.Popen[str]", Mapping[str, Json]]]:
    """Run `hub` beside the test; yield the process and the object that it announced. It is dead after the block."""
    command = [str(HUB), *arguments, "--json"]
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process, _announced(process)
        finally:
            process.kill()


def _announced(process: "subprocess.Popen[str]") -> Mapping[str, Json]:
    assert process.stdout
    lines: list[str] = []
    while not lines or lines[-1].rstrip() != "}":
        lines.append(process.stdout.readline())
        assert lines[-1], "the program ended before it was ready"
    found: Mapping[str, Json] = json.loads("".join(lines))
    return found


def small_project(root: Path, people: str = "id,email,city\n1,ann@shop.example,Bonn\n2,bob@shop.example,Ulm\n") -> Path:
    """Make a project with one CSV file of people and one segment; its daemon listens on a free port."""
    (root / "config").mkdir(parents=True)
    (root / "people.csv").write_text(people, encoding="utf-8")
    for name, content in SMALL.items():
        (root / "config" / name).write_text(content, encoding="utf-8")
    return root


SMALL = {
    "hub.toml": '[shop]\ntimezone = "Europe/Berlin"\n[web]\nlisten = "127.0.0.1:0"\n',
    "segments.toml": """[segment.bonn]\ndescription = "Near"\nwhere = "city = 'Bonn'"\n""",
    "shop.toml": """[connection]
connector = "csv"
[[source]]
stream = "people"
files = "people.csv"
columns = { record_id = "id", city = "city" }
identifiers = { customer = "id", email = "email" }
""",
}


def page() -> str:
    """The text of docs/commands.md, from what the program says of itself."""
    parts = [INTRODUCTION]
    for panel in dict.fromkeys(panel for panel, _, _ in COMMANDS):
        parts.append(f"## {panel}\n")
        parts += [_section(command.__name__, example) for at, command, example in COMMANDS if at == panel]
    return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class Parameter:
    """An option or argument as the page shows it."""

    shown: str
    help: str
    argument: bool
    required: bool


def parameters(command: str) -> list[Parameter]:
    """The parameters of a command that not every command has."""
    group = typer.main.get_command(app)
    found = getattr(group, "commands")[command].params  # noqa: B009 - Typer types its groups as plain commands
    return [
        Parameter(_shown(each), each.help or "", each.param_type_name == "argument", each.required)
        for each in found
        if not set(each.opts) & {"--json", "-C"}
    ]


def _shown(parameter: "typer.core.TyperOption | typer.core.TyperArgument") -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar)
    return " ".join([", ".join(parameter.opts), *([str(parameter.metavar)] if parameter.metavar else [])])


def _section(name: str, example: str) -> str:
    command = next(command for _, command, _ in COMMANDS if command.__name__ == name)
    listed = parameters(name)
    usage = [each.shown if each.required else f"[{each.shown}]" for each in listed if each.argument]
    lines = [
        f"### hub {' '.join([name, *usage])}",
        "",
        inspect.cleandoc(command.__doc__ or ""),
        "",
        f"    {example}",
        "",
    ]
    rows = [f"| `{each.shown}` | {each.help} |" for each in listed]
    return "\n".join([*lines, *(["| | |", "|---|---|", *rows, ""] if rows else [])])


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
