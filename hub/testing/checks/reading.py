"""What is there at first, wherever a read is cut off."""

from hub.testing.bench import Bench
from hub.testing.fold import Fold
from hub.testing.registry import check, must, same

_PLACES = 10  # pages after which a read is killed: none, one, two, ...


@check
def a_full_read_brings_everything(bench: Bench) -> None:
    """Every record of every kind lands, over several pages, and none that is not there."""
    with bench.vendor() as vendor:
        fold = vendor.read()
        for stream in vendor.streams:
            same(set(vendor.box.keys(stream)), fold.keys(stream), f"{stream}: keys of a full read")
        same([], fold.quarantined, "good records went to quarantine")


@check
def one_stream_can_be_asked_for(bench: Bench) -> None:
    """A read of one stream brings that one whole, and no other that was not asked for."""
    with bench.vendor(1.2) as vendor:
        for stream in vendor.streams:
            fold = Fold()
            for _ in fold.read(vendor.source().read([stream], None)):
                pass
            same(set(vendor.box.keys(stream)), fold.keys(stream), f"{stream}: keys of a read of it alone")
            same({stream}, {name for name, rows in fold.rows.items() if rows}, f"streams of a read of {stream}")


@check
def reading_again_changes_nothing(bench: Bench) -> None:
    """Where nothing happened, a read from the cursor brings nothing that is new and takes nothing away."""
    with bench.vendor() as vendor:
        fold = vendor.read()
        before = fold.content()
        must(fold.cursor is not None, "a read that ended well gave no cursor, so that every read is a full one")
        for _ in range(3):
            vendor.wait()
            same(before, vendor.read(fold).content(), "after reading again")


@check
def a_full_read_can_end_after_any_page(bench: Bench) -> None:
    """Killed after a page, the next read goes on from the last cursor, and nothing is missing."""
    with bench.vendor() as vendor:
        whole = vendor.read().content()
        for pages in range(_PLACES):
            fold = vendor.read(Fold(), pages)
            same(whole, vendor.read(fold).content(), f"a full read that was killed after page {pages}, then a read")


@check
def an_incremental_read_can_end_after_any_page(bench: Bench) -> None:
    """The same for a read from a cursor, with more than two pages of changes."""
    with bench.vendor(0.3) as vendor:
        first = vendor.read()
        vendor.wait()
        main = vendor.streams[0]
        for _ in range(int(2.3 * vendor.box.one_page)):
            vendor.box.make(main)
            vendor.wait(1 / 86_400)
        vendor.wait()
        whole = vendor.read().content()
        for pages in range(_PLACES):
            fold = vendor.read(_copy(first), pages)
            same(whole, vendor.read(fold).content(), f"an incremental read that was killed after page {pages}")


def _copy(fold: Fold) -> Fold:
    return Fold(rows={stream: dict(rows) for stream, rows in fold.rows.items()}, cursor=fold.cursor)
