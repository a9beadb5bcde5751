"""`hub demo`: the whole flow on real data, with a simulated tool."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.options import AsJson
from hub.cli.show import as_json, line, note, rows, text

if TYPE_CHECKING:
    from hub.cli.ask import Client
    from hub.sdk.records import Json

NEXT = """
Try next, in {folder}:
  {hub} segments -C {folder}
  {hub} preview -C {folder} "orders >= 5 and discount_share > 0.3"
  {hub} why -C {folder} household@journey:1 champions
  edit {folder}/config/segments.toml, then: {hub} run -C {folder} --until segment --as-of {as_of}
Your own shop: {hub} init acme, then {hub} add CONNECTOR -C acme
"""


def demo(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the demo's project is made.")] = Path("hub-demo"),
    project: Annotated[Path, typer.Option("-C", "--project", metavar="DIR", help="Folder that DIR is in.")] = Path(),
    json: AsJson = False,
) -> None:
    """Read a year of real baskets, build people, segments and stages, and fill lists in a simulated tool.

    Makes a project folder that you can keep and edit. Needs no account and no network. Run it again to begin anew with
    your edited config.
    """
    from hub.cli.ask import asking, require_free
    from hub.demo.projects import make_demo
    from hub.demo.scene import load_scene, simulated

    root, began = project / folder, monotonic()
    require_free(root)
    scene = load_scene()
    note(f"{'Once more with' if make_demo(root) else 'Made'} {root}/: config, data of 2017, a simulated tool")
    with simulated(root, scene), asking(root) as client:
        report = _play(client, scene.as_of)
    if json:
        as_json({**report, "seconds": round(monotonic() - began, 2)})
    else:
        _tell(report, root, scene.as_of)
    from hub.cli.report import exit_code

    raise typer.Exit(exit_code(report))


def _play(client: "Client", as_of: str) -> "Mapping[str, Json]":
    """Read and plan, approve, deliver, and run once more to see that nothing is left to send."""
    from hub.cli.follow import follow

    first = follow(client, {"as_of": as_of})
    for audience in rows(first, "audiences"):
        client.post("/approve", {"name": text(audience["name"]), "who": "hub demo"})
        note(f"approved {audience['name']}: first delivery of {text(audience.get('planned'))} people", "green")
    second = follow(client, {"as_of": as_of, "extract": False})
    third = follow(client, {"as_of": as_of})
    moved = sum(_moved(audience) for audience in rows(third, "audiences"))
    note(f"ran once more: {moved} changes to send", "red" if moved else "green")
    return {**second, **{part: first.get(part) for part in ("streams", "segments", "stages")}}


def _moved(audience: "Mapping[str, Json]") -> int:
    return sum(int(str(audience.get(what) or 0)) for what in ("added", "updated", "removed"))


def _tell(report: "Mapping[str, Json]", root: Path, as_of: str) -> None:
    from hub.cli.report import show_report

    show_report(report)
    line(NEXT.format(hub=_program(), folder=root, as_of=as_of))


def _program() -> str:
    """How this program was called: `hub`, or a path where it is not on the PATH."""
    return "hub" if sys.argv[0] == shutil.which("hub") else sys.argv[0]
