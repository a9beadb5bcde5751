"""What happens between two reads, and during one."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from hub.sdk.sandbox import SourceSandbox
from hub.testing.bench import Bench, Vendor
from hub.testing.fold import Fold
from hub.testing.registry import check, must, same

LATE = timedelta(minutes=1)
_ZONES, _A_MOMENT = timedelta(hours=15), timedelta(seconds=2)


@check
def new_records_are_seen(bench: Bench) -> None:
    """What came into being since the last read lands with the next one."""
    with bench.vendor(0.3) as vendor:
        fold = vendor.read()
        for stream in vendor.streams:
            vendor.wait()
            [key] = vendor.box.make(stream)
            vendor.wait()
            must(key in vendor.read(fold).keys(stream), f"{stream}: a new record was not read")
        is_as_a_full_read(vendor, fold)


@check
def changes_of_old_records_are_seen(bench: Bench) -> None:
    """A record that was read long ago and has changed lands as it is now."""
    with bench.vendor(1.3) as vendor:
        fold = vendor.read()
        for stream in _that(vendor.box, "touch"):
            for place, key in enumerate((vendor.box.keys(stream)[0], vendor.box.keys(stream)[-1])):
                vendor.wait()
                vendor.box.touch(stream, key, f"Changed {place}")
                vendor.wait()
                vendor.read(fold)
                must(shows(fold, stream, key, f"Changed {place}"), f"{stream}: a change was not read")
        is_as_a_full_read(vendor, fold)


@check
def deletions_are_seen(bench: Bench) -> None:
    """A record that is deleted is gone after the next read, where the vendor tells of it."""
    with bench.vendor(1.3) as vendor:
        fold = vendor.read()
        for stream in _that(vendor.box, "remove"):
            key = vendor.box.keys(stream)[0]
            vendor.wait()
            vendor.box.remove(stream, key)
            vendor.wait()
            must(key not in vendor.read(fold).keys(stream), f"{stream}: a deletion was not read")
        is_as_a_full_read(vendor, fold)


@check
def a_full_read_forgets_what_is_gone(bench: Bench) -> None:
    """Read in full over what is known, a record that is gone is gone; only a read that says `complete` can do that."""
    with bench.vendor(1.3) as vendor:
        fold = vendor.read()
        for stream in _that(vendor.box, "remove"):
            vendor.box.remove(stream, vendor.box.keys(stream)[-1])
        vendor.wait()
        fold.cursor = None
        vendor.read(fold)
        if fold.completed:
            is_as_a_full_read(vendor, fold)


@check
def ties_are_not_skipped(bench: Bench) -> None:
    """Many records of one instant, more than two pages of them, all land; so do those that join them later."""
    with bench.vendor(0.1) as vendor:
        fold = vendor.read()
        vendor.wait()
        for stream in vendor.streams:
            vendor.box.make(stream, int(2.4 * vendor.box.one_page) if stream == vendor.streams[0] else 3)
        vendor.read(fold, 2)
        vendor.read(fold)
        for stream in vendor.streams:  # at the very instant of the read
            vendor.box.make(stream, 2)
        vendor.wait()
        is_as_a_full_read(vendor, vendor.read(fold))


@check
def late_commits_are_not_lost(bench: Bench) -> None:
    """A record whose time is a minute before what was read already lands with the next read."""
    with bench.vendor(0.1) as vendor:
        fold = vendor.read()
        for stream in vendor.streams:
            vendor.wait()
            vendor.box.make(stream)
            vendor.read(fold)
            vendor.box.clock = vendor.box.now() - LATE
            [late] = vendor.box.make(stream)
            vendor.box.clock = vendor.box.now() + LATE
            must(late in vendor.read(fold).keys(stream), f"{stream}: a record that committed a minute late was lost")
        is_as_a_full_read(vendor, fold)


@check
def a_record_from_the_future_hides_nothing(bench: Bench) -> None:
    """A record that is stamped with next year does not keep what changes until then from being read."""
    with bench.vendor(0.1) as vendor:
        main, fold = vendor.streams[0], vendor.read()
        vendor.wait(365)
        vendor.box.make(main)
        vendor.wait(-364)
        vendor.read(fold)
        vendor.wait()
        [key] = vendor.box.make(main)
        vendor.wait()
        must(key in vendor.read(fold).keys(main), f"{main}: nothing is read any more after a record from the future")


@check
def times_are_utc(bench: Bench) -> None:
    """Whatever zone the vendor writes, the time of a record that was made now is now in UTC."""
    with bench.vendor(0.02) as vendor:
        for stream in vendor.streams:
            vendor.wait()
            [key] = vendor.box.make(stream)
            now = vendor.box.now().astimezone(UTC).replace(tzinfo=None)
            for name, value in _record(vendor.read(), stream, key).items():
                if isinstance(value, datetime) and abs(value - now) < _ZONES:
                    must(abs(value - now) < _A_MOMENT, f"{stream}.{name}: {value} where it is {now} UTC")


def _record(fold: Fold, stream: str, key: str) -> Mapping[str, object]:
    found = fold.content().get(stream, {})
    return next((row for each, row in found.items() if "/".join(map(str, each)) == key), {})


@check
def changes_between_pages_are_not_lost(bench: Bench) -> None:
    """What is made, changed or deleted while a read goes on lands with it, or with the next one."""
    with bench.vendor() as vendor:
        for pages in range(1, 4):
            fold = Fold()
            for number, _ in enumerate(fold.read(vendor.source().read(vendor.made.streams, None)), 1):
                if number == pages:
                    _change_all(vendor)
            vendor.wait()
            is_as_a_full_read(vendor, vendor.read(fold))
            vendor.wait()


def _change_all(vendor: Vendor) -> None:
    vendor.box.clock = vendor.box.now() + timedelta(seconds=1)
    for stream in vendor.streams:
        vendor.box.make(stream)
    for stream in _that(vendor.box, "touch"):
        vendor.box.touch(stream, vendor.box.keys(stream)[0], "Changed meanwhile")
        vendor.box.touch(stream, vendor.box.keys(stream)[-1], "Changed meanwhile")


def is_as_a_full_read(vendor: Vendor, fold: Fold) -> None:
    """What was put together by increments is what a fresh read in full brings."""
    same(vendor.read().content(), fold.content(), "increments and a fresh full read")


def shows(fold: Fold, stream: str, key: str, text: str) -> bool:
    """Say whether a record holds the text in any of its columns."""
    return any(isinstance(value, str) and text in value for value in _record(fold, stream, key).values())


def _that(box: SourceSandbox, change: str) -> list[str]:
    return [stream for stream, noticed in box.kinds.items() if change in noticed]
