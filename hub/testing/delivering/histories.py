"""Killed anywhere, and any history at all: in the end the list is what is wanted."""

from typing import ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from hub.sdk.sandbox import DestinationSandbox
from hub.testing.delivering.registry import check
from hub.testing.desk import Desk, desk
from hub.testing.ledger import Ledger
from hub.testing.registry import must, same
from hub.testing.wire import Killed, Points, tapped

_HISTORIES, _STEPS, _MOST_POINTS = 15, 14, 24
_PEOPLE, _STRANGERS = 9, 90
_WHO = st.sets(st.integers(0, _PEOPLE - 1), min_size=1, max_size=4)
_KINDS = ("reset", "reset_after", "status", "status_after", "truncate", "content_type")


@check
def a_run_can_end_at_any_point(desk: Desk) -> None:
    """Killed before or after any request, at any step, the runs after it end with the list that is wanted."""
    ledger = Ledger(desk)
    ledger.wanted = dict.fromkeys(desk.people(6), "a")
    points = _run(ledger, None)
    places = range(1, points + 1, max(1, points // _MOST_POINTS))
    for number, place in enumerate(places, 1):
        ledger.wanted = dict.fromkeys(desk.people(6, 3 * number), f"text {number}")
        _run(ledger, place)
        ledger.settle()
        same(set(ledger.wanted), desk.box.members(), f"members, killed at point {place} of {points}")


@check
def the_list_is_what_is_wanted_after_any_history(desk: Desk) -> None:
    """People wanted and not, who opt out, drift, lost answers, credentials that expire, crashes: then equal."""
    run_state_machine_as_test(
        type("History", (_History,), {"made": desk.made, "sandbox": type(desk.box)}),
        settings=settings(
            max_examples=_HISTORIES,
            stateful_step_count=_STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )


def _run(ledger: Ledger, kill_at: int | None) -> int:
    """Run once, and die at a point; return how many points were passed."""
    ledger.points = points = Points(kill_at)
    try:
        with tapped(points, points):
            ledger.run()
    except Killed:
        pass
    finally:
        ledger.points = Points()
    return points.passed


def _overrides(box: type[DestinationSandbox], hook: str) -> bool:
    return getattr(box, hook) is not getattr(DestinationSandbox, hook)


class _History(RuleBasedStateMachine):
    made: ClassVar[type]
    sandbox: ClassVar[type[DestinationSandbox]]

    def __init__(self) -> None:
        super().__init__()
        self.opened = desk(self.made, self.sandbox)
        self.desk = self.opened.__enter__()
        self.ledger = Ledger(self.desk)
        self.people = self.desk.people(_PEOPLE)
        self.strangers: set[str] = set()
        self.gone: set[str] = set()
        self.ledger.wanted = {self.people[0]: "a"}
        self.ledger.run()  # the list is there

    @rule(who=_WHO, text=st.sampled_from("abc"))
    def want(self, who: set[int], text: str) -> None:
        self.ledger.wanted |= {self.people[number]: text for number in who}

    @rule(who=_WHO)
    def no_longer_want(self, who: set[int]) -> None:
        for number in who:
            self.ledger.wanted.pop(self.people[number], None)

    @rule(who=st.integers(0, _PEOPLE - 1))
    def opt_out(self, who: int) -> None:
        self.gone.add(self.people[who])
        self.desk.box.opt_out(self.people[who])

    @precondition(lambda self: _overrides(self.sandbox, "put_on"))
    @rule(who=st.integers(0, 3))
    def put_on_by_hand(self, who: int) -> None:
        stranger = self.desk.people(1, _STRANGERS + who)[0]
        self.strangers.add(stranger)
        self.desk.box.put_on(stranger)

    @precondition(lambda self: _overrides(self.sandbox, "take_off") and self._reads_back())
    @rule(who=st.integers(0, _PEOPLE - 1))
    def take_off_by_hand(self, who: int) -> None:
        if self.people[who] in self.desk.box.members():
            self.desk.box.take_off(self.people[who])

    @rule()
    def expire(self) -> None:
        self.desk.box.expire()

    @rule()
    def run(self) -> None:
        self.ledger.run()

    @rule(kind=st.sampled_from(_KINDS), skip=st.integers(0, 4), times=st.integers(1, 3), writes=st.booleans())
    def run_in_trouble(self, kind: str, skip: int, times: int, writes: bool) -> None:  # noqa: FBT001 - drawn
        where = {} if writes else {"method": "*", "path": "*"}
        with self.desk.fault(kind=kind, skip=skip, times=times, **where):
            self.ledger.run()

    @rule(place=st.integers(1, 20))
    def run_and_be_killed(self, place: int) -> None:
        _run(self.ledger, place)

    @rule()
    def time_passes(self) -> None:
        self.desk.box.catch_up()
        self.ledger.now += self.desk.made.capabilities.settles_within

    @rule()
    def compare(self) -> None:
        self.ledger.settle()
        expected = (set(self.ledger.wanted) | self.strangers) - self.gone
        same(expected, self.desk.box.members(), "members once all faults are over")
        if self.desk.by_row:
            doubts = [wire for (_, wire), each in self.ledger.beliefs.items() if each.presence == "unknown"]
            must(not set(doubts) - self.gone, f"{len(doubts)} people of whom nobody knows, although the vendor tells")

    def teardown(self) -> None:
        try:
            self.compare()
        finally:
            self.opened.__exit__(None, None, None)

    def _reads_back(self) -> bool:
        return bool(self.desk.made.capabilities.read_back == "full")
