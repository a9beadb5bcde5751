"""The table of commands, each with an example."""

import os
from pathlib import Path
from typing import Annotated

import typer

from hub import __version__
from hub.cli import (
    add,
    approve,
    check,
    demo,
    export,
    init,
    new,
    person,
    plan,
    plugins,
    preview,
    quarantine,
    run,
    sandbox,
    schema,
    segments,
    serve,
    status,
    why,
)
from hub.cli.show import line

app = typer.Typer(
    name="hub",
    epilog="Begin with: hub demo",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,  # a traceback with local values would show personal data
)


def _say_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it so
    if asked:
        line(f"audience-hub {__version__}")
        raise typer.Exit


@app.callback()
def here(
    *,
    project: Annotated[
        Path | None, typer.Option("-C", metavar="DIR", help="Work in this folder, as if started there.")
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    """Customer data in, one profile per person, segments, audience lists out; consent respected."""
    if project is not None:
        os.chdir(project)


START, WORK, LOOK, AUTHORS = "Start", "Work", "Look", "For authors and editors"

COMMANDS = (
    (START, demo.demo, "hub demo"),
    (START, init.init, "hub init customers.csv"),
    (START, add.add, "hub add mailchimp -C acme"),
    (START, check.check, "hub check journey"),
    (WORK, run.run, "hub run --until segment"),
    (WORK, preview.preview, 'hub preview "orders >= 2 and days_since_order > 90"'),
    (WORK, plan.plan, "hub plan win-back"),
    (WORK, approve.approve, "hub approve win-back"),
    (WORK, serve.serve, "hub serve"),
    (LOOK, status.status, "hub status"),
    (LOOK, segments.segments, "hub segments"),
    (LOOK, person.person, "echo email:household-1@shop.example | hub person -"),
    (LOOK, why.why, "hub why household@journey:1 lapsing_high_value"),
    (LOOK, quarantine.quarantine, "hub quarantine journey"),
    (LOOK, export.export, "hub export segment:champions champions.csv"),
    (AUTHORS, new.new, "hub new source acme"),
    (AUTHORS, plugins.plugins, "hub plugins"),
    (AUTHORS, schema.schema, "hub schema"),
    (AUTHORS, sandbox.sandbox, "hub sandbox mailchimp --port 9000"),
)

for _panel, _command, _example in COMMANDS:
    app.command(rich_help_panel=_panel, epilog=f"Example: {_example}")(_command)
