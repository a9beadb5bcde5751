"""A shop at Shopify, as far as it is hard to read.

Facts: a bulk job gives one object per line, children carry `__parentId` and are
not promised to follow their parent; without approval protected fields are null beside an ACCESS_DENIED error; deleted
and merged customers are in no listing; events are signed with HMAC-SHA256 over the raw body, base64.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from pydantic import BaseModel, Field

from hub.sdk.errors import RetryLater
from tests.support.walks.accounts import Accounts


class Node(BaseModel):
    """One object, and one line of a bulk file."""

    id: str
    kind: str
    at: datetime
    email: str | None = None
    name: str | None = None
    customer: str | None = None
    total: Decimal | None = None
    parent: str | None = Field(None, alias="__parentId")


@dataclass
class Shop:
    """The vendor. `denied`: fields that we may not see. `breaks_after`: lines after which a download ends."""

    nodes: dict[str, Node] = field(default_factory=dict)
    gone: list[tuple[datetime, str, str | None]] = field(default_factory=list)
    denied: tuple[str, ...] = ()
    breaks_after: int | None = None
    now: datetime = datetime(2026, 1, 1)  # noqa: DTZ001 - naive UTC, as everywhere in the hub
    jobs: int = 0

    def put(self, kind: str, key: str, **fields: str) -> None:
        """Make or change an object."""
        self.nodes[key] = Node.model_validate({"id": key, "kind": kind, "at": self.now, **fields})
        self.now += timedelta(seconds=1)

    def remove(self, key: str, into: str | None = None) -> None:
        """Delete a customer, or merge it into another: either way its id is gone."""
        del self.nodes[key]
        self.gone.append((self.now, key, into))
        self.now += timedelta(seconds=1)

    def bulk(self) -> Iterator[str]:
        """Run a bulk job: every object as a line, in no order at all."""
        self.jobs += 1
        lines = sorted(self.nodes.values(), key=lambda node: hashlib.sha256(node.id.encode()).digest())
        for place, node in enumerate(lines):
            if place == self.breaks_after:
                raise RetryLater("The bulk file ended early.")
            yield self._shown(node).model_dump_json(by_alias=True)

    def changed(self, since: datetime, after: str, first: int) -> list[Node]:
        """Return at most `first` objects changed since an instant (and beyond an id within it), oldest first."""
        newer = (node for node in self.nodes.values() if (node.at, node.id) > (since, after))
        return [self._shown(node) for node in sorted(newer, key=lambda node: (node.at, node.id))[:first]]

    def _shown(self, node: Node) -> Node:
        return node.model_copy(update=dict.fromkeys(self.denied))


def signature(secret: str, body: bytes) -> str:
    """Sign a pushed event."""
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


SHOPS = Accounts(Shop)
