"""The whole of planning and delivering on real stores, driven at random, against the segment."""

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from hub.sdk.errors import RetryLater, StopConnection, Unanswered
from hub.sdk.records import Accepted, Answer, Batch, NotApplied, Target, Verdict
from tests.support.delivery import Shop, Tool, add_people, job, set_members

NAMES = ["anna", "ben", "cleo", "dora", "emil", "fay"]
FOREIGN = frozenset({("email", "foreign@example.com")})
CONTACT = Target("contacts", "object", fields=True, may_remove=False)
LIST = Target("list", "membership", depends_on="contacts")


class Died(BaseException):
    """The process ended here."""


def strike(fault: str, batch: Batch, apply: object) -> Answer:
    """Do what a bad day does to one request."""
    assert callable(apply)
    if fault == "busy":
        raise RetryLater("tool: busy.", after=timedelta(seconds=3))
    if fault == "refused":
        raise StopConnection("tool: key refused.")
    if fault == "blame":
        return NotApplied([Verdict(0, "retry", "later")])
    answer: Answer = [] if fault in ("never came", "died before") else apply(batch)
    if fault.startswith("died"):
        raise Died
    if fault in ("never came", "lost"):
        raise Unanswered("tool: no answer.")
    assert isinstance(answer, list)
    return Accepted() if fault == "counts" else answer[1:] if fault == "short" else answer


FAULTS = st.lists(
    st.sampled_from(
        ["none", "busy", "refused", "blame", "never came", "lost", "died before", "died after", "short", "counts"]
    ),
    max_size=8,
)


class Deliveries(RuleBasedStateMachine):
    """People come and go, names change, requests fail and processes die; then the faults stop."""

    @initialize()
    def start(self) -> None:
        """Open a project in which one list has a member of its own."""
        self.folder = tempfile.TemporaryDirectory()
        self.shop = Shop(Path(self.folder.name))
        add_people(self.shop.engine, "vip", NAMES)
        self.members = set(NAMES)
        self.tool = Tool(targets=[CONTACT, LIST])
        self.tool.members["list"] = {FOREIGN: {}}
        self.audience = job(self.tool, fields={"FNAME": "first_name"})

    @rule(members=st.sets(st.sampled_from(NAMES)))
    def change_segment(self, members: set[str]) -> None:
        """People enter and leave."""
        set_members(self.shop.engine, "vip", members)
        self.members = members

    @rule(name=st.sampled_from(NAMES), value=st.sampled_from("xyz"))
    def change_name(self, name: str, value: str) -> None:
        """A field gets another value."""
        self.shop.engine.run("update person set first_name = ? where profile_id = ?", (value, name))

    @rule(minutes=st.sampled_from([1, 30]))
    def wait(self, minutes: int) -> None:
        """Time passes."""
        self.shop.wait(timedelta(minutes=minutes))

    @rule(faults=FAULTS)
    def deliver(self, faults: list[str]) -> None:
        """Run once on a bad day."""
        self.tool.faults = [
            lambda batch, apply, fault=fault: strike(fault, batch, apply) for fault in faults  # type: ignore[misc]
        ]  # fmt: skip
        try:
            self.shop.run(self.audience)
        except Died:
            self.tool.faults = []

    def teardown(self) -> None:
        """Without faults and after settling, the list is the segment, and there is nothing left to send."""
        self.tool.faults = []
        for _ in range(2):
            self.shop.wait(timedelta(minutes=30))
            self.shop.run(self.audience)
        before = self.tool.sent
        report = self.shop.run(self.audience).reports[0]
        assert sorted([*self.members, "foreign"]) == self.tool.emails()
        assert (before, 0, 0, 0) == (self.tool.sent, report.planned, report.held, report.unknown)
        names = {str(who): name for who, name in self.shop.engine.run("select profile_id, first_name from person")}
        for name in self.members:
            assert {"FNAME": names[name]} == self.tool.members["contacts"][
                frozenset({("email", f"{name}@example.com")})
            ]
        self.shop.store.close()
        self.folder.cleanup()


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(
    max_examples=12, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)
