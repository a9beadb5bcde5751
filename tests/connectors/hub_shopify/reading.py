"""The source at the shop's time, and what has landed of it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hub.sdk.connector import Context
from hub.sdk.http.retry import pace
from hub.sdk.records import Json, Page
from hub.testing.bench import START
from hub.testing.fold import Fold
from hub_shopify.sandbox import ShopifySandbox
from hub_shopify.settings import ShopifySettings, ShopifySourceSettings
from hub_shopify.source import ShopifySource

PATH = "/admin/api/2026-10/graphql.json"


class Roomy(ShopifySandbox):
    """A shop whose bucket of points never runs dry."""

    bucket_size = 1_000_000
    restore_rate = 1_000_000


@contextmanager
def shop(kind: type[ShopifySandbox] = Roomy, **filled: int) -> Iterator[ShopifySandbox]:
    """Serve a shop at an instant, with so many objects of each stream; our own pauses are cut to a hundredth."""
    hurry = pace.set(0.01)
    try:
        with kind() as box:
            box.clock = START
            for stream, count in filled.items():
                box.make(stream, count)
            yield box
    finally:
        pace.reset(hurry)


def source(box: ShopifySandbox, connection: Mapping[str, Json] | None = None, **entry: Json) -> ShopifySource:
    """The source at the shop's time."""
    table = ShopifySettings.model_validate(box.connection() if connection is None else connection)
    context = Context("shop", Path(), box.now())
    return ShopifySource(table, ShopifySourceSettings.model_validate(entry), context)


def read(box: ShopifySandbox, fold: Fold | None = None, **entry: Json) -> Fold:
    """Read on from where the fold stands."""
    fold = fold or Fold()
    for _ in fold.read(source(box, None, **entry).read(ShopifySource.streams, fold.cursor)):
        pass
    return fold


def rows(found: Fold | Page, stream: str) -> list[dict[str, Any]]:
    """Records of a stream."""
    if isinstance(found, Fold):
        return list(found.rows.get(stream, {}).values())
    return list(found.rows[stream].to_pylist()) if stream in found.rows else []


def one(found: Fold | Page, stream: str) -> dict[str, Any]:
    """The only record of a stream."""
    [row] = rows(found, stream)
    return row


def identifiers(row: Mapping[str, Any]) -> dict[str, str]:
    """By what a record's person is recognised."""
    return {pair["namespace"]: pair["value"] for pair in row["identifiers"]}


def asked(box: ShopifySandbox) -> list[dict[str, Any]]:
    """Query and variables of every GraphQL request so far."""
    return [json.loads(each.request.body) for each in box.requests if each.request.path == PATH]
