"""A vendor that a source reads, with what the conformance suite (`hub.testing`) asks of it and changes in it."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar, Literal, TypeAlias

from hub.sdk.records import Json
from hub.sdk.sandbox.base import Sandbox

Change: TypeAlias = Literal["touch", "remove"]


class SourceSandbox(Sandbox):
    """Write these beside the routes, and `source_suite(MySource, sandbox=MySandbox)` does the rest.

    `clock` is the vendor's time, None for the machine's. The suite sets it, and never back but for records that commit
    late. Everything that the vendor stamps with a time has to take it from `now`.
    """

    kinds: ClassVar[Mapping[str, frozenset[Change]]]
    """Canonical stream -> what an incremental read notices of its records: that one changed, that one is gone."""
    renews: ClassVar[bool] = False
    """Whether the source gets a new token by itself when the vendor refuses the old one."""
    one_page: ClassVar[int] = 100
    """Most records in a page, as the source asks for them."""

    clock: datetime | None = None

    def now(self) -> datetime:
        """Return the vendor's time, aware."""
        return self.clock or datetime.now(UTC)

    @abstractmethod
    def connection(self) -> Mapping[str, Json]:
        """Return a `[connection]` table with good credentials, `base_url` and all that is needed."""

    @abstractmethod
    def refused(self) -> Mapping[str, Json]:
        """Return a `[connection]` table whose credentials the vendor refuses."""

    def entry(self) -> Mapping[str, Json]:
        """Return the keys of a `[[source]]` table beside `stream`, where one is needed."""
        return {}

    @abstractmethod
    def expire(self) -> None:
        """Refuse every token that is in use; `connection` has good ones again after that."""

    @abstractmethod
    def make(self, stream: str, count: int = 1) -> Sequence[str]:
        """Let `count` records of a stream come into being now; return their record keys as the source lands them."""

    @abstractmethod
    def touch(self, stream: str, key: str, text: str) -> None:
        """Change a record now; `text` is to be seen in the record that lands (a name, a note), whole."""

    def remove(self, stream: str, key: str) -> None:
        """Delete a record now. Only asked where `kinds` says that a deletion is noticed."""
        raise NotImplementedError(f"{self.name} does not delete {stream} ({key}).")

    @abstractmethod
    def keys(self, stream: str) -> Sequence[str]:
        """Return the keys of all records that a full read has to land."""
