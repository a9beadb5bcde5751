"""What an export is to the source: tables of days, their versions, and the events in them."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from hub.sdk.records import Fact, Json


class Export(Protocol):
    """Where tables are."""

    def names(self) -> Iterator[str]:
        """Yield the names of all tables."""

    def version(self, name: str) -> str | None:
        """Return what changes whenever the content of a table does, None where it went since it was named."""

    def events(self, name: str) -> Iterator[Sequence[Json]]:
        """Yield the events of a table, some at a time."""

    def facts(self) -> Iterator[Fact]:
        """Say where it is and what it will cost."""
