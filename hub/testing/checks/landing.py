"""The hub itself takes the pages: what was read is what has landed and what is in quarantine."""

import tempfile
from contextlib import closing
from datetime import datetime
from pathlib import Path

from hub.flow.land import Counts, Place, land_page
from hub.lake.landing import Landing
from hub.sdk.records import Page
from hub.store.control import Store
from hub.testing.bench import Bench, Vendor
from hub.testing.registry import check, must, same

_DAY = datetime(2026, 3, 1)  # noqa: DTZ001 - naive UTC, as everywhere in the hub


@check
def the_hub_lands_what_is_read(bench: Bench) -> None:
    """Through the real landing: read = landed + quarantined for every stream."""
    with bench.vendor(1.2) as vendor, tempfile.TemporaryDirectory() as folder:
        pages = list(vendor.source().read(vendor.made.streams, None))
        counts = _landed(Path(folder), vendor, pages)
        for stream, read in counts.read.items():
            same(read, counts.landed.get(stream, 0) + counts.quarantined.get(stream, 0), f"{stream}: rows read")
        for stream in vendor.streams:
            must(counts.landed.get(stream, 0) >= len(vendor.box.keys(stream)), f"{stream}: fewer landed than there are")


def _landed(folder: Path, vendor: Vendor, pages: list[Page]) -> Counts:
    counts = Counts()
    with closing(Store.open(folder / "control.sqlite")) as store:
        store.take_lease("suite")
        landing = Landing(folder / "landing", store)
        place = Place(vendor.made.streams, "bench", "all", "read", store.start_run("suite", _DAY), "EUR", "US")
        for page in pages:
            land_page(page, place, landing, store, counts)
    return counts
