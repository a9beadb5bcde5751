"""Plan audiences: who is wanted at each target, and what that changes.

`people` finds the candidates and why some are not wanted, `wanted` their rows for one target, `diff.sql` compares them
with the ledger, `plan` holds removals and puts the rows in order. Nothing here sends anything.
"""

from hub.flow.audience.people import find_reach
from hub.flow.audience.plan import describe_reach, plan_audience, plan_target
from hub.flow.audience.wanted import check_targets

__all__ = ["check_targets", "describe_reach", "find_reach", "plan_audience", "plan_target"]
