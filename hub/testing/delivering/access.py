"""Who we are to the vendor, and what happens when it does not believe us."""

from hub.sdk.errors import StopConnection
from hub.testing.delivering.registry import check, errors_of, tried
from hub.testing.desk import Desk
from hub.testing.ledger import Ledger
from hub.testing.registry import must, same
from hub.testing.wire import Points, tapped


@check
def good_credentials_are_enough(desk: Desk) -> None:
    """With good credentials `check` finds something, and no error."""
    facts = list(desk.destination().check())
    must(facts, "check() said nothing")
    same([], [fact.text for fact in facts if fact.level == "error"], "check() found errors with good credentials")


@check
def bad_credentials_are_told(desk: Desk) -> None:
    """With credentials that the vendor refuses `check` tells an error, or stops, and nothing can be delivered."""
    refused = desk.box.refused()
    found = errors_of(desk, lambda: list(desk.destination(refused).check()))
    must(found, "check() found no error with bad credentials")
    desk.box.connection = lambda: refused  # type: ignore[method-assign]
    error = tried(desk, "add", desk.people(3))
    must(isinstance(error, StopConnection), f"expected StopConnection, because a person has to mend it; got {error!r}")
    same(set(), desk.box.members(), "members after a delivery with bad credentials")


@check
def credentials_that_expire_cost_nobody(desk: Desk) -> None:
    """Between two deliveries they are renewed, or the connection stops; with good ones the list is as it should be."""
    desk.deliver("add", desk.people(5))
    destination, audience = desk.destination(), desk.audience()
    desk.box.expire()
    target = destination.targets(audience)[0]

    def push() -> None:
        handle = destination.open(target, audience, "plan", 1)
        batch = next(desk.batches(destination, target, "add", dict.fromkeys(desk.people(1), "")))
        desk.verdicts(destination, target, handle, batch)

    stopped = errors_of(desk, push)
    if desk.box.renews:
        must(not stopped, f"a new token was to be had: {stopped!r}")
    else:
        must(isinstance(stopped, StopConnection), f"expected StopConnection, got {stopped!r}")
    desk.deliver("add", desk.people(5, 5))
    same(set(desk.people(10)), desk.box.members(), "members after new credentials")


@check
def credentials_that_expire_in_the_middle_cost_nobody(desk: Desk) -> None:
    """Whichever request they expire before, a run with good ones ends with the list as it should be."""
    ledger = Ledger(desk)
    for place in range(1, 6):
        ledger.wanted = dict.fromkeys(desk.people(6, 4 * place), "")
        points = Points()

        def expire(points: Points = points, place: int = place) -> None:
            points()
            if points.passed == place:
                desk.box.expire()

        with tapped(expire, lambda: None):
            stopped = ledger.run()
        must(not (stopped and desk.box.renews), f"a new token was to be had: {stopped}")
        ledger.settle()
        same(set(ledger.wanted), desk.box.members(), f"members, after credentials expired before request {place}")
