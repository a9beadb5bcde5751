"""Any history at all: whatever happened in whatever order, increments are what a full read brings."""

from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from hub.sdk.sandbox import Fault
from hub.testing.bench import START, Bench
from hub.testing.checks.changes import LATE, is_as_a_full_read
from hub.testing.registry import check

_NUMBERS = st.integers(0, 99)
_HISTORIES, _STEPS = 15, 12


@check
def increments_equal_a_full_read_after_any_history(bench: Bench) -> None:
    """Records made, changed, deleted, tied, committed late; tokens that expire, answers lost, reads that are killed."""
    run_state_machine_as_test(
        type("History", (_History,), {"bench": bench}),
        settings=settings(
            max_examples=_HISTORIES,
            stateful_step_count=_STEPS,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


class _History(RuleBasedStateMachine):
    bench: ClassVar[Bench]

    def __init__(self) -> None:
        super().__init__()
        self.opened = self.bench.vendor(0.03)
        self.vendor = self.opened.__enter__()
        self.fold = self.vendor.read()
        self.box = self.vendor.box

    @rule(number=_NUMBERS, count=st.integers(1, 3))
    def make(self, number: int, count: int) -> None:
        self.box.make(self._stream(number), count)

    @rule(number=_NUMBERS, which=_NUMBERS)
    def touch(self, number: int, which: int) -> None:
        streams = [stream for stream, noticed in self.box.kinds.items() if "touch" in noticed]
        self._with_one(streams, number, which, lambda stream, key: self.box.touch(stream, key, f"Name {which}"))

    @rule(number=_NUMBERS, which=_NUMBERS)
    def remove(self, number: int, which: int) -> None:
        streams = [stream for stream, noticed in self.box.kinds.items() if "remove" in noticed]
        self._with_one(streams, number, which, self.box.remove)

    @rule(number=_NUMBERS)
    def commit_late(self, number: int) -> None:
        now = self.box.now()
        self.box.clock = max(START, now - LATE)
        self.box.make(self._stream(number))
        self.box.clock = now

    @rule(seconds=st.sampled_from([1, 40, 3_600, 90_000]))
    def wait(self, seconds: int) -> None:
        self.box.clock = self.box.now() + timedelta(seconds=seconds)

    @rule()
    def expire(self) -> None:
        self.box.expire()

    @rule()
    def read(self) -> None:
        self.vendor.read(self.fold)

    @rule(pages=st.integers(0, 2))
    def read_and_be_killed(self, pages: int) -> None:
        self.vendor.read(self.fold, pages)

    @rule(place=st.integers(0, 3), kind=st.sampled_from(["reset", "truncate", "content_type", "no_length"]))
    def read_in_trouble(self, place: int, kind: str) -> None:
        with self.vendor.fault(Fault.model_validate({"kind": kind, "skip": place, "times": 9})):
            self.vendor.try_to_read(self.fold)

    @rule()
    def compare(self) -> None:
        self.vendor.wait(1 / 24)
        is_as_a_full_read(self.vendor, self.vendor.read(self.fold))

    def teardown(self) -> None:
        try:
            self.compare()
        finally:
            self.opened.__exit__(None, None, None)

    def _stream(self, number: int) -> str:
        return self.vendor.streams[number % len(self.vendor.streams)]

    def _with_one(self, streams: list[str], number: int, which: int, change: Callable[[str, str], None]) -> None:
        if streams and (keys := self.box.keys(streams[number % len(streams)])):
            change(streams[number % len(streams)], keys[which % len(keys)])
