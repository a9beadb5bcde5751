"""One way to land a file, in a process of its own: `python -m benchmarks.landing_ways WAY FILE FOLDER`."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks.measure import own_cpu
from hub.flow.land import Counts, Place, land_page
from hub.lake.landing import Landing
from hub.registry import load_plugins
from hub.sdk.connector import Context
from hub.sdk.identity import normalise, normalise_email, normalise_phone
from hub.sdk.streams import IDENTIFIERS
from hub.store.control import Store

_COLUMNS = {name: name for name in ("order_id", "placed_at", "status", "store", "total", "coupon", "updated_at")}


def copy(file: Path, folder: Path) -> None:
    """The floor: every cell as text, straight into Parquet."""
    folder.mkdir()
    read = f"select * from read_csv('{file}', all_varchar = true)"
    duckdb.connect().execute(f"copy ({read}) to '{folder / 'orders.parquet'}' (format parquet)").fetchall()


def land(file: Path, folder: Path, *, identifiers: bool) -> None:
    """Through the hub: the csv source, typed and judged cells, sealed pages, registry."""
    folder.mkdir()
    store = Store.open(folder / "control.sqlite")
    store.take_lease("benchmark")
    number = store.start_run("land", datetime(2026, 1, 1), {})  # noqa: DTZ001 - naive UTC, as everywhere in the hub
    place = Place(("orders",), "shop", "orders", "read", number, "EUR", "DE")
    source = load_plugins(None).sources["csv"]
    mapping = {"columns": _COLUMNS, "identifiers": {"customer": "customer_id"}}
    if not identifiers:  # the same eight columns, the customer as plain text
        mapping = {"columns": {**_COLUMNS, "channel": "customer_id"}}
    settings = source.settings_model.model_validate({"root": str(file.parent)})
    entry = source.source_model.model_validate({"stream": "orders", "files": [file.name], **mapping})
    reader = source(settings, entry, Context("shop", folder, datetime.now(UTC), "UTC", "DE"))
    landing, counts = Landing(folder / "landing", store), Counts()
    for page in reader.read(("orders",), None):
        land_page(page, place, landing, store, counts)
    store.close()
    if counts.read != counts.landed:
        raise SystemExit(f"read {counts.read}, landed {counts.landed}")


def identifiers(rows: int) -> dict[str, float]:
    """Normalise `rows` addresses and numbers, a tenth of them odd.

    `library`: CPU seconds of the libraries over all of them, all distinct; `odd`: over those alone that the plain rules
    leave to the libraries.
    """
    emails = [f"Person.{i}@mail.example.com" if i % 10 else f"person.{i}@Straße.example" for i in range(rows // 2)]
    phones = [f"+49 154 {i:08}" if i % 10 else f"0154/{i:08}" for i in range(rows // 2)]
    pairs = [[{"namespace": "email", "value": value}] for value in emails]
    pairs += [[{"namespace": "phone", "value": value}] for value in phones]
    lists = pa.chunked_array([pa.array(pairs, IDENTIFIERS)])
    cpu, started = own_cpu(), time.monotonic()
    normalise(lists, "shop", "DE")
    taken = {"wall": time.monotonic() - started, "cpu": own_cpu() - cpu}
    odd = _ask_libraries(emails[::10], phones[::10])
    plain = _ask_libraries(*([value for i, value in enumerate(each) if i % 10] for each in (emails, phones)))
    return {**taken, "odd": odd, "library": odd + plain}


def _ask_libraries(emails: Sequence[str], phones: Sequence[str]) -> float:
    cpu = own_cpu()
    for value in emails:
        normalise_email(value)
    for value in phones:
        normalise_phone(value, "DE")
    return own_cpu() - cpu


def _timed(work: Callable[[], None]) -> dict[str, float]:
    cpu, started = own_cpu(), time.monotonic()
    work()
    return {"wall": time.monotonic() - started, "cpu": own_cpu() - cpu}


def main() -> None:
    """Print what the work alone took."""
    way, file, folder = sys.argv[1:]
    if way == "identifiers":
        said = identifiers(int(file))
    elif way == "copy":
        said = _timed(lambda: copy(Path(file), Path(folder)))
    else:
        said = _timed(lambda: land(Path(file), Path(folder), identifiers=way != "land"))
    print(json.dumps(said))


if __name__ == "__main__":
    main()
