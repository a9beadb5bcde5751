"""One way of pulling every page from a server: `python -m benchmarks.pull_ways WAY URL FOLDER`.

floor       httpx and json.loads, nothing kept
read        the source that `hub new` writes, its pages thrown away
land        the same, landed as a run does it, without e-mails and phones
identifiers the same with them
"""

import json
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import httpx  # noqa: TID251 - it is what we are measured against

from benchmarks.measure import own_cpu
from benchmarks.pull_server import PAGE
from hub.flow.extract import AnySource, Reader, extract
from hub.flow.land import Counts, Place, land_page
from hub.lake.landing import Landing
from hub.scaffold.source.settings import ExampleSettings
from hub.scaffold.source.source import ExampleSource
from hub.sdk.connector import Context
from hub.sdk.records import Page
from hub.sdk.settings import SourceSettings
from hub.store.control import Store

_NOW = datetime(2026, 6, 1, tzinfo=UTC)


def floor(url: str) -> int:
    """Ask for every page, parse it, count."""
    rows, cursor = 0, "0"
    with httpx.Client() as client:
        while cursor:
            body = json.loads(client.get(f"{url}/v1/customers", params={"cursor": cursor, "limit": PAGE}).content)
            rows, cursor = rows + len(body["customers"]), body["next"]
    return rows


def _source(url: str) -> ExampleSource:
    settings = ExampleSettings.model_validate({"api_key": "key", "base_url": url})
    return ExampleSource(settings, SourceSettings(stream="people"), Context("bench", Path(), _NOW))


def read(url: str) -> int:
    """Read every page and drop it."""
    return sum(page.rows["people"].num_rows for page in _source(url).read(["people"], None) if page.rows)


def land(url: str, folder: Path) -> int:
    """Read and land every page."""
    counts = Counts()
    with closing(Store.open(folder / "control.sqlite")) as store:
        store.take_lease("bench")
        landing = Landing(folder / "landing", store)
        place = Place(
            ("people",), "bench", "all", "read", store.start_run("full", _NOW.replace(tzinfo=None)), "EUR", "US"
        )

        def keep(page: Page) -> None:
            land_page(page, place, landing, store, counts)

        reader = Reader(cast("AnySource", _source(url)), None, keep)
        extract([reader], lambda: False)
    if reader.error:
        raise reader.error
    return counts.landed["people"]


def main() -> None:
    """Print the rows, and what the work alone took (`wall`, `cpu`)."""
    way, url, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    folder.mkdir(parents=True)
    cpu, started = own_cpu(), time.monotonic()
    rows = {"floor": floor, "read": read}[way](url) if way in {"floor", "read"} else land(url, folder)
    print(json.dumps({"wall": time.monotonic() - started, "cpu": own_cpu() - cpu, "rows": rows}))


if __name__ == "__main__":
    main()
