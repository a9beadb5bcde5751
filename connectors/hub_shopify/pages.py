"""Objects become a page: rows by stream, quarantine, and which columns could be read."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from hub.sdk.records import Json, Page
from hub.sdk.streams import STREAMS
from hub.sdk.tables import quarantine, raw, refusal, table_of
from hub_shopify.documents import Kind
from hub_shopify.orders import cart, line, order, product
from hub_shopify.people import email_consent, person, sms_consent
from hub_shopify.values import Misfit, Object, nodes

Row: TypeAlias = Mapping[str, object]

_ONE: Mapping[str, Callable[[Object, Sequence[str]], Row]] = {
    "people": person,
    "orders": order,
    "products": product,
    "carts": cart,
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What is made of the objects of a kind: `streams` that are wanted, metafields, fields that we may not see.

    `unread`: columns that this way of reading never fills.
    """

    kind: Kind
    streams: Collection[str]
    metafields: Sequence[str] = ()
    denied: Collection[str] = ()
    unread: Collection[str] = ()

    def known(self, stream: str) -> Sequence[str] | None:
        """Return the columns of a stream that could be read, None for all of them."""
        hidden = {column for name in self.denied for column in self.kind.columns.get(name, ("attributes",))}
        hidden |= set(self.unread)
        columns = STREAMS[stream].columns.names
        return [each for each in columns if each not in hidden] if hidden & set(columns) else None


@dataclass
class _Rows:
    rows: dict[str, list[Row]] = field(default_factory=dict)
    refused: list[Row] = field(default_factory=list)

    def take(self, stream: str, found: Object, rules: Rules, make: Callable[[], Iterable[Row]]) -> None:
        """Add what is made of an object, or why nothing is."""
        try:
            known, text = rules.known(stream), raw(found)
            rows = [{**row, "_known": known, "_raw": text} for row in make()]
            self.rows.setdefault(stream, []).extend(rows)
        except Misfit as misfit:
            self.refused.append(refusal(stream, found, misfit.field, str(misfit)))


def page_of(found: Iterable[Object], rules: Rules, *, test_orders: bool, cursor: Json = None) -> Page:
    """Make records of objects; what does not fit is in quarantine, its neighbours land."""
    made = _Rows()
    for node in found:
        if test_orders or node.get("test") is not True:
            _take(made, node, rules)
    return Page(
        {stream: table_of(stream, rows) for stream, rows in made.rows.items() if rows},
        quarantine=quarantine(made.refused),
        cursor=cursor,
    )


def _take(made: _Rows, node: Object, rules: Rules) -> None:
    for stream in rules.kind.streams:
        if stream not in rules.streams:
            continue
        if stream == "consents":
            for word in (email_consent, sms_consent):  # one that nobody understands keeps back no other
                made.take(stream, node, rules, partial(word, node))
        elif stream == "order_lines":
            for each in nodes(node.get("lineItems")):
                made.take(stream, each, rules, partial(_one_line, each, node))
        else:
            made.take(stream, _shown(node), rules, partial(_one, stream, node, rules.metafields))


def _one(stream: str, node: Object, metafields: Sequence[str]) -> Iterable[Row]:
    return [_ONE[stream](node, metafields)]


def _one_line(found: Object, of: Object) -> Iterable[Row]:
    return [line(found, of)]


def _shown(node: Object) -> Object:
    """An order without its lines, which are records of their own."""
    return {name: value for name, value in node.items() if name != "lineItems"}
