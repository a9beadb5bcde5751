"""A store of each kind: every test that takes `store` or `where` runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store.control import Store
from tests.support.store import NO_POSTGRES, leased_store, postgres_cluster, postgres_database, postgres_is_installed


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    """A PostgreSQL server for the whole session."""
    if not postgres_is_installed():
        pytest.skip(NO_POSTGRES)
    with postgres_cluster() as folder:
        yield folder


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where an empty store may be opened."""
    if request.param == "sqlite":
        yield str(tmp_path / "data" / "control.sqlite")
        return
    with postgres_database(request.getfixturevalue("cluster")) as url:
        yield url


@pytest.fixture
def store(where: str) -> Iterator[Store]:
    """An empty store that may write."""
    opened = leased_store(where)
    yield opened
    opened.close()
