"""Write people, a segment or an audience to a file, on purpose and with personal data."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from hub.engine import Engine
from hub.engine.duckdb import quote, text
from hub.lake.durable import published
from hub.project import Project
from hub.project.jobs import choose, make_jobs
from hub.project.ready import require_profiles
from hub.sdk.errors import ConfigError, HubError

_KINDS = {".parquet": "format parquet, compression zstd", ".csv": "format csv, header true"}
_PEOPLE = """
    select p.* exclude (as_of), i.email, i.phone from person p left join (
        select profile_id, max(value) filter (where namespace = 'email') as email,
               max(value) filter (where namespace = 'phone') as phone
        from identifiers where rank = 1 group by profile_id) i using (profile_id)"""
_MEMBERS = """
    select l.presence as on_list, l.added_at, l.wire as addressed_as, p.* from ledger l left join ({people}) p
    using (profile_id) where l.presence in ('present', 'accepted', 'unknown')
    and l.connection = {connection} and l.target = {target}"""


def export(project: Project, what: str, path: Path) -> int:
    """Write `people`, `segment:NAME` or `audience:NAME` as Parquet or CSV, by the ending; return the number of rows.

    An audience is who is believed to be on its list (`on_list`: present, accepted or unknown), addressed as it was
    sent. A CSV is safe to open in a spreadsheet: text that would be a formula gets an apostrophe in front.

    Raises:
        ConfigError: an unknown selection or file ending.
        HubError: nothing is there to be written, or the file cannot be.
    """
    if path.suffix not in _KINDS:
        raise ConfigError(f'expected a file ending in .csv or .parquet, got "{path.suffix or path.name}".')
    engine = project.engine.cursor()
    require_profiles(engine)
    select = _select(project, engine, what)
    if path.suffix == ".csv":
        columns = ", ".join(_safe(name, kind) for name, kind in engine.columns(f"({select})").items())
        select = f"select {columns} from ({select})"
    with _inside(project, path) as inside:
        rows = engine.run(f"copy ({select}) to {text(inside)} ({_KINDS[path.suffix]})")
        _hand_over(inside, path)
    return int(str(rows[0][0]))


@contextmanager
def _inside(project: Project, path: Path) -> Iterator[Path]:
    """A file in the project, for SQL can write nowhere else; it is gone afterwards."""
    inside = project.root / "data" / "spill" / f"export-{uuid4().hex}{path.suffix}"
    inside.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        yield inside
    finally:
        inside.unlink(missing_ok=True)


def _hand_over(inside: Path, path: Path) -> None:
    try:
        with published(path) as partial:
            shutil.copyfile(inside, partial)
    except OSError as error:
        raise HubError(
            f"{path} cannot be written: {error.strerror}.", hint="Give a file in a folder that you may write to."
        ) from None


def _select(project: Project, engine: Engine, what: str) -> str:
    kind, _, name = what.partition(":")
    if what == "people":
        return _PEOPLE
    if kind == "segment" and name in project.compiled.rules:
        return f"{_PEOPLE} where profile_id in (select profile_id from segment_members where segment = {text(name)})"
    audiences = project.settings.audiences()
    if kind == "audience" and name in audiences:
        return _members(project, engine, name)
    raise ConfigError(
        f'cannot export "{what}".',
        hint=f"Give people, segment:NAME or audience:NAME. Segments: {', '.join(project.compiled.rules) or 'none'}; "
        f"audiences: {', '.join(audiences) or 'none'}.",
    )


def _members(project: Project, engine: Engine, name: str) -> str:
    if not engine.columns("ledger"):
        raise HubError(f"Nothing was ever sent to {name}.", hint=f"See who would be: hub plan {name}")
    [job] = choose(make_jobs(project), name)
    return _MEMBERS.format(people=_PEOPLE, connection=text(job.connection), target=text(job.standing))


def _safe(name: str, kind: str) -> str:
    """A cell that a spreadsheet would run as a formula is turned into text."""
    if kind != "VARCHAR":
        return quote(name)
    start = "regexp_matches(" + quote(name) + r", '^[=+\-@\t\r]')"
    return f"case when {start} then '''' || {quote(name)} else {quote(name)} end as {quote(name)}"
