"""The source at the property's time, and what it brings."""

# ruff: noqa: ANN401 - keys of a [[source]] entry are of any type

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.sdk.connector import Context
from hub.sdk.records import Json
from hub.testing import Fold
from hub_google_analytics.sandbox import GoogleAnalyticsSandbox
from hub_google_analytics.settings import GoogleAnalyticsSettings, GoogleAnalyticsSourceSettings
from hub_google_analytics.source import GoogleAnalyticsSource


def source(box: GoogleAnalyticsSandbox, table: Mapping[str, Json] | None = None, **entry: Any) -> GoogleAnalyticsSource:
    """The source at the property's time; `table` is laid over a good connection."""
    settings = GoogleAnalyticsSettings.model_validate({**box.connection(), **(table or {})})
    context = Context("analytics", Path(), box.now())
    return GoogleAnalyticsSource(settings, GoogleAnalyticsSourceSettings.model_validate(entry), context)


def read(
    box: GoogleAnalyticsSandbox, fold: Fold | None = None, table: Mapping[str, Json] | None = None, **entry: Any
) -> Fold:
    """Read on from where the fold stands."""
    fold = fold or Fold()
    for _ in fold.read(source(box, table, **entry).read(["events"], fold.cursor)):
        pass
    return fold


def events(fold: Fold) -> list[Mapping[str, Any]]:
    """What has landed of events, in the order of their ids."""
    return [row for _, row in sorted(fold.rows.get("events", {}).items())]
