"""The source at the vendor's time, and what it brings."""

# ruff: noqa: ANN401 - keys of a [[source]] entry are of any type

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.sdk.connector import Context
from hub.sdk.records import Json, Page
from hub.testing import Fold
from hub_hubspot.sandbox import HubspotSandbox
from hub_hubspot.settings import HubspotSettings, HubspotSourceSettings
from hub_hubspot.source import HubspotSource

STREAMS = ("people", "companies", "deals", "consents")


def source(box: HubspotSandbox, table: Mapping[str, Json] | None = None, **entry: Any) -> HubspotSource:
    """The source at the vendor's time; `table` is laid over a good connection."""
    settings = HubspotSettings.model_validate({**box.connection(), **(table or {})})
    return HubspotSource(settings, HubspotSourceSettings.model_validate(entry), Context("crm", Path(), box.now()))


def read(box: HubspotSandbox, fold: Fold | None = None, **entry: Any) -> Fold:
    """Read on from where the fold stands."""
    fold = fold or Fold()
    for _ in fold.read(source(box, **entry).read(STREAMS, fold.cursor)):
        pass
    return fold


def rows(page: Page, stream: str) -> list[dict[str, Any]]:
    """Records of a page."""
    return list(page.rows[stream].to_pylist()) if stream in page.rows else []


def row(fold: Fold, stream: str, key: str) -> Mapping[str, Any]:
    """One record that has landed."""
    return fold.rows[stream][(key,)]


def pairs(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Identifiers of a record, in their order."""
    return [(each["namespace"], each["value"]) for each in found["identifiers"]]


def said(fold: Fold) -> dict[tuple[str, str], str]:
    """The latest word of each address and purpose."""
    words: list[Mapping[str, Any]] = list(fold.rows.get("consents", {}).values())
    return {(each["identifiers"][0]["value"], each["purpose"]): each["state"] for each in words}


def paths(box: HubspotSandbox) -> list[str]:
    """What was asked for, without what comes twice in a row."""
    found = [each.request.path for each in box.requests]
    return [path for place, path in enumerate(found) if place == 0 or found[place - 1] != path]
