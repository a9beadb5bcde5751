"""The source at the vendor's time, and what it brings."""

# ruff: noqa: ANN401 - keys of a [[source]] entry are of any type

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.sdk.connector import Context
from hub.sdk.records import Json
from hub.testing import Fold
from hub_klaviyo.sandbox import KlaviyoSandbox
from hub_klaviyo.settings import KlaviyoSettings, KlaviyoSourceSettings
from hub_klaviyo.source import KlaviyoSource

STREAMS = KlaviyoSource.streams


def source(box: KlaviyoSandbox, table: Mapping[str, Json] | None = None, **entry: Any) -> KlaviyoSource:
    """The source at the vendor's time; `table` is laid over a good connection."""
    settings = KlaviyoSettings.model_validate({**box.connection(), **(table or {})})
    return KlaviyoSource(settings, KlaviyoSourceSettings.model_validate(entry), Context("klaviyo", Path(), box.now()))


def read(box: KlaviyoSandbox, fold: Fold | None = None, **entry: Any) -> Fold:
    """Read on from where the fold stands."""
    fold = fold or Fold()
    for _ in fold.read(source(box, **entry).read(STREAMS, fold.cursor)):
        pass
    return fold


def row(fold: Fold, stream: str, key: str) -> Mapping[str, Any]:
    """One record that has landed."""
    return fold.rows[stream][(key,)]


def pairs(found: Mapping[str, Any]) -> dict[str, str]:
    """Identifiers of a record."""
    return {each["namespace"]: each["value"] for each in found["identifiers"]}


def words(fold: Fold) -> list[Mapping[str, Any]]:
    """What landed of consents."""
    return list(fold.rows.get("consents", {}).values())
