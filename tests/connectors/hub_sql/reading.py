"""Reading a query as the hub does it, for the tests of this folder."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from hub.sdk.connector import Context
from hub.sdk.records import Json, Page
from hub_sql.settings import SqlSettings, SqlSourceSettings
from hub_sql.source import SqlSource

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def source_of(
    url: str,
    entry: Mapping[str, object],
    *,
    now: datetime = NOW,
    project: Path = Path(),
    settings: Mapping[str, object] | None = None,
) -> SqlSource:
    """The source at an instant."""
    connection = SqlSettings.model_validate({"url": url, **(settings or {})})
    return SqlSource(connection, SqlSourceSettings.model_validate(entry), Context("shop", project, now))


def pages(source: SqlSource, since: Json = None) -> list[Page]:
    """All pages of a read."""
    return [*source.read([source.source.stream], since)]


def rows(found: Iterable[Page]) -> list[dict[str, object]]:
    """What landed."""
    return [row for page in found for table in page.rows.values() for row in table.to_pylist()]


def keys(found: Iterable[Page]) -> list[object]:
    """The keys of what landed, by the stream's first column."""
    return [next(iter(row.values())) for row in rows(found)]


def refused(found: Iterable[Page]) -> list[tuple[object, object]]:
    """Column and reason of what is in quarantine."""
    tables = [page.quarantine for page in found if page.quarantine is not None]
    return [(row["field"], row["reason"]) for table in tables for row in table.to_pylist()]


def last(found: Iterable[Page]) -> Json:
    """The cursor that is saved in the end."""
    return [page.cursor for page in found if page.cursor is not None][-1]


def told(found: Iterable[Page]) -> list[str]:
    """All warnings."""
    return [warning for page in found for warning in page.warnings]
