"""The destination `file`: a list kept equal to an audience, as one file, and a file of changes for every delivery."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

import pyarrow.parquet as pq

from hub.sdk.connector import ANY_ADDRESS, Capabilities, Destination
from hub.sdk.errors import StopConnection
from hub.sdk.identity import base_of
from hub.sdk.records import Batch, Fact, Json, Observed, Outcome, Row, Target, Verdict
from hub.sdk.settings import AudienceSettings
from hub_file.lists import Layout, members, merge, replaced
from hub_file.settings import FileSettings, FileTarget

STAGING = ".staging"


class FileDestination(Destination[FileSettings, FileTarget]):
    """Stages each batch durably, then lays all of a plan's changes over the list at once."""

    name = "file"
    settings_model = FileSettings
    target_model = FileTarget
    capabilities = Capabilities(
        address_by=(ANY_ADDRESS,),
        batch_rows=50_000,
        settles_within=timedelta(seconds=1),
        evidence="row",
        read_back="full",
    )

    @property
    def folder(self) -> Path:
        """The folder of the lists."""
        return self.context.project / self.settings.folder

    def check(self) -> Iterable[Fact]:
        """Say whether the folder can be written to."""
        probe = self.folder / ".probe"
        try:
            with replaced(probe) as partial:
                partial.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            yield Fact("error", f"{self.settings.folder}: cannot be written to ({error.strerror}).")
            return
        yield Fact("ok", f"{self.settings.folder}: can be written to, {len(list(self._lists()))} lists")

    def _lists(self) -> Iterator[Path]:
        return (
            path for kind in ("*.csv", "*.parquet") for path in self.folder.glob(kind) if ".delta-" not in path.name
        )

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """One list, with the audience's fields in it."""
        return [Target(f"file/{_path_of(audience)}", "membership", fields=True)]

    def open(self, target: Target, audience: AudienceSettings, plan_id: str, total: int) -> Json:  # noqa: ARG002
        """Fix the columns; nothing is written yet."""
        match = [base_of(name) for name in audience.match_on]
        digest = blake2b(plan_id.encode(), digest_size=4).hexdigest()  # the id may hold what a file name may not
        plan = f"{self.context.now:%Y%m%dT%H%M%S}-{digest}"
        return {"plan": plan, "path": _path_of(audience), "match": match, "fields": list(audience.fields)}

    def push(self, target: Target, handle: Json, batch: Batch) -> Sequence[Verdict]:  # noqa: ARG002
        """Stage a batch; it counts from then on, since `close` will lay it over the list whatever happens."""
        place, layout = _Place(self.folder, handle), self._layout(handle)
        refused = {index for index, row in enumerate(batch.rows) if not _is_unicode(row)}
        rows = [_cells(row) for index, row in enumerate(batch.rows) if index not in refused]
        changes = layout.changes(rows, batch.op, batch.sequence * self.capabilities.batch_rows)
        try:
            with replaced(place.staging / f"{batch.sequence:06d}-{batch.id}.parquet") as partial:
                pq.write_table(changes, partial)
        except OSError as error:
            raise _unwritable(self.settings.folder, error) from error
        outcome: Outcome = "absent" if batch.op == "remove" else "present"
        return [
            Verdict(index, "rejected", "not_unicode") if index in refused else Verdict(index, outcome)
            for index in range(len(batch.rows))
        ]

    def close(self, target: Target, handle: Json) -> None:  # noqa: ARG002
        """Write the list and the changes, then forget what was staged; a second call finds nothing left to do."""
        place = _Place(self.folder, handle)
        staged = sorted(place.staging.glob("*.parquet"))
        if not staged:
            return
        try:
            merge(place.path, place.delta, staged, self._layout(handle))
            shutil.rmtree(place.staging)
        except OSError as error:
            raise _unwritable(self.settings.folder, error) from error

    def read_back(self, target: Target, handle: Json) -> Iterator[Observed]:  # noqa: ARG002
        """Yield who stands in the file now; a file that somebody deleted holds nobody."""
        for wire in members(_Place(self.folder, handle).path, self._layout(handle)):
            yield Observed(wire, "present")

    def _layout(self, handle: Json) -> Layout:
        known = _dict(handle)
        return Layout(_texts(known["match"]), _texts(known["fields"]), self.settings.formula_safe)


class _Place:
    """Where a plan's list, changes and staged batches lie."""

    def __init__(self, folder: Path, handle: Json) -> None:
        known = _dict(handle)
        self.path = folder / str(known["path"])
        self.delta = self.path.with_name(f"{self.path.stem}.delta-{known['plan']}{self.path.suffix}")
        self.staging = folder / STAGING / str(known["plan"])


def _path_of(audience: AudienceSettings) -> str:
    if not isinstance(audience.target, FileTarget):
        raise TypeError(f"{audience.name}: its target is not of this connector")
    return audience.target.path


def _cells(row: Row) -> Mapping[str, str | None]:
    return {**{name: _cell(value) for name, value in row.fields.items()}, **row.wire}


def _is_unicode(row: Row) -> bool:
    """Tell whether a row can be written at all: half a surrogate pair, which JSON lets pass, cannot."""
    try:
        "".join(value for value in _cells(row).values() if value).encode()
    except UnicodeEncodeError:
        return False
    return True


def _cell(value: Json) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | dict | list) else str(value)


def _dict(handle: Json) -> Mapping[str, Json]:
    if not isinstance(handle, Mapping):
        raise TypeError("the handle is not one of this connector")
    return handle


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, Sequence) else ()


def _unwritable(folder: str, error: OSError) -> StopConnection:
    return StopConnection(
        f"{folder}: cannot be written to ({error.strerror}).", hint="Make room or mend its permissions."
    )
