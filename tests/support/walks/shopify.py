"""Walk 1, Shopify as a source: one bulk job feeds three streams, changes follow by cursor, events are pushed."""

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from hub.sdk.connector import Source
from hub.sdk.errors import Refused
from hub.sdk.records import Delivery, Fact, Json, Page
from hub.sdk.settings import Secret, Settings, SourceSettings
from hub.sdk.streams import STREAMS
from hub.sdk.tables import table_of
from tests.support.walks.vendor_shopify import SHOPS, Node, Shop, signature

KINDS = {"Customer": "people", "Order": "orders", "LineItem": "order_lines"}
COLUMNS = {"email": "identifiers", "name": "first_name"}  # protected field of the vendor -> our column


class ShopifySettings(Settings):
    """A shop, and the secret that signs its events."""

    account: str
    secret: Secret


class ShopifySource(Source[ShopifySettings, SourceSettings]):
    """Customers, orders and their lines."""

    name = "walk_shopify"
    streams = ("people", "orders", "order_lines")
    settings_model = ShopifySettings
    lines = 3  # per page

    def check(self) -> Iterable[Fact]:
        """Say how many objects there are."""
        yield Fact("ok", f"{len(self._shop.nodes)} objects.")

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Run a bulk job the first time; then page through what is gone and what changed."""
        if not isinstance(since, Mapping):
            yield from self._bulk(streams)
            return
        at, after, seen = datetime.fromisoformat(str(since["at"])), str(since["id"]), str(since["gone"])
        yield self._gone(seen, _cursor(at, after, self._shop.now))
        while nodes := self._shop.changed(at, after, self.lines):
            at, after = nodes[-1].at, nodes[-1].id
            yield self._page(nodes, streams, cursor=_cursor(at, after, self._shop.now))

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Compare the signature over the body as it came."""
        given = {name.lower(): value for name, value in headers.items()}
        expected = signature(self.settings.secret.reveal(), body)
        if not body or not hmac.compare_digest(expected, given.get("x-shopify-hmac-sha256", "")):
            raise Refused("The signature does not match the body.")
        return Delivery(given["x-shopify-event-id"], given["x-shopify-topic"], self.context.now, body)

    def unpack(self, delivery: Delivery) -> Page:
        """Make a page of one event; after a merge the losing customer's id is gone."""
        event = json.loads(delivery.body)
        if delivery.topic == "customers/delete":
            return Page(deleted={"people": [event["id"]]})
        if delivery.topic == "customers/merge":
            return Page(merged=[(event["losing"], event["winning"])], deleted={"people": [event["losing"]]})
        return self._page([Node.model_validate(event)], self.streams)

    def _bulk(self, streams: Sequence[str]) -> Iterator[Page]:
        """Nobody can go on from the middle of a file in any order: the cursor comes with its last page alone."""
        started, nodes = self._shop.now, list[Node]()
        for line in self._shop.bulk():
            nodes.append(Node.model_validate_json(line))
            if len(nodes) == self.lines:
                yield self._page(nodes, streams)
                nodes = []
        yield self._page(nodes, streams, cursor=_cursor(started, "", started), complete=True)

    def _gone(self, seen: str, cursor: Json) -> Page:
        new = [(key, into) for at, key, into in self._shop.gone if at.isoformat() >= seen]
        merged = [(losing, winning) for losing, winning in new if winning]
        return Page(merged=merged, deleted={"people": [key for key, _ in new]}, cursor=cursor)

    def _page(
        self, nodes: Sequence[Node], streams: Sequence[str], cursor: Json = None, *, complete: bool = False
    ) -> Page:
        rows = {name: [self._row(node) for node in nodes if KINDS[node.kind] == name] for name in streams}
        tables = {name: table_of(name, found) for name, found in rows.items() if found}
        denied = [f"Access denied to {name} of customers." for name in self._shop.denied if "people" in tables]
        return Page(tables, cursor=cursor, complete=complete, warnings=denied)

    def _row(self, node: Node) -> Mapping[str, object]:
        raw = node.model_dump_json(by_alias=True)
        if node.kind == "Customer":
            hidden = {COLUMNS[name] for name in self._shop.denied}
            known = [name for name in STREAMS["people"].columns.names if name not in hidden]
            links = {"shopify_customer": node.id, "email": node.email}
            return {"record_id": node.id, "first_name": node.name, "updated_at": node.at, "identifiers": links,
                    "_known": known if hidden else None, "_raw": raw}  # fmt: skip
        if node.kind == "Order":
            return {"order_id": node.id, "placed_at": node.at, "updated_at": node.at, "total": node.total,
                    "identifiers": {"shopify_customer": node.customer}, "_raw": raw}  # fmt: skip
        return {"order_id": node.parent, "line_id": node.id, "name": node.name, "_raw": raw}

    @property
    def _shop(self) -> Shop:
        return SHOPS[self.settings.account]


def _cursor(at: datetime, after: str, gone: datetime) -> Json:
    return {"at": at.isoformat(), "id": after, "gone": gone.isoformat()}
