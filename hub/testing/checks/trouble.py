"""The network and the vendor at their worst: what is lost is asked for again, or the read ends with an error."""

from hub.sdk.errors import HubError, StopConnection
from hub.sdk.sandbox import Fault
from hub.testing.bench import Bench, Vendor
from hub.testing.fold import Fold
from hub.testing.registry import check, must, same

_PASSING = (
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 429, "retry_after": "0"},
    {"kind": "reset"},
    {"kind": "reset_after"},
    {"kind": "truncate"},
    {"kind": "cut_gzip"},
    {"kind": "cut_chunks"},
)
_MOST_REQUESTS = 6


@check
def an_answer_that_is_lost_is_asked_for_again(bench: Bench) -> None:
    """503, 500, 429, a reset, a body cut off: whichever request it hits, the read brings everything all the same."""
    with bench.vendor(1.4) as vendor:
        whole = vendor.read().content()
        for place in range(requests_of(vendor)):
            for kind in _PASSING:
                with vendor.fault(Fault.model_validate({**kind, "skip": place})):
                    fold = Fold()
                    error = vendor.try_to_read(fold)
                must(error is None, f"{kind} at request {place} ended the read, once was enough: {error}")
                same(whole, fold.content(), f"after {kind} at request {place}")


@check
def an_answer_of_another_kind_is_no_page(bench: Bench) -> None:
    """A login page, or nothing at all, with status 200 is no end of a list: an error, and nothing is missing later."""
    with bench.vendor(1.4) as vendor:
        whole = vendor.read().content()
        for place in range(requests_of(vendor)):
            for kind in ("content_type", "empty"):
                with vendor.fault(Fault.model_validate({"kind": kind, "skip": place})):
                    holds(vendor, whole, f"{kind} at request {place}")


@check
def a_vendor_that_stays_down_ends_the_read(bench: Bench) -> None:
    """From some request on nothing but 503 or 429: an error that says later, and nothing is missing afterwards."""
    with bench.vendor(1.4) as vendor:
        whole = vendor.read().content()
        for place in range(min(requests_of(vendor), 3)):
            for status in (503, 429):
                fault = Fault(kind="status", status=status, skip=place, times=None, retry_after="0")
                with vendor.fault(fault):
                    error = holds(vendor, whole, f"{status} from request {place} on", then=False)
                must(error, f"{status} from request {place} on, and the read ended as if all were well")
                must(not isinstance(error, StopConnection), f"{status} mends itself, got {error!r}")


@check
def a_slow_answer_is_waited_for(bench: Bench) -> None:
    """A body that comes byte by byte is a body."""
    with bench.vendor(0.02) as vendor:
        whole = vendor.read().content()
        with vendor.fault(Fault(kind="slow", seconds=0.0001)):
            same(whole, vendor.read(Fold()).content(), "after a slow answer")


def holds(vendor: Vendor, whole: object, what: str, *, then: bool = True) -> HubError | None:
    """A read under a fault brings all or raises an error of the contract; the one after it has all."""
    fold = Fold()
    error = vendor.try_to_read(fold)
    if error is None:
        same(whole, fold.content(), f"{what}: the read ended well")
    vendor.box.faults.clear()
    if then or error:
        same(whole, vendor.read(fold).content(), f"{what}: the read after it")
    return error


def requests_of(vendor: Vendor) -> int:
    """How many requests a full read makes, at most six."""
    before = len(vendor.box.requests)
    vendor.read()
    return min(len(vendor.box.requests) - before, _MOST_REQUESTS)
