"""Pages that are whole and yet not what a page should be."""

from hub.sdk.errors import HubError
from hub.sdk.sandbox import Fault
from hub.sdk.sandbox.faults import Kind
from hub.testing.bench import Bench, Endless, Vendor
from hub.testing.checks.trouble import requests_of
from hub.testing.fold import Fold
from hub.testing.registry import check, must, same


@check
def an_empty_page_is_not_the_end(bench: Bench) -> None:
    """Where a page without rows names a next one, the read goes on, or ends with an error; later nothing is missing."""
    with bench.vendor() as vendor:
        whole = vendor.read()
        for place in range(requests_of(vendor)):
            fold = Fold()
            with vendor.fault(Fault(kind="no_rows", skip=place)):
                error = vendor.try_to_read(fold)
            lost = sum(map(len, whole.rows.values())) - sum(map(len, fold.rows.values()))
            must(error or lost <= vendor.box.one_page, f"the read ended at the empty page {place}: {lost} are missing")
            fold.cursor = None
            same(whole.content(), vendor.read(fold).content(), "a full read after an empty page")


@check
def a_vendor_that_is_stuck_does_not_hold_us(bench: Bench) -> None:
    """Where the same page is answered again and again, the read ends, with an error or without."""
    with bench.vendor() as vendor:
        whole = vendor.read().content()
        for place in range(1, min(requests_of(vendor), 4)):
            fold = Fold()
            with vendor.fault(Fault(kind="replay", skip=place, times=None)):
                try:
                    vendor.try_to_read(fold)
                except Endless as endless:
                    must(False, f"a page that is repeated from request {place} on is read for ever: {endless}")
            same(whole, vendor.read(fold).content(), f"the read after a vendor that was stuck from request {place} on")


@check
def a_page_that_comes_twice_loses_nothing(bench: Bench) -> None:
    """One answer that is that of the request before: the read brings all, or an error, and later nothing is missing."""
    _survives(bench, "replay", 1)


@check
def rows_in_another_order_lose_nothing(bench: Bench) -> None:
    """A page whose rows are turned round."""
    _survives(bench, "reversed_rows")


@check
def rows_that_come_twice_are_one(bench: Bench) -> None:
    """A page whose rows are all there twice."""
    _survives(bench, "repeated_rows")


@check
def unknown_fields_are_no_error(bench: Bench) -> None:
    """Vendors add fields without a word: everything lands as before."""
    with bench.vendor(1.2) as vendor:
        whole = vendor.read().content()
        fold = Fold()
        with vendor.fault(Fault(kind="unknown_field", times=None)):
            vendor.read(fold)
        same({stream: rows.keys() for stream, rows in whole.items()}, _keys(fold), "with fields that nobody knows")
        same([], fold.quarantined, "an unknown field put good records into quarantine")


def _keys(fold: Fold) -> object:
    return {stream: rows.keys() for stream, rows in fold.content().items()}


def _survives(bench: Bench, kind: Kind, first: int = 0) -> None:
    with bench.vendor() as vendor:
        whole = vendor.read().content()
        for place in range(first, requests_of(vendor)):
            fold = Fold()
            with vendor.fault(Fault(kind=kind, skip=place)):
                error = vendor.try_to_read(fold)
            _is_whole(vendor, fold, whole, error, f"{kind} at request {place}")


def _is_whole(vendor: Vendor, fold: Fold, whole: object, error: HubError | None, what: str) -> None:
    if error is None:
        same(whole, fold.content(), what)
    same(whole, vendor.read(fold).content(), f"the read after {what}")
