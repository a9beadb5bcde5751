"""One shop for all questions of this folder."""

from collections.abc import Iterator

import pytest

from tests.support.asked import Asked, asked_project


@pytest.fixture(scope="session")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """The shop, after its one run."""
    with asked_project(tmp_path_factory.mktemp("asked")) as found:
        yield found
