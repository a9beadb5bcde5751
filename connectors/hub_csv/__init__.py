"""Files as a source: CSV, TSV, JSON lines, Parquet and Excel, see README.md.

* `source` reads; `settings` and `access` are what users write.
* `files` (what is known of one, the cursor), `folder`, `remote`, `refusals`, `host_keys` find and fetch files.
* `staging`, `workbook`, `scan`, `header`, `relation` make rows of a file.
* `cells`, `expression`, `mapping`, `reading` make records of rows.
* `propose` and `lines` look at a file that nobody has described.
"""

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
