"""The breaker: a plan that would empty a list is held until a person has looked at it. Only removals are held."""

from dataclasses import dataclass

from hub.settings.values import Share


@dataclass(frozen=True, slots=True)
class Removals:
    """What the breaker looks at, for one target.

    `asked`: keys that would be removed, beside opt-outs and keys already released. `believed`: keys that may be there.
    `removed_today`: keys removed within the last 24 hours. `incomplete`: sentences about reads that did not see
    everything. `min_to_remove`: the tool refuses removals from smaller lists.
    """

    asked: int
    believed: int
    removed_today: int = 0
    incomplete: tuple[str, ...] = ()
    min_to_remove: int = 0


def hold_reason(removals: Removals, per_run: Share, per_day: Share) -> str:
    """Return why removals must wait, "" when they may go.

    The floor of `per_run` ("at least 50") holds for the day too, or no short list could ever lose anybody.
    """
    if not removals.asked:
        return ""
    if removals.incomplete:
        return f"nobody is removed after an incomplete read: {'; '.join(removals.incomplete)}"
    if removals.believed < removals.min_to_remove:
        return f"the tool refuses removals from lists under {removals.min_to_remove:,}"
    if removals.asked > per_run.of(removals.believed):
        return _text(removals.asked, removals.believed, f"limit {per_run}")
    total = removals.asked + removals.removed_today
    size = removals.believed + removals.removed_today
    if total > max(per_day.of(size), per_run.at_least):
        return _text(total, size, f"limit {per_day} in 24 hours")
    return ""


def _text(removes: int, size: int, limit: str) -> str:
    share = round(100 * removes / size) if size else 100
    return f"{removes:,} of {size:,} ({share} %) would leave; {limit}"
