"""A project directory, opened: settings, plugins, stores, and the lock that makes this process its owner."""

import os
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import duckdb

from hub.engine import DuckEngine
from hub.engine.schema import create
from hub.flow.identify import IdentityRules
from hub.flow.profile import ProfileRules
from hub.flow.segment import cut_points_of, make_person, restore_cut_points
from hub.lake.durable import published
from hub.lake.landing import Landing
from hub.lake.spool import Spool
from hub.project.compile import Compiled, compile_project
from hub.registry import Plugins, load_plugins
from hub.sdk.connector import Context, Destination, Source
from hub.sdk.errors import HubError
from hub.sdk.settings import Settings, SourceSettings
from hub.settings import Connection, ProjectSettings, load
from hub.settings.models import SHARED
from hub.store.control import Store
from hub.store.journal import Journal
from hub.store.lock import ProjectLock

_CUT_POINTS = "cut_points"  # beside the derived database: a rebuild leaves people in their ranks

__all__ = ["Compiled", "Project", "load_settings"]

_KEY_BYTES = 32
_OUT_OF_REACH = (
    ("set lock on file", "another program has it open", "Close it there (a notebook, a DuckDB shell), then run again."),
    ("permission denied", "permission denied", "Give this user the file, or run as the user who owns it."),
    ("no space left", "the disk is full", "Make room; then run again."),
)


def load_settings(root: Path) -> tuple[ProjectSettings, Plugins]:
    """Load plugins and config of a project, without opening its data.

    Raises:
        ConfigError: a config file or a plugin of the project is wrong.
    """
    plugins = load_plugins(root / "plugins")
    plugins.require_whole()
    return load(root, plugins.connectors(), broken=plugins.reasons()), plugins


@dataclass
class Project:
    """An open project. One process at a time; see `Project.open`."""

    root: Path
    settings: ProjectSettings
    plugins: Plugins
    compiled: Compiled
    store: Store
    engine: DuckEngine
    landing: Landing
    spool: Spool
    journal: Journal
    key: bytes
    _opened: ExitStack

    @classmethod
    def open(cls, root: Path) -> Self:
        """Take the lock, load everything, and repair what a crash left behind.

        Raises:
            LockHeld: another process owns the project.
            ConfigError: see `load_settings`; rules that do not compile.
            HubError: the installation key is missing or damaged, or another program has the derived database open.
        """
        settings, plugins = load_settings(root)
        compiled = compile_project(settings, plugins.traits, plugins.stages)
        data = root / "data"
        with ExitStack() as opened:
            lock = ProjectLock(data).acquire()
            opened.callback(lock.release)
            store = Store.open(data / "control.sqlite")
            opened.callback(store.close)
            store.take_lease(f"pid {os.getpid()}")
            store.recover_runs()
            journal = Journal(data / "delivery" / "epoch")
            landing = Landing(data / "landing", store)
            landing.adopt()
            key = _key(data / "key", needed=bool(store.files()))
            engine = open_engine(data)
            opened.callback(engine.close)
            closing = opened.pop_all()
        spool = Spool(data / "spool", settings.hub.web.pushed_bytes)
        return cls(root, settings, plugins, compiled, store, engine, landing, spool, journal, key, closing)

    def close(self) -> None:
        """Release everything, the lock last."""
        self._opened.close()

    @cached_property
    def identity_rules(self) -> IdentityRules:
        """What `identity.toml` says, as the step wants it."""
        identity = self.settings.identity
        apart = [name for name in SHARED if name not in (*identity.shared, *identity.one_person)]
        return IdentityRules(
            one_person=identity.one_person, apart=apart, max_per_person=identity.max_per_person, block=identity.block,
            priority=identity.prefer.get("default", ()),
        )  # fmt: skip

    @cached_property
    def profile_rules(self) -> ProfileRules:
        """Whose word counts, as the step wants it."""
        prefer: Mapping[str, tuple[str, ...]] = self.settings.identity.prefer
        by_attribute = {name: order for name, order in prefer.items() if name != "default"}
        return ProfileRules(prefer.get("default", ()), by_attribute, self.settings.hub.consent)

    def context(self, connection: str, now: datetime | None = None) -> Context:
        """Return what a connector of `connection` gets beside its settings."""
        shop = self.settings.hub.shop
        return Context(connection, self.root, now or datetime.now(UTC), shop.timezone, shop.country)

    def source(self, connection: Connection, entry: SourceSettings) -> "Source[Settings, SourceSettings]":
        """Make the source of a `[[source]]` entry."""
        return self.plugins.sources[connection.connector](connection.settings, entry, self.context(connection.name))

    def destination(self, connection: Connection) -> "Destination[Settings, Settings]":
        """Make the destination of a connection."""
        return self.plugins.destinations[connection.connector](connection.settings, self.context(connection.name))

    def instant(self, as_of: datetime | None) -> datetime:
        """Return the run's instant as naive UTC; a naive `as_of` is in the shop's time zone."""
        if as_of is None:
            return datetime.now(UTC).replace(tzinfo=None)
        local = as_of if as_of.tzinfo else as_of.replace(tzinfo=ZoneInfo(self.settings.hub.shop.timezone))
        return local.astimezone(UTC).replace(tzinfo=None)

    def refresh_views(self, as_of: datetime, *, cut_points: bool) -> None:
        """Make the views over people that rules, fields and previews read; profiles are there."""
        stored = self.store.meta(_CUT_POINTS)
        restore_cut_points(self.engine, stored)
        make_person(self.engine, self.compiled.derived, as_of, refresh=cut_points)
        drawn = cut_points_of(self.engine)
        if drawn != stored:
            self.store.set_meta(_CUT_POINTS, drawn)


def open_engine(data: Path) -> DuckEngine:
    """Open the derived database; a damaged one is thrown away, since it can be rebuilt from the logs.

    Raises:
        HubError: it may be whole, but cannot be opened now.
    """
    path = data / "derived.duckdb"
    (data / "landing").mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return _open_database(path, data)
    except duckdb.Error as error:
        _refuse_to_delete(error)
    for name in (path, path.with_name(path.name + ".wal")):
        name.unlink(missing_ok=True)
    return _open_database(path, data)


def _open_database(path: Path, data: Path) -> DuckEngine:
    engine = DuckEngine(path, folders=[data])
    try:
        create(engine)
    except BaseException:
        engine.close()
        raise
    return engine


def _refuse_to_delete(error: duckdb.Error) -> None:
    """Raise where the database is only out of reach: open elsewhere, or not ours to read."""
    for sign, fact, hint in _OUT_OF_REACH:
        if sign in str(error).lower():
            raise HubError(f"data/derived.duckdb cannot be opened: {fact}.", hint=hint) from error


def _key(path: Path, *, needed: bool) -> bytes:
    """Return the installation key, 32 random bytes, made on first use. Profile ids and sealed files depend on it."""
    if not path.exists() and not needed:
        with published(path) as partial:
            partial.write_bytes(secrets.token_bytes(_KEY_BYTES))
    key = path.read_bytes() if path.exists() else b""
    if len(key) != _KEY_BYTES:
        found = f"it has {len(key)} bytes instead of {_KEY_BYTES}" if path.exists() else "it is missing"
        raise HubError(
            f"data/key, the installation key, cannot be used: {found}. With another key everybody would get a new "
            "profile id, and what was delivered could not be read.",
            hint="Restore data/key from the backup. To begin anew without what was landed and sent, move data/ away.",
        )
    return key
