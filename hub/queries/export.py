"""Write people, a segment or an audience to a file, on purpose and with personal data."""

from pathlib import Path

from hub.engine.duckdb import quote, text
from hub.lake.durable import published
from hub.project import Project
from hub.project.ready import require_profiles
from hub.sdk.errors import ConfigError


def export(project: Project, what: str, path: Path) -> int:
    """Write `people` or `segment:NAME` as Parquet or CSV, by the file's ending; return the number of rows.

    A CSV is safe to open in a spreadsheet: text that would be a formula gets an apostrophe in front.

    Raises:
        ConfigError: an unknown selection or file ending.
    """
    engine = project.engine.cursor()
    require_profiles(engine)
    select = _select(project, what)
    kinds = {".parquet": "format parquet, compression zstd", ".csv": "format csv, header true"}
    if path.suffix not in kinds:
        raise ConfigError(f'expected a file ending in .csv or .parquet, got "{path.suffix or path.name}".')
    if path.suffix == ".csv":
        columns = ", ".join(_safe(name, kind) for name, kind in engine.columns(f"({select})").items())
        select = f"select {columns} from ({select})"
    inside = project.root / "data" / "spill" / f"export{path.suffix}"
    inside.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    rows = engine.run(f"copy ({select}) to {text(inside)} ({kinds[path.suffix]})")
    with published(path) as partial:
        partial.write_bytes(inside.read_bytes())
    inside.unlink()
    return int(str(rows[0][0]))


def _select(project: Project, what: str) -> str:
    identifiers = """
        select profile_id, max(value) filter (where namespace = 'email') as email,
               max(value) filter (where namespace = 'phone') as phone
        from identifiers where rank = 1 group by profile_id"""
    people = (
        f"select p.* exclude (as_of), i.email, i.phone from person p left join ({identifiers}) i using (profile_id)"
    )
    kind, _, name = what.partition(":")
    if what == "people":
        return people
    if kind == "segment" and name in project.compiled.rules:
        return f"{people} where profile_id in (select profile_id from segment_members where segment = {text(name)})"
    raise ConfigError(
        f'cannot export "{what}".',
        hint=f"Give people or segment:NAME; segments: {', '.join(project.compiled.rules) or 'none'}.",
    )


def _safe(name: str, kind: str) -> str:
    """A cell that a spreadsheet would run as a formula is turned into text."""
    if kind != "VARCHAR":
        return quote(name)
    start = "regexp_matches(" + quote(name) + r", '^[=+\-@\t\r]')"
    return f"case when {start} then '''' || {quote(name)} else {quote(name)} end as {quote(name)}"
