"""What people do in the vendor's own pages: unsubscribe, put on, take off, delete."""

from hub.sdk.errors import RetryLater, StopConnection
from hub.testing.delivering.registry import check, errors_of, tried
from hub.testing.desk import Desk
from hub.testing.registry import must, same


@check
def who_opted_out_stays_out(desk: Desk) -> None:
    """A person who unsubscribed at the vendor is never put back by us, and does not count as present."""
    wanted = desk.people(5)
    desk.deliver("add", wanted)
    desk.box.opt_out(wanted[0])
    for op in ("add", "update"):
        said = desk.deliver("add" if op == "add" else "update", wanted)
        same(set(wanted[1:]), desk.box.members(), f"members after one unsubscribed, and {op}")
        if desk.by_row:
            verdict = said.get(wanted[0])
            must(verdict and verdict.outcome in ("suppressed", "rejected"), f"who opted out: {verdict}")
            must(verdict and (verdict.outcome == "rejected" or verdict.suppression), "suppressed without a Suppression")


@check
def who_opted_out_can_be_removed(desk: Desk) -> None:
    """To remove a person who has unsubscribed is harmless, and leaves them out."""
    wanted = desk.people(3)
    desk.deliver("add", wanted)
    desk.box.opt_out(wanted[0])
    desk.deliver("remove", wanted)
    same(set(), desk.box.members(), "members after all were removed")


@check
def what_the_vendor_holds_is_read_back(desk: Desk) -> None:
    """Where the destination can read back in full, it sees everybody who is there, and nobody else."""
    if desk.made.capabilities.read_back == "full":
        desk.deliver("add", desk.people(130))
        same(desk.box.members(), _seen(desk), "members that were read back")


@check
def drift_is_seen(desk: Desk) -> None:
    """Who was put on or taken off by hand is seen so by a read back, and who opted out does not count as there."""
    if desk.made.capabilities.read_back == "full":
        wanted, stranger = desk.people(5), desk.people(1, 90)[0]
        desk.deliver("add", wanted)
        desk.box.take_off(wanted[0])
        desk.box.put_on(stranger)
        desk.box.opt_out(wanted[1])
        same({*wanted[2:], stranger}, _seen(desk), "members that were read back after a person changed the list")


@check
def who_was_put_on_by_hand_is_left_alone(desk: Desk) -> None:
    """Whatever we add and remove, a person whom we did not add stays."""
    wanted, stranger = desk.people(4), desk.people(1, 90)[0]
    desk.deliver("add", wanted)
    desk.box.put_on(stranger)
    desk.deliver("update", wanted)
    desk.deliver("remove", wanted[:3])
    same({wanted[3], stranger}, desk.box.members(), "members after one was put on by hand")


@check
def who_was_taken_off_by_hand_can_be_added(desk: Desk) -> None:
    """Taken off in the vendor's pages, without an opt-out, a person is on the list when they are added again."""
    wanted = desk.people(4)
    desk.deliver("add", wanted)
    desk.box.take_off(wanted[0])
    said = desk.deliver("remove", wanted[:1])
    must(all(each.outcome == "absent" for each in said.values()), "a person who is off the list does not count so")
    desk.deliver("add", wanted)
    same(set(wanted), desk.box.members(), "members after adding again")


@check
def a_deleted_list_is_made_anew_or_told(desk: Desk) -> None:
    """Deleted in the middle, nobody counts as present; from the next plan on it is there again, or it is told."""
    wanted = desk.people(4)
    desk.deliver("add", wanted)
    destination, audience = desk.destination(), desk.audience()
    target = destination.targets(audience)[-1]
    handle = destination.open(target, audience, "plan-deleted", 4)
    desk.box.delete_list()
    batch = next(desk.batches(destination, target, "add", dict.fromkeys(wanted, "")))
    said: dict[str, object] = {}

    def push() -> None:
        said.update(desk.verdicts(destination, target, handle, batch))
        destination.close(target, handle)

    error = errors_of(desk, push)
    present = {wire for wire, each in said.items() if getattr(each, "outcome", "") == "present"}
    must(present <= desk.box.members(), "people count as present on a list that was deleted")
    must(not isinstance(error, RetryLater), f"a list that was deleted does not come back later: {error!r}")
    again = tried(desk, "add", wanted)
    if again is None:
        same(set(wanted), desk.box.members(), "members of the list that was made anew")
    must(again is None or isinstance(again, StopConnection), f"expected StopConnection, got {again!r}")


def _seen(desk: Desk) -> set[str]:
    destination, audience = desk.destination(), desk.audience()
    target = destination.targets(audience)[-1]
    seen = list(destination.read_back(target, destination.open(target, audience, "plan", 0)))
    return {each.wire[desk.box.address] for each in seen if each.state == "present"}
