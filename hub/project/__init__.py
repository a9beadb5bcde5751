"""A project directory, opened: settings, plugins, stores, and the lock that makes this process its owner."""

import os
import secrets
from collections.abc import Mapping
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
from hub.flow.profile import ProfileRules, make_views
from hub.flow.segment import make_person
from hub.lake.durable import published
from hub.lake.landing import Landing
from hub.project.compile import Compiled, compile_project
from hub.registry import Plugins, load_plugins
from hub.sdk.connector import Context, Destination, Source
from hub.sdk.settings import Settings, SourceSettings
from hub.settings import Connection, ProjectSettings, load
from hub.store.control import Store
from hub.store.journal import Journal
from hub.store.lock import ProjectLock

__all__ = ["Compiled", "Project", "load_settings"]


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
    """An open project. One process at a time; see `Project.open`.

    `restored` says that the control store is older than what was sent: nothing may be believed of the destinations.
    """

    root: Path
    settings: ProjectSettings
    plugins: Plugins
    compiled: Compiled
    store: Store
    engine: DuckEngine
    landing: Landing
    journal: Journal
    lock: ProjectLock
    key: bytes
    restored: bool

    @classmethod
    def open(cls, root: Path) -> Self:
        """Take the lock, load everything, and repair what a crash left behind.

        Raises:
            LockHeld: another process owns the project.
            ConfigError: see `load_settings`; rules that do not compile.
        """
        settings, plugins = load_settings(root)
        compiled = compile_project(settings, plugins.traits, plugins.stages)
        data = root / "data"
        lock = ProjectLock(data).acquire()
        try:
            store = Store.open(data / "control.sqlite")
            store.take_lease(f"pid {os.getpid()}")
            store.recover_runs()
            journal = Journal(data / "delivery" / "epoch")
            landing = Landing(data / "landing", store)
            landing.adopt()
            engine = open_engine(data)
        except BaseException:
            lock.release()
            raise
        restored = store.restored(journal)
        return cls(
            root, settings, plugins, compiled, store, engine, landing, journal, lock, _key(data / "key"), restored
        )

    def close(self) -> None:
        """Release everything, the lock last."""
        self.engine.close()
        self.store.close()
        self.lock.release()

    @cached_property
    def identity_rules(self) -> IdentityRules:
        """What `identity.toml` says, as the step wants it."""
        identity = self.settings.identity
        return IdentityRules(
            identity.one_person, identity.max_per_person, identity.block, identity.prefer.get("default", ())
        )

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
        """Make the views over people that rules, fields and previews read."""
        make_views(self.engine)
        make_person(self.engine, self.compiled.derived, as_of, refresh=cut_points)


def open_engine(data: Path) -> DuckEngine:
    """Open the derived database; one that cannot be read is thrown away, since it can be rebuilt from the logs."""
    path = data / "derived.duckdb"
    (data / "landing").mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        engine = DuckEngine(path, folders=[data])
    except duckdb.Error:
        for name in (path, path.with_name(path.name + ".wal")):
            name.unlink(missing_ok=True)
        engine = DuckEngine(path, folders=[data])
    create(engine)
    return engine


def _key(path: Path) -> bytes:
    """Return the installation key, 32 random bytes, made on first use. Profile ids and sealed files depend on it."""
    if not path.exists():
        with published(path) as partial:
            partial.write_bytes(secrets.token_bytes(32))
    return path.read_bytes()
