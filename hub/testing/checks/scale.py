"""Many records, in little memory; and what gets into logs."""

import gc
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa

from hub.sdk.sandbox import Fault
from hub.testing.bench import START, Bench, Vendor
from hub.testing.checks.credentials import secrets_of
from hub.testing.fold import Fold
from hub.testing.registry import check, must, same

_LOOK = 20  # pages from one look at the memory to the next
_FEW_BYTES = 1_000_000
_BLOCKS = 6  # for each record: what this check and a source that remembers keys hold; a whole record is dozens


@check
def many_records_are_read_in_little_memory(bench: Bench) -> None:
    """Over ten thousand records land, and what is held meanwhile does not grow with the pages."""
    with bench.vendor(0) as vendor:
        stream = vendor.streams[0]
        vendor.box.make(stream, bench.many)
        vendor.box.clock = START
        keys, total, pages, held = set[str](), 0, 0, [_held()]
        for page in vendor.source().read([stream], None):
            fold = Fold()
            fold.take(replace(page, window=None, window_complete=False))  # else its rows wait for the window's end
            keys |= fold.keys(stream)
            total, pages = total + fold.size, pages + 1
            del page, fold
            if pages % _LOOK == 1:
                held.append(_held())
        same(set(vendor.box.keys(stream)), keys, f"keys of {bench.many} records")
        blocks, size = (last - first for first, last in zip(held[0], max(held), strict=True))
        must(size < max(total // 4, _FEW_BYTES), f"{size:,} more bytes of tables are held, of {total:,} read")
        must(blocks < _BLOCKS * len(keys), f"{blocks:,} more objects are held at the end, for {len(keys):,} records")


@check
def nothing_secret_is_told(bench: Bench) -> None:
    """Neither credentials nor anybody's data are in logs, addresses, warnings or errors, whatever happens."""
    with bench.vendor(1.3) as vendor, _logged() as lines:
        told = [str(fact.text) for fact in vendor.source().check()]
        told += vendor.read().warnings
        for kind in ("content_type", "truncate"):
            with vendor.fault(Fault.model_validate({"kind": kind, "skip": 1, "times": None})):
                told += [str(vendor.try_to_read(Fold()))]
        told += [f"{each.request.path}?{dict(each.request.query)}" for each in vendor.box.requests]
        for secret in _secrets(vendor):
            must(not any(secret in line for line in [*lines, *told]), "a secret is in a log, an address or a message")
        for line in [*lines, *told]:
            must("@" not in line and "%40" not in line, "somebody's address is in a log, an address or a message")


def _secrets(vendor: Vendor) -> list[str]:
    return list(secrets_of(vendor.source().settings))


def _held() -> tuple[int, int]:
    """Blocks of memory that Python holds, and bytes that tables hold."""
    gc.collect()
    return sys.getallocatedblocks(), int(pa.total_allocated_bytes())


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {vars(record)}")


@contextmanager
def _logged() -> Iterator[list[str]]:
    """Every line that anybody logs, at every level."""
    handler, root = _Lines(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.lines
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
