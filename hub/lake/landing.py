"""The log of what was read: immutable Parquet files, one per page and stream, numbered and registered.

    data/landing/<connection>/<stream>/<seq>-<uid>.parquet

A file carries its registry row in its own footer, so that one which was finished just before a crash can be adopted.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from hub.lake.durable import published, sweep
from hub.sdk.errors import HubError
from hub.sdk.streams import FLAG, STREAMS, TEXT
from hub.store.control import Store
from hub.store.models import LandedFile, fresh

_FOOTER = b"hub"


class Landing:
    """Writes and finds the files of the landing log under `root`; numbers come from the control store."""

    def __init__(self, root: Path, store: Store) -> None:
        self.root = root
        self._store = store

    def write(self, table: pa.Table, described: LandedFile) -> LandedFile:
        """Write a page's table and return its registry row, completed; it counts only once that row is committed.

        `described` says everything but seq, uid, path, rows and bytes. The column `_seq` is filled here.
        """
        seq, uid = self._store.next_seq(), uuid4().hex[:12]
        name = f"{described.connection}/{described.stream}/{seq:012d}-{uid}.parquet"
        numbered = table.append_column("_seq", pa.array([seq], pa.int64()).take(pa.array([0] * len(table), pa.int8())))
        entry = fresh(described, seq=seq, uid=uid, path=name, rows=len(table))
        with published(self.root / name) as partial:
            tagged = numbered.replace_schema_metadata({_FOOTER: entry.model_dump_json()})
            pq.write_table(
                tagged,
                partial,
                compression="zstd",
                compression_level=1,
                row_group_size=122_880,
                use_dictionary=_repeating(tagged.schema, described.stream),
                write_statistics=False,  # files are read whole, so nobody would look at them
            )
        return fresh(entry, bytes=(self.root / name).stat().st_size)

    def path(self, file: LandedFile) -> Path:
        """Return where a registered file lies."""
        return self.root / file.path

    def adopt(self) -> list[LandedFile]:
        """Sweep unfinished files and register finished ones that no commit names; return the adopted.

        An adopted page moved no cursor, so its rows will be read again and meet themselves by key. It is never
        taken as the end of a complete read.
        """
        sweep(self.root)
        known = {uid for _, uid in self._store.known_files()}
        orphans = [path for path in sorted(self.root.rglob("*.parquet")) if path.stem.partition("-")[2] not in known]
        adopted = [_read_footer(path, self.root) for path in orphans]
        for file in adopted:
            self._store.adopt(file)
        return adopted


def _repeating(schema: pa.Schema, stream: str) -> list[str]:
    """Columns of few different values; of the others Parquet would make a dictionary only to throw it away."""
    keys = STREAMS[stream].key if stream in STREAMS else ()
    texts = [column.name for column in schema if column.type in (TEXT, FLAG)]
    return [name for name in texts if name not in {*keys, "_key", "_links", "_raw"}] + [
        "identifiers.list.element.namespace"
    ]


def _read_footer(path: Path, root: Path) -> LandedFile:
    try:
        entry = LandedFile.model_validate(json.loads((pq.read_metadata(path).metadata or {})[_FOOTER]))
    except (pa.ArrowException, KeyError, ValueError):
        raise HubError(
            f"data/landing/{path.relative_to(root)} was not written by the hub, or is damaged.",
            hint="Move it away; nothing was changed.",
        ) from None
    return fresh(entry, bytes=path.stat().st_size, complete=False, path=str(path.relative_to(root)))


def paths(files: Iterable[LandedFile], root: Path) -> str:
    """Return an SQL list of the files' paths, for `read_parquet`."""
    quoted = ("'" + str(root / file.path).replace("'", "''") + "'" for file in files)
    return f"[{', '.join(quoted)}]"
