"""Objects become a page: rows by stream, quarantine, what is gone, who was merged into whom."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from hub.sdk.records import Json, Page
from hub.sdk.tables import quarantine, refusal, table_of
from hub_hubspot.values import Misfit, Object

Row = Mapping[str, object]


class Collector:
    """What is to be a page."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.merged: list[tuple[str, str]] = []
        self.gone: dict[str, list[str]] = {}
        self._refused: list[Row] = []

    def take(self, stream: str, found: Json, make: Callable[[Object], Iterable[Row]]) -> None:
        """Add the rows that `make` makes of an object, or put the object into quarantine."""
        try:
            if not isinstance(found, Mapping):
                raise Misfit("attributes", "an object")  # noqa: TRY301 - one way out for all that does not fit
            rows = list(make(found))
        except Misfit as misfit:
            self.refuse(stream, found, misfit)
        else:
            self.rows.setdefault(stream, []).extend(rows)

    def refuse(self, stream: str, found: Json, misfit: Misfit) -> None:
        """Put what came into quarantine."""
        self._refused.append(refusal(stream, found, misfit.field, str(misfit)))

    def lose(self, stream: str, keys: Iterable[str]) -> None:
        """Say that records are gone."""
        self.gone.setdefault(stream, []).extend(keys)

    def page(self, cursor: Json = None, warnings: Sequence[str] = ()) -> Page:
        """Return all that was taken."""
        return Page(
            {stream: table_of(stream, rows) for stream, rows in self.rows.items() if rows},
            quarantine=quarantine(self._refused),
            cursor=cursor,
            deleted={stream: list(dict.fromkeys(keys)) for stream, keys in self.gone.items() if keys},
            merged=list(dict.fromkeys(self.merged)),
            warnings=warnings,
        )
