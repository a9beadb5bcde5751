"""The source at the vendor's time, and what has landed of it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hub.sdk.connector import Context
from hub.sdk.records import Json, Page
from hub_typeform.sandbox import TypeformSandbox
from hub_typeform.settings import TypeformSettings, TypeformSourceSettings
from hub_typeform.source import TypeformSource


def source(box: TypeformSandbox, **entry: object) -> TypeformSource:
    """The source at the vendor's time."""
    table = TypeformSettings.model_validate(box.connection())
    context = Context("surveys", Path(), box.now())
    return TypeformSource(table, TypeformSourceSettings.model_validate(entry), context)


class Landed:
    """Pages folded as the hub does it: by key, the last one wins; a complete read forgets what it did not bring."""

    def __init__(self) -> None:
        self.rows: dict[str, Mapping[str, Any]] = {}
        self.cursor: Json = None
        self.warnings: list[str] = []
        self.complete = False

    def take(self, pages: Iterator[Page]) -> "Landed":
        """Fold the pages of one read."""
        seen, self.complete = set[str](), False
        for page in pages:
            for row in page.rows["responses"].to_pylist() if page.rows else ():
                seen.add(row["response_id"])
                self.rows[row["response_id"]] = row
            self.complete = page.complete
            self.cursor = page.cursor if page.cursor is not None else self.cursor
            self.warnings += page.warnings
        if self.complete:
            self.rows = {key: row for key, row in self.rows.items() if key in seen}
        return self


def read(box: TypeformSandbox, landed: Landed | None = None, **entry: object) -> Landed:
    """Read on from where `landed` stands."""
    landed = landed or Landed()
    return landed.take(source(box, **entry).read(["responses"], landed.cursor))


def queries(box: TypeformSandbox) -> list[dict[str, str]]:
    """The parameters of every request for responses so far."""
    found = [each.request for each in box.requests if each.request.path.endswith("/responses")]
    return [{name: values[-1] for name, values in each.query.items()} for each in found]
