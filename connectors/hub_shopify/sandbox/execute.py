"""Any query is answered by walking its syntax tree over the objects, so that nobody's client is preferred.

The schema is not at hand: a field that no object here has is refused as one that does not exist.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeAlias

from hub.sdk.errors import ConfigError
from hub.sdk.records import Json
from hub_shopify.sandbox.lists import Many, Part, Refusal, matching, part_of
from hub_shopify.sandbox.records import Record

if TYPE_CHECKING:
    from graphql import (
        DocumentNode,
        FieldNode,
        FragmentDefinitionNode,
        InlineFragmentNode,
        OperationDefinitionNode,
        SelectionSetNode,
    )

Path: TypeAlias = tuple[str | int, ...]

_NEVER_NULL = frozenset({"CustomerEmailAddress.emailAddress", "CustomerPhoneNumber.phoneNumber"})
_FREE = frozenset({"QueryRoot", "Mutation", "Connection", "Edge", "PageInfo"})
_ABSTRACT = frozenset({"Node", "HasMetafields", "HasEvents", "Navigable"})


class Execution:
    """One operation. `hidden`: `Type.field` that is not shown. Afterwards `errors` holds what was not shown.

    With `children` lists within an object are put there, each with its parent, as bulk operations do.
    """

    def __init__(self, document: "DocumentNode", variables: Mapping[str, object], hidden: frozenset[str]) -> None:
        from graphql import FragmentDefinitionNode  # noqa: PLC0415 - only whoever runs the sandbox needs it

        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._variables = variables
        self._hidden = hidden
        self.errors: list[Json] = []
        self.spent = 0
        """Objects that were shown: what the query cost in the end."""
        self.children: list[Record] | None = None

    def run(self, operation: "OperationDefinitionNode", root: Record) -> Json:
        """Return the data. Raises Refusal for a query that Shopify does not run."""
        return self._object(operation.selection_set, root, ())

    def roots(self, operation: "OperationDefinitionNode", root: Record) -> tuple["SelectionSetNode", list[Record]]:
        """Return what a bulk query asks of each object of its list, and the objects. Raises Refusal."""
        fields = self._fields(operation.selection_set, root)
        value = self._value(root, fields[0], (fields[0].name.value,)) if len(fields) == 1 else None
        if not isinstance(value, Many):
            raise Refusal("Bulk queries must contain at least one connection.", "INVALID")
        found = matching(value, str(self.arguments(fields[0]).get("query") or ""))
        return self._of_nodes(fields[0], root), found

    def one(self, selection: "SelectionSetNode", record: Record) -> Json:
        """Return what is asked of one object."""
        return self._object(selection, record, ())

    def arguments(self, field: "FieldNode") -> Mapping[str, object]:
        """Return a field's arguments, with variables filled in."""
        from graphql import value_from_ast_untyped  # noqa: PLC0415 - as above

        variables = dict(self._variables)
        return {each.name.value: value_from_ast_untyped(each.value, variables) for each in field.arguments or ()}

    def _of_nodes(self, field: "FieldNode", record: Record) -> "SelectionSetNode":
        """Find `edges { node { ... } }` or `nodes { ... }` in a list's selection."""
        inner = field.selection_set
        for _ in range(2):
            for each in self._fields(inner, record) if inner else ():
                if each.name.value in {"node", "nodes"} and each.selection_set:
                    return each.selection_set
                inner = each.selection_set if each.name.value == "edges" else inner
        raise Refusal("Bulk queries must ask for the nodes of their connection.", "INVALID")

    def _fields(self, selection: "SelectionSetNode", record: Record) -> "list[FieldNode]":
        """The fields that are asked of an object, those in fragments that fit its type among them."""
        from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode  # noqa: PLC0415 - as above

        found: list[FieldNode] = []
        for each in selection.selections:
            if isinstance(each, FieldNode):
                found.append(each)
            elif isinstance(each, FragmentSpreadNode):
                found += self._fitting(self._fragments[each.name.value], record)
            elif isinstance(each, InlineFragmentNode):
                found += self._fitting(each, record)
        return found

    def _fitting(self, fragment: "FragmentDefinitionNode | InlineFragmentNode", record: Record) -> "list[FieldNode]":
        wanted = fragment.type_condition.name.value if fragment.type_condition else record.get("__typename")
        fits = wanted == record.get("__typename") or wanted in _ABSTRACT
        return self._fields(fragment.selection_set, record) if fits else []

    def _object(self, selection: "SelectionSetNode", record: Record, path: Path) -> Json:
        answer: dict[str, Json] = {}
        self.spent += record.get("__typename") not in _FREE
        for field in self._fields(selection, record):
            key = field.alias.value if field.alias else field.name.value
            name = f"{record.get('__typename')}.{field.name.value}"
            if name in self._hidden:
                self._deny(name, (*path, key))
                if name in _NEVER_NULL:
                    return None
                answer[key] = None
                continue
            value = self._value(record, field, (*path, key))
            if isinstance(value, Many) and self.children is not None:
                self._below(field, value, record)
            else:
                answer[key] = self._shown(field, value, record, (*path, key))
        return answer

    def _deny(self, name: str, path: Path) -> None:
        message = f"Access denied for {name.partition('.')[2]} field."
        self.errors.append({"message": message, "path": list(path), "extensions": {"code": "ACCESS_DENIED"}})

    def _value(self, record: Record, field: "FieldNode", path: Path) -> object:
        name = field.name.value
        if name == "metafield":
            args = self.arguments(field)
            found = record["metafields"]
            return found.get(f"{args['namespace']}.{args['key']}") if isinstance(found, dict) else None
        if name not in record:
            raise Refusal(f"Field '{name}' doesn't exist on type '{record.get('__typename')}'", "undefinedField")
        value = record[name]
        if callable(value):
            value = value(self.arguments(field))
        if isinstance(value, Denial):
            self._deny(f"{record.get('__typename')}.{name}", path)
            return None
        return Many(value) if name == "lineItems" and isinstance(value, list) else value

    def _shown(self, field: "FieldNode", value: object, record: Record, path: Path) -> Json:
        if isinstance(value, Many):
            return self._listed(field, part_of(value, self.arguments(field)), path)
        if isinstance(value, dict):
            if field.selection_set is None:
                raise Refusal(f"Field must have selections ({field.name.value})", "selectionMismatch")
            return self._object(field.selection_set, value, path)
        if isinstance(value, list):
            return [self._shown(field, each, record, (*path, place)) for place, each in enumerate(value)]
        return value  # type: ignore[return-value]

    def _listed(self, field: "FieldNode", part: Part, path: Path) -> Json:
        """A page of a list: `nodes`, `edges` and `pageInfo`, whichever are asked for."""
        marks = [mark for mark, _ in part.items]
        info = {
            "__typename": "PageInfo", "hasNextPage": part.behind, "hasPreviousPage": part.before,
            "startCursor": marks[0] if marks else None, "endCursor": marks[-1] if marks else None,
        }  # fmt: skip
        edges = [{"__typename": "Edge", "cursor": mark, "node": each} for mark, each in part.items]
        page: Record = {
            "__typename": "Connection", "nodes": [each for _, each in part.items], "edges": edges, "pageInfo": info,
        }  # fmt: skip
        if field.selection_set is None:
            raise Refusal(f"Field must have selections ({field.name.value})", "selectionMismatch")
        return self._object(field.selection_set, page, path)

    def _below(self, field: "FieldNode", value: Many, record: Record) -> None:
        selection = self._of_nodes(field, record)
        for each in value.items:
            shown = self._object(selection, each, ())
            if self.children is not None and isinstance(shown, dict):
                self.children.append({**shown, "__parentId": record["id"]})


class Denial:
    """What a field gives that the app may not see."""


def operation_of(document: "DocumentNode", name: str | None) -> "OperationDefinitionNode":
    """Return the operation to run. Raises Refusal where it is not clear which."""
    from graphql import OperationDefinitionNode  # noqa: PLC0415 - as above

    found = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    named = [each for each in found if name is None or (each.name and each.name.value == name)]
    if len(named) != 1:
        raise Refusal("An operation name is required")
    return named[0]


def parsed(query: str) -> "DocumentNode":
    """Return the syntax tree. Raises Refusal for text that is no GraphQL."""
    from graphql import GraphQLSyntaxError, parse  # noqa: PLC0415 - as above

    try:
        return parse(query, no_location=True)
    except GraphQLSyntaxError as error:
        raise Refusal(error.message, "PARSE_ERROR") from None


def look_for_graphql() -> None:
    """Return where graphql-core is installed. Raises ConfigError."""
    if find_spec("graphql") is None:
        raise ConfigError("The simulated Shopify needs graphql-core.", hint="pip install 'audience-hub[sandbox]'")
