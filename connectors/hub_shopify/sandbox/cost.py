"""What a query costs, and the bucket of points that it is paid from."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from hub.sdk.records import Json

if TYPE_CHECKING:
    from graphql import DocumentNode, FieldNode, OperationDefinitionNode, SelectionSetNode

    from hub_shopify.sandbox.execute import Execution

MOST = 1_000  # of one query
_MUTATION = 10
_WRAPPERS = frozenset({"nodes", "edges", "node", "pageInfo"})


def cost(operation: "OperationDefinitionNode", document: "DocumentNode", run: "Execution") -> int:
    """Return what a query costs at most: an object a point, a list as many objects as may be in a page of it."""
    from graphql import FragmentDefinitionNode  # noqa: PLC0415 - only whoever runs the sandbox needs it

    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    points = _of(operation.selection_set, fragments, run)
    return points + extra(operation)


def extra(operation: "OperationDefinitionNode") -> int:
    """Return what an operation costs beside its objects."""
    return _MUTATION if operation.operation.value == "mutation" else 0


def _of(selection: "SelectionSetNode | None", fragments: Mapping[str, object], run: "Execution") -> int:
    from graphql import FieldNode, FragmentSpreadNode  # noqa: PLC0415 - as above

    points = 0
    for each in selection.selections if selection else ():
        if isinstance(each, FieldNode):
            points += _field(each, fragments, run)
        else:
            inner = fragments[each.name.value] if isinstance(each, FragmentSpreadNode) else each
            points += _of(inner.selection_set, fragments, run)  # type: ignore[attr-defined]
    return points


def _field(field: "FieldNode", fragments: Mapping[str, object], run: "Execution") -> int:
    inner = _of(field.selection_set, fragments, run)
    if field.name.value in _WRAPPERS or field.selection_set is None:
        return inner
    first = run.arguments(field).get("first")
    return first * (1 + inner) if isinstance(first, int) else 1 + inner


class Bucket:
    """Points that leak back: `restore` a second up to `most`."""

    def __init__(self, most: float, restore: float) -> None:
        self.most, self.restore = most, restore
        self._left, self._at = most, time.monotonic()

    def left(self) -> float:
        """Return how many points there are now."""
        now = time.monotonic()
        self._left = min(self.most, self._left + (now - self._at) * self.restore)
        self._at = now
        return self._left

    def pay(self, points: float) -> bool:
        """Take points; False, and nothing is taken, where there are not so many."""
        if self.left() < points:
            return False
        self._left -= points
        return True

    def refund(self, points: float) -> None:
        """Give back what was reserved and not spent."""
        self._left = min(self.most, self.left() + points)

    def status(self) -> Json:
        """Return what answers say of it."""
        return {
            "maximumAvailable": self.most, "currentlyAvailable": int(self.left()), "restoreRate": self.restore,
        }  # fmt: skip
