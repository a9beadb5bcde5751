"""Files as a source: CSV, TSV, JSON lines and Parquet, see README.md."""

from collections.abc import Sequence
from typing import Any

from hub.sdk.connector import Source
from hub.sdk.hookspecs import hookimpl
from hub_csv.source import CsvSource

__all__ = ["CsvSource", "hub_sources"]


@hookimpl
def hub_sources() -> Sequence[type[Source[Any, Any]]]:
    """Offer the source `csv`."""
    return [CsvSource]
