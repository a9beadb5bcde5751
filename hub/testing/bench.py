"""Where a source is checked: a vendor with records, a clock, and reads that may end in the middle."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from hub.sdk.connector import Context, Source
from hub.sdk.errors import HubError
from hub.sdk.http.retry import pace
from hub.sdk.records import Json
from hub.sdk.sandbox import Fault, SourceSandbox
from hub.testing.fold import Fold

AnySource: TypeAlias = Source[Any, Any]

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD, OVER = timedelta(days=20), timedelta(days=15)
"""How old the first records are, and over how long they come into being: no look-back brings them again."""
MANY_PAGES = 5_000
_HURRY = 0.01


class Endless(AssertionError):
    """A read gave more pages than there can be."""


@dataclass
class Vendor:
    """A sandbox that serves, and the source that reads it, each time made anew as the hub does."""

    made: type[AnySource]
    box: SourceSandbox
    streams: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.streams = tuple(self.box.kinds)

    def source(self, connection: Mapping[str, Json] | None = None) -> AnySource:
        """Make the source at the vendor's time, with good credentials unless others are given."""
        settings = self.made.settings_model.model_validate(self.box.connection() if connection is None else connection)
        entry = self.made.source_model.model_validate({**self.box.entry()})
        return self.made(settings, entry, Context("bench", Path(), self.box.now()))

    def read(self, fold: Fold | None = None, pages: int = MANY_PAGES) -> Fold:
        """Read on from where the fold stands, at most so many pages; then the generator is closed.

        Raises:
            Endless: a whole read gave 5,000 pages.
        """
        fold = Fold() if fold is None else fold
        with closing(self.source().read(self.made.streams, fold.cursor)) as reading:  # type: ignore[type-var]
            taken = sum(1 for _ in islice(fold.read(reading), pages))
        if taken >= MANY_PAGES:
            raise Endless(f"{taken} pages, and no end")
        return fold

    def try_to_read(self, fold: Fold) -> HubError | None:
        """Read on; return the error of the contract that ended the read, None when it ended well."""
        try:
            self.read(fold)
        except HubError as error:
            return error
        return None

    def wait(self, days: float = 1) -> None:
        """Let time pass at the vendor."""
        self.box.clock = self.box.now() + timedelta(days=days)

    def requests(self) -> list[tuple[str, str]]:
        """Return method and path of every request so far."""
        return [(each.request.method, each.request.path) for each in self.box.requests]

    @contextmanager
    def fault(self, fault: Fault) -> Iterator[None]:
        """Put a fault in store, and take away what is left of it."""
        self.box.faults.add(fault)
        try:
            yield
        finally:
            self.box.faults.clear()


@dataclass(frozen=True)
class Bench:
    """A source and its simulated vendor. `many`: records of the check that reads many."""

    source: type[AnySource]
    sandbox: type[SourceSandbox]
    many: int = 10_050

    @contextmanager
    def vendor(self, pages: float = 2.4) -> Iterator[Vendor]:
        """Serve a vendor with so many pages of records of the first stream and two of each other, all of them old.

        Our own pauses between tries are cut to a hundredth.
        """
        hurry = pace.set(_HURRY)
        try:
            with self.sandbox() as box:
                _fill(box, pages)
                box.clock = START
                yield Vendor(self.source, box)
        finally:
            pace.reset(hurry)


def _fill(box: SourceSandbox, pages: float) -> None:
    """Let records come into being one after the other, over `OVER`."""
    first, *others = box.kinds
    streams = [first] * int(pages * box.one_page) + others * (2 if pages else 0)
    box.clock = START - OLD
    for stream in streams:
        box.make(stream)
        box.clock += OVER / len(streams)
