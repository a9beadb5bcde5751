"""Everything that is asked is in the published schema of the version that is asked."""

import gzip
import json
from functools import cache
from pathlib import Path

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    Visitor,
    build_client_schema,
    get_named_type,
    parse,
    validate,
    visit,
)

from hub_shopify import documents
from hub_shopify.documents import KINDS, Kind
from hub_shopify.people import email_consent
from tests.connectors.hub_shopify.reading import asked, read, shop

SPECS = Path(__file__).parents[3].parent / "shared" / "specs"
SPEC = SPECS / f"shopify-admin-{documents.VERSION}.introspection.json.gz"
NAMES = ("loyalty.tier", "custom.score")

needs_schema = pytest.mark.skipif(not SPEC.exists(), reason="the published schema is not at hand")


@cache
def schema() -> GraphQLSchema:
    """The published schema."""
    with gzip.open(SPEC) as file:
        return build_client_schema(json.load(file)["data"], assume_valid=True)


def problems(text: str) -> list[str]:
    """What the schema finds wrong."""
    return [error.message for error in validate(schema(), parse(text))]


def every() -> list[str]:
    """Every document that can be asked, with and without what may be left out."""
    found = [documents.WHO, documents.JOB, documents.START, documents.CANCEL, documents.more_lines()]
    for kind in KINDS.values():
        names = () if kind.name == "abandonedCheckouts" else NAMES
        for denied in ((), *((each,) for each in kind.columns)):
            found += [documents.listing(kind, names, denied), documents.job(kind, names, denied, "updated_at:>='x'")]
        found.append(documents.newest(kind))
    return found


@needs_schema
def test_every_document_is_in_the_schema() -> None:
    """Fields, arguments, variables and their types."""
    assert [] == [(text, problems(text)) for text in every() if problems(text)]


@needs_schema
def test_what_is_sent_is_in_the_schema() -> None:
    """Documents as they go over the wire in a full and an incremental read, those within a job's variables too."""
    with shop(people=2, orders=2, products=1, carts=1) as box:
        fold = read(box, metafields={"customers": ["loyalty.tier"]})
        read(box, fold)
        sent = {each["query"] for each in asked(box)}
        sent |= {str(each["variables"]["query"]) for each in asked(box) if "mutation" in each["query"]}
    assert 9 < len(sent)
    assert [] == [(text, problems(text)) for text in sent if problems(text)]


@needs_schema
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_nothing_deprecated_is_asked(kind: Kind) -> None:
    """A field that Shopify calls deprecated is gone a year later."""
    for name in kind.fields:
        field = schema().get_type(kind.type).fields[name]  # type: ignore[union-attr]
        assert field.deprecation_reason is None, name


@needs_schema
@pytest.mark.parametrize("name", ["CustomerEmailAddressMarketingState", "CustomerMarketingConsentState"])
def test_every_word_on_marketing_is_known(name: str) -> None:
    """Each state of the schema is a word of ours: none ends in quarantine."""
    found = schema().get_type(name)
    assert isinstance(found, GraphQLEnumType)
    for state in found.values:
        email = {"marketingState": state, "marketingUpdatedAt": "2026-01-01T00:00:00Z"}
        [said] = email_consent({"id": 1, "defaultEmailAddress": email})
        assert said["state"] == {"SUBSCRIBED": "granted", "PENDING": "pending", "INVALID": "invalid"}.get(
            state, "denied"
        )


def strangers(record: object, path: str = "") -> list[str]:
    """Where an object of the sandbox is not one of the schema: fields, enums, nulls, texts."""
    if isinstance(record, list):
        return [each for item in record for each in strangers(item, path)]
    if not isinstance(record, dict):
        return []
    kind = schema().get_type(record["__typename"])
    assert isinstance(kind, GraphQLObjectType), path
    found: list[str] = []
    for name, value in record.items():
        if name in {"__typename", "metafields"}:
            continue
        where = f"{path}/{kind.name}.{name}"
        if name not in kind.fields:
            found.append(f"{where} does not exist")
            continue
        type_ = kind.fields[name].type
        if value is None and isinstance(type_, GraphQLNonNull):
            found.append(f"{where} is never null")
        named = get_named_type(type_)
        if isinstance(named, GraphQLEnumType) and value not in {None, *named.values}:
            found.append(f"{where} is never {value}")
        if named.name in {"String", "ID", "DateTime", "UnsignedInt64", "Decimal", "Money"} and not isinstance(
            value, str | list | None
        ):
            found.append(f"{where} is text")
        found += strangers(value, where)
    return found


@needs_schema
def test_objects_of_the_sandbox_are_objects_of_the_schema() -> None:
    """Their fields exist, their enums are such, what is never null is not."""
    with shop(people=2, products=1, orders=2, carts=1) as box:
        box.jobs.start(documents.job(KINDS["orders"]), grouped=True)
        root = box.root()
        records = [record for stream in box.objects.values() for record in stream.values()]
        records += [*box.jobs.all.values(), root["shop"], root["currentAppInstallation"], root["publicApiVersions"]]  # type: ignore[list-item]
        assert [] == strangers(records)


class Depth(Visitor):
    """Counts connections and how deep they lie in one another."""

    def __init__(self) -> None:
        super().__init__()
        self.total, self.deepest, self._now = 0, 0, 0

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Count."""
        if node.name.value == "edges":
            self.total, self._now = self.total + 1, self._now + 1
            self.deepest = max(self.deepest, self._now)

    def leave_field(self, node: FieldNode, *_: object) -> None:
        """Count back."""
        self._now -= node.name.value == "edges"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_jobs_keep_to_the_rules_of_bulk_operations(kind: Kind) -> None:
    """At most five connections, two deep."""
    document: DocumentNode = parse(documents.job(kind, NAMES))
    depth = Depth()
    visit(document, depth)
    assert 1 <= depth.total <= 5
    assert depth.deepest <= 2
