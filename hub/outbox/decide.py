"""What has to be done about one key, from what is wanted and what is believed.

This is the rule in its plainest form, one key at a time. Planning does the same in SQL for all keys at once
(`hub/flow/audience/diff.sql`), and a test holds the two together.
"""

from datetime import datetime
from typing import Literal, TypeAlias

from hub.outbox.belief import MAYBE_IN, Belief
from hub.sdk.records import Op

Mode: TypeAlias = Literal["mirror", "add_only", "update_only"]
Reason: TypeAlias = Literal["due", "same", "settling", "rejected", "suppressed", "retry", "blocked", "foreign", "kept"]


def decide(
    belief: Belief, wanted: str | None, *, now: datetime, mode: Mode = "mirror", may_remove: bool = True,
    resync: bool = False,
) -> tuple[Op | None, Reason]:  # fmt: skip
    """Return the operation that is due and why, or None and why not.

    An unknown is sent again at once when the same operation with the same content is wanted: sets do not mind. Anything
    else waits until the unknown can no longer land after it (`settle_until`).

    Args:
        belief: what we believe about the key.
        wanted: hash of the wanted content; None: the key shall not be there.
        now: naive UTC.
        mode: of the audience.
        may_remove: whether this target is ever taken away.
        resync: send what was only accepted once more.
    """
    if wanted is None:
        return _unwanted(belief, now, removable=may_remove and mode == "mirror")
    if belief.parked == "suppressed":
        return None, "suppressed"
    op = _wanted_op(belief, wanted, mode, resync=resync)
    if op is None:
        return None, "same"
    if belief.refused_op in ("add", "update") and belief.refused_hash == wanted:
        if belief.parked:
            return None, "rejected"
        if _later(belief.refused_until, now):
            return None, "retry"
    again = belief.op in ("add", "update") and belief.payload_hash == wanted
    return (None, "settling") if _later(belief.settle_until, now) and not again else (op, "due")


def _wanted_op(belief: Belief, wanted: str, mode: Mode, *, resync: bool) -> Op | None:
    differs = belief.op is None or belief.payload_hash != wanted
    if mode == "update_only":
        return "update" if differs or belief.presence == "unknown" else None
    if belief.presence == "unknown":
        return "update" if belief.op == "update" else "add"
    if belief.presence in ("none", "absent") or (belief.presence == "accepted" and resync):
        return "add"
    return "update" if differs else None


def _unwanted(belief: Belief, now: datetime, *, removable: bool) -> tuple[Op | None, Reason]:
    if belief.presence not in MAYBE_IN or not belief.owned:
        return None, "foreign"
    if not removable:
        return None, "kept"
    if belief.refused_op == "remove" and _later(belief.refused_until, now):
        return None, "blocked" if belief.parked else "retry"
    if _later(belief.settle_until, now) and belief.op != "remove":
        return None, "settling"
    return "remove", "due"


def _later(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment > now
