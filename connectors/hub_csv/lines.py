"""Order exports with a line for each item: several lines are one order, and each of them is an item of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.sdk.records import Json
from hub.sdk.streams import MONEY, STREAMS
from hub_csv.cells import quoted
from hub_csv.relation import Relation

_NAMED_BY = ("product_id", "sku", "name")  # what tells the items of an order apart, where lines have no id


@dataclass(frozen=True, slots=True)
class Lines:
    """What was found: `order`, the header of the order's number; `sums`, SQL for columns of `orders`.

    `columns` are headers for columns of `order_lines`; `item`, those headers that tell an order's items apart, none
    where nothing does.
    """

    order: str
    sums: Mapping[str, str]
    columns: Mapping[str, str]
    item: Sequence[str]

    @property
    def headers(self) -> set[str]:
        """Headers that are used by either stream."""
        return {self.order, *self.columns.values()}

    def orders(self, settings: Mapping[str, Json], columns: Mapping[str, str]) -> dict[str, Json]:
        """Turn settings with a line per order, and their `columns`, into those with several."""
        kept = {name: header for name, header in columns.items() if name not in self.sums}
        sums = {"compute": dict(self.sums)} if self.sums else {}
        return {**settings, "group_by": [self.order], "columns": kept, **sums}

    def items(self, orders: Mapping[str, Json]) -> dict[str, Json] | None:
        """Return the settings of the source of `order_lines`, None where items cannot be told apart."""
        if not self.item:
            return None
        shared = {key: orders[key] for key in ("files", "format", "identifiers") if key in orders}
        source: dict[str, Json] = {"stream": "order_lines", **shared}
        if "line_id" in self.columns:
            return source | {"columns": {"order_id": self.order, **self.columns}}
        columns = {name: header for name, header in self.columns.items() if name not in {"quantity", "discount"}}
        sums = {name: f"sum({quoted(self.columns[name])})" for name in ("quantity", "discount") if name in self.columns}
        named = " || '/' || ".join(map(quoted, self.item))
        return source | {
            "group_by": [self.order, *self.item],
            "columns": {"order_id": self.order, **columns},
            "compute": {"line_id": named, **sums},
        }

    def notes(self) -> list[str]:
        """Say what was decided."""
        found = [f'Lines with the same "{self.order}" are one order; where they differ, the first filled cell counts.']
        found += [f"{name} is {sql}, for lines of one order differ in it." for name, sql in self.sums.items()]
        if not self.item:
            found.append("Nothing on every line names the item, so order_lines are not read.")
        elif "line_id" not in self.columns:
            found.append(f"Lines of one order that agree in {', '.join(self.item)} are one item; quantities add up.")
        return found


def repeats(cells: Mapping[str, Sequence[str]], header: str | None) -> bool:
    """Tell whether a column of numbers has one of them on several lines."""
    values = cells.get(header or "", ())
    return len(set(values)) < len(values)


def lines_of(
    relation: Relation, orders: Mapping[str, str], items: Mapping[str, str], cells: Mapping[str, Sequence[str]]
) -> Lines | None:
    """Look whether a file of orders has a line for each item; `orders` and `items` are headers by column."""
    order = orders["order_id"]
    if not repeats(cells, order):
        return None
    rows = len(cells[order])
    full = {name for name, header in items.items() if len(cells[header]) >= rows}
    columns = {name: header for name, header in items.items() if name in full or name not in {"line_id", "placed_at"}}
    columns.pop("order_id", None)
    item = [columns["line_id"]] if "line_id" in columns else _item(columns, full)
    return Lines(order, dict(_sums(relation, order, orders, items)), columns, item)


def _item(columns: Mapping[str, str], full: set[str]) -> list[str]:
    named = next((name for name in _NAMED_BY if name in full), None)
    if named is None:
        return []
    return [columns[named], *([columns["price"]] if "price" in full else [])]


def _sums(relation: Relation, order: str, orders: Mapping[str, str], items: Mapping[str, str]) -> list[tuple[str, str]]:
    """Amounts that differ between the lines of one order are those of the lines; without a total, it is made."""
    kinds = STREAMS["orders"].columns
    amounts = [name for name in orders if kinds.field(name).type == MONEY]
    found = [(name, f"sum({quoted(orders[name])})") for name in amounts if _differs(relation, order, orders[name])]
    if "total" not in orders and {"quantity", "price"} <= items.keys():
        found.append(("total", f"sum({quoted(items['quantity'])} * {quoted(items['price'])})"))
    return found


def _differs(relation: Relation, order: str, amount: str) -> bool:
    key, value = relation.refs[order], relation.refs[amount]
    query = (
        f"SELECT count(*) FROM (SELECT {key} FROM ({relation.select}) GROUP BY {key} "
        f"HAVING count(DISTINCT nullif(trim(CAST({value} AS VARCHAR)), '')) > 1)"
    )
    return bool(relation.connection.execute(query).fetchall()[0][0])
