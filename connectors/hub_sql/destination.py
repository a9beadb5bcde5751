"""The destination `sql`: a table kept equal to an audience, which may be everybody."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import ClassVar

from sqlalchemy import Engine

from hub.sdk.connector import ANY_ADDRESS, Capabilities, Destination
from hub.sdk.errors import ConfigError, HubError
from hub.sdk.identity import base_of
from hub.sdk.records import Answer, Batch, Fact, Json, NotApplied, Observed, Outcome, Row, Target, Verdict
from hub.sdk.settings import AudienceSettings
from hub_sql.cells import cell, text
from hub_sql.database import engine_of, open_database
from hub_sql.drivers import url_of
from hub_sql.settings import SqlSettings, SqlTarget
from hub_sql.table import KeptTable, RefusedRows

_WRITABLE = ("postgresql", "mysql", "mariadb", "sqlite")
_LONGEST_KEY = 255


class SqlDestination(Destination[SqlSettings, SqlTarget]):
    """One row a person, by what they are recognised by; a batch is one transaction."""

    name = "sql"
    settings_model = SqlSettings
    target_model = SqlTarget
    capabilities: ClassVar = Capabilities(
        address_by=(ANY_ADDRESS,), batch_rows=5_000, settles_within=timedelta(minutes=15), evidence="row",
        read_back="full",
    )  # fmt: skip

    def check(self) -> Iterable[Fact]:
        """Say which database this is, and who we are there."""
        try:
            version, user, may_all = open_database(self.settings, self.context.project).identity()
        except HubError as error:
            yield Fact("error", str(error))
            return
        yield Fact("ok", f"{version}, signed in as {user}" if user else version)
        if may_all:
            yield Fact("warning", "this user is a superuser; give the hub one that may write to its tables alone")

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """One table."""
        wanted = _target(audience)
        if strange := sorted(wanted.types.keys() - audience.fields.keys()):
            raise ConfigError(f'audience "{audience.name}": types names "{strange[0]}", which is no field.')
        if twice := sorted({base_of(each) for each in audience.match_on} & audience.fields.keys()):
            raise ConfigError(f'audience "{audience.name}": "{twice[0]}" is a field and in match_on; rename the field.')
        if odd := sorted(name for name in audience.fields if "%" in name):  # PyMySQL's bulk inserts garble it
            raise ConfigError(f'audience "{audience.name}": the field "{odd[0]}" holds %; rename it.')
        return [Target(f"table/{wanted.table}", "membership", fields=True)]

    def open(self, target: Target, audience: AudienceSettings, plan_id: str, total: int) -> Json:  # noqa: ARG002
        """Make the table, or the columns that it lacks. The handle holds its layout."""
        wanted = _target(audience)
        fields = {name: wanted.types.get(name, "text") for name in audience.fields}
        handle: Json = {"table": wanted.table, "match": [base_of(each) for each in audience.match_on], "fields": fields}
        self._table(handle).prepare(create=wanted.create)
        return handle

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:  # noqa: ARG002
        """Write a batch in one transaction; rows whose values do not fit their columns are left out and rejected."""
        match, fields = _layout(handle)
        table, refused, rows = self._table(handle), list[Verdict](), dict[int, Mapping[str, object]]()
        for index, row in enumerate(batch.rows):
            try:
                rows[index] = _keys(row, match) | ({} if batch.op == "remove" else _values(row, fields))
            except ValueError as problem:
                refused.append(Verdict(index, "rejected", str(problem)))
        try:
            if rows:
                (table.remove if batch.op == "remove" else table.put)([*rows.values()])
        except RefusedRows as problem:
            alone = next(iter(rows)) if len(rows) == 1 else None
            return NotApplied([*refused, *([] if alone is None else [Verdict(alone, "rejected", problem.code)])])
        done: Outcome = "absent" if batch.op == "remove" else "present"
        return [*refused, *(Verdict(index, done) for index in rows)]

    def read_back(self, target: Target, handle: Json) -> Iterator[Observed]:  # noqa: ARG002
        """Yield who stands in the table now."""
        return (Observed(wire, "present") for wire in self._table(handle).people())

    def _table(self, handle: Json) -> KeptTable:
        match, fields = _layout(handle)
        name = handle["table"] if isinstance(handle, Mapping) else ""
        return KeptTable(self._engine, str(name), match, fields)

    @cached_property
    def _engine(self) -> Engine:
        url = url_of(self.settings.url.reveal(), self.context.project, mode="rw")
        if url.get_backend_name() not in _WRITABLE:
            known = ", ".join(_WRITABLE)
            raise ConfigError(f"tables are kept in {known}; this is {url.get_backend_name()}.", where="url")
        return engine_of(url, self.settings.statement_timeout.total_seconds())


def _target(audience: AudienceSettings) -> SqlTarget:
    if isinstance(audience.target, SqlTarget):
        return audience.target
    raise ConfigError(f'audience "{audience.name}" names no table.', hint='Give target = { table = "..." }.')


def _layout(handle: Json) -> tuple[list[str], dict[str, str]]:
    if not isinstance(handle, Mapping):
        raise TypeError("the handle is not one of this connector")
    match, fields = handle["match"], handle["fields"]
    if not isinstance(match, Sequence) or not isinstance(fields, Mapping):
        raise TypeError("the handle is not one of this connector")
    return [str(each) for each in match], {name: str(kind) for name, kind in fields.items()}


def _keys(row: Row, match: Sequence[str]) -> dict[str, object]:
    """Return the key; what a person has not got is empty text. Raises ValueError for what cannot be a key."""
    try:
        keys = {name: text(row.wire.get(name, "")) for name in match}
    except ValueError:
        raise ValueError("no_text") from None
    if max(map(len, keys.values())) > _LONGEST_KEY:
        raise ValueError("too_long")
    return {**keys}


def _values(row: Row, fields: Mapping[str, str]) -> dict[str, object]:
    return {name: cell(row.fields.get(name), kind) for name, kind in fields.items()}
