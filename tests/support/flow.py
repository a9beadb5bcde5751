"""A small hub without connectors: a store, a landing log and a derived database in a temporary folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from hub.engine import DuckEngine
from hub.engine.schema import create
from hub.flow.apply import apply
from hub.flow.identify import IdentityRules, identify
from hub.flow.land import Counts, Place, land_page
from hub.lake.landing import Landing
from hub.sdk.records import Page
from hub.sdk.streams import IDENTIFIERS, STREAMS
from hub.store.control import Store

KEY = b"0123456789abcdef0123456789abcdef"
DAY = datetime(2018, 1, 1)  # noqa: DTZ001 - naive UTC, as everywhere in the hub


def table(stream: str, rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Make a table of a stream; `ids` of a row is a mapping of namespaces to values."""
    schema = STREAMS[stream].columns
    names = {name for row in rows for name in row if name != "ids"}
    extra = [pa.field(name, _extra(name)) for name in sorted(names - set(schema.names))]
    whole = pa.schema([*[each for each in schema if each.name in names], *extra])
    plain = [{name: value for name, value in row.items() if name != "ids"} for row in rows]
    made = pa.Table.from_pylist(plain, schema=whole)
    if "identifiers" not in schema.names:
        return made
    pairs = [[{"namespace": name, "value": value} for name, value in _ids(row).items()] for row in rows]
    return made.append_column("identifiers", pa.array(pairs, IDENTIFIERS))


def _ids(row: Mapping[str, object]) -> Mapping[str, str]:
    ids = row.get("ids", {})
    assert isinstance(ids, Mapping)
    return ids


def _extra(name: str) -> pa.DataType:
    return {"_known": pa.list_(pa.string()), "_version": pa.timestamp("us")}.get(name, pa.string())


@dataclass
class SmallHub:
    """Land pages with `land`, bring the derived database up to date with `update`."""

    folder: Path
    rules: IdentityRules = field(default_factory=IdentityRules)

    def __post_init__(self) -> None:
        self.store = Store.open(self.folder / "control.sqlite")
        self.store.take_lease("test")
        self.landing = Landing(self.folder / "landing", self.store)
        self.run_id = self.store.start_run("test", DAY)
        self.engine = DuckEngine(folders=[self.folder])
        create(self.engine)

    def land(self, page: Page, connection: str = "shop", read: str = "", source: str = "all") -> Counts:
        """Land one page of a read."""
        place = Place(tuple(page.rows), connection, source, read or uuid4().hex, self.run_id, "EUR", "DE")
        counts = Counts()
        land_page(page, place, self.landing, self.store, counts)
        return counts

    def rows(self, stream: str, rows: Sequence[Mapping[str, object]], connection: str = "shop") -> Counts:
        """Land rows of one stream as one page."""
        return self.land(Page(rows={stream: table(stream, rows)}), connection)

    def apply(self) -> int:
        """Apply what has landed."""
        return apply(self.engine, self.store.files(), self.landing.root)

    def update(self) -> None:
        """Apply what has landed and link it to people."""
        self.apply()
        identify(self.engine, self.rules, KEY)

    def rebuilt(self) -> DuckEngine:
        """Return a database made anew from the log alone."""
        engine = DuckEngine(folders=[self.folder])
        create(engine)
        apply(engine, self.store.files(), self.landing.root)
        identify(engine, self.rules, KEY)
        return engine

    def people(self) -> dict[str, frozenset[str]]:
        """Profile id -> record ids of its people records."""
        found: dict[str, set[str]] = {}
        for profile, record in self.engine.run(
            "select i.profile_id, c._key from current_people c join identity i using (_node)"
        ):
            found.setdefault(str(profile), set()).add(str(record))
        return {profile: frozenset(records) for profile, records in found.items()}
