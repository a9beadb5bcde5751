"""What we believe about one person at one target, folded from everything we did there, in order.

An entry is the last word on one row of a plan. Rows that were certainly not applied leave no entry, so that the earlier
belief stands. Whoever may be in counts as in when removals are planned, and as out when adds are planned.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias

from hub.sdk.records import Op

Settled: TypeAlias = Literal["present", "absent", "unknown", "accepted", "rejected", "suppressed", "retry"]
Presence: TypeAlias = Literal["none", "present", "absent", "unknown", "accepted"]
Parked: TypeAlias = Literal["", "rejected", "suppressed"]

RETRY_BUDGET = 5  # a vendor code that says "later" this often in a row, over as many plans, counts as a rejection
MAYBE_IN = ("present", "unknown", "accepted")


@dataclass(frozen=True, slots=True)
class Entry:
    """What one plan did about one key.

    `settle_until`: an attempt whose outcome was not seen may still land before then. `retry_at`: a refused operation
    is not tried before.
    """

    op: Op
    outcome: Settled
    payload_hash: str = ""
    code: str = ""
    vendor_id: str | None = None
    settle_until: datetime | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Belief:
    """The fold of a key's entries.

    `op` and `payload_hash` are of the latest entry that may have changed the tool. `owned`: an add of ours may stand
    there. `refused_*` describe the latest refusal since. `parked`: rejected until the payload changes, or suppressed,
    which only evidence of presence (the person came back by themselves) ends.
    """

    presence: Presence = "none"
    owned: bool = False
    op: Op | None = None
    payload_hash: str = ""
    vendor_id: str | None = None
    settle_until: datetime | None = None
    parked: Parked = ""
    refused_op: Op | None = None
    refused_hash: str = ""
    refused_code: str = ""
    refused_until: datetime | None = None
    tries: int = 0


def fold(belief: Belief, entry: Entry) -> Belief:
    """Return the belief after one more entry."""
    known = replace(
        belief,
        vendor_id=entry.vendor_id or belief.vendor_id,
        settle_until=max(filter(None, (belief.settle_until, entry.settle_until)), default=None),
    )
    return _refused(known, entry) if entry.outcome in ("rejected", "suppressed", "retry") else _applied(known, entry)


def _applied(belief: Belief, entry: Entry) -> Belief:
    gone = entry.outcome == "absent" or (entry.outcome == "accepted" and entry.op == "remove")
    return Belief(
        presence="absent" if gone else entry.outcome,  # type: ignore[arg-type]  # refusals went the other way
        owned=not gone and (belief.owned or entry.op == "add"),
        op=entry.op,
        payload_hash=entry.payload_hash,
        vendor_id=belief.vendor_id,
        settle_until=belief.settle_until,
        parked="suppressed" if belief.parked == "suppressed" and entry.outcome != "present" else "",
    )


def _refused(belief: Belief, entry: Entry) -> Belief:
    tries = belief.tries + 1 if entry.outcome == "retry" else 0
    return replace(
        belief,
        parked=_parked(belief, entry, tries),
        refused_op=entry.op,
        refused_hash=entry.payload_hash,
        refused_code=entry.code,
        refused_until=entry.retry_at,
        tries=tries,
    )


def _parked(belief: Belief, entry: Entry, tries: int) -> Parked:
    if "suppressed" in (belief.parked, entry.outcome):
        return "suppressed"
    return "rejected" if entry.outcome == "rejected" or tries >= RETRY_BUDGET else ""
