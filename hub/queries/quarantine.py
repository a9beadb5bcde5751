"""Rows that did not land, with file, line and reason."""

from pydantic import BaseModel

from hub.lake.landing import paths
from hub.project import Project


class QuarantineRow(BaseModel):
    """One entry. `raw` is the row as it came and may be personal; `rows` counts the source rows it stands for."""

    connection: str
    stream: str
    file: str | None
    line: int | None
    field: str | None
    reason: str
    raw: str | None
    rows: int


def quarantine(project: Project, connection: str | None = None, *, limit: int = 100) -> list[QuarantineRow]:
    """Return the newest entries, of one connection or of all."""
    files = [
        file
        for file in project.store.files()
        if file.stream == "quarantine" and file.rows and connection in (None, file.connection)
    ]
    if not files:
        return []
    rows = project.engine.cursor().run(f"""
        select _connection, stream, file, line, field, reason, raw, coalesce(rows, 1)
        from read_parquet({paths(files, project.landing.root)}, union_by_name = true)
        order by _seq desc, _row limit {limit}""")
    names = list(QuarantineRow.model_fields)
    return [QuarantineRow.model_validate(dict(zip(names, row, strict=True))) for row in rows]
