"""`hub init`: an empty project, or one that reads a file that was never described."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.options import AsJson
from hub.cli.show import as_json, line, note, table

if TYPE_CHECKING:
    import pyarrow as pa

    from hub.sdk.proposal import Proposal
    from hub.sdk.records import Json

_HIDDEN = frozenset({"identifiers", "attributes"})  # shown in their own way, or not at all


def init(
    *,
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|FILE", help="Where; it is made when it is missing. Or a file: the project here will read it."
        ),
    ] = Path(),
    project: Annotated[Path, typer.Option("-C", "--project", metavar="DIR", help="Folder that DIR is in.")] = Path(),
    json: AsJson = False,
) -> None:
    """Make a project folder with commented config files; shown a file such as customers.csv, propose how to read it."""
    from hub.demo.projects import make_project

    if (project / folder).is_file():
        _init_from(project / folder, project, json=json)
        return
    root = project / folder
    make_project(root)
    if json:
        as_json({"project": str(root)})
    else:
        line(f"Made {root}. Set time zone and currency in config/hub.toml, then: cd {root} && hub add CONNECTOR")
        line("Connectors: hub plugins")


def _init_from(file: Path, root: Path, *, json: bool) -> None:
    from hub.cli.installed import proposal_for, write_proposal
    from hub.demo.projects import make_project

    connector, proposal = proposal_for(root, file)
    if not (root / "config").exists():
        make_project(root)
    path = write_proposal(root, file, connector, proposal)
    sample = _sample(proposal.sample)
    if json:
        counts: dict[str, Json] = {"read": proposal.read, "quarantined": proposal.quarantined}
        as_json(
            {"path": str(path), "sources": list(proposal.sources), "notes": proposal.notes, "sample": sample, **counts}
        )
    else:
        _show(path, proposal, sample)


def _show(path: Path, proposal: "Proposal", sample: "list[dict[str, Json]]") -> None:
    table(f"The first rows as {proposal.sources[0]['stream']}", sample, list(sample[0]) if sample else [])
    line(f"Looked at {proposal.read:,} rows: {proposal.quarantined:,} of them would be quarantined.")
    for each in proposal.notes:
        note(f"Check: {each}", "yellow")
    if proposal.unused:
        line(f"Not used: {', '.join(proposal.unused)}. They stand in the file as comments.")
    line(f"Wrote {path}. Next: hub run --until segment")


def _sample(rows: "pa.Table") -> "list[dict[str, Json]]":
    """Mapped rows as people read them: columns that hold something, identifiers one by one."""
    shown = []
    for row in rows.to_pylist():
        links = {pair["namespace"]: pair["value"] for pair in row.get("identifiers") or ()}
        plain = {key: str(value) for key, value in row.items() if not key.startswith("_") and key not in _HIDDEN}
        shown.append({**plain, **links})
    return shown
