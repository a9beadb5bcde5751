"""Which files of the landing log are finished, and how far each source was read."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import func
from sqlmodel import Session, col, select

from hub.sdk.errors import BrokenPlugin
from hub.sdk.records import Json
from hub.store.database import Database, append_audit, read_number, write_value
from hub.store.errors import StoreError
from hub.store.models import Cursor, LandedFile, fresh, to_json

_LAST_SEQ = "store.last_seq"
_CURSOR_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class CursorMove:
    """A source's cursor after a page."""

    connection: str
    source: str
    value: Json


@dataclass(frozen=True, slots=True)
class StreamCount:
    """Rows of one stream in one run: `read` = `landed` + `quarantined`, unless several rows make one record."""

    connection: str
    source: str
    stream: str
    read: int
    landed: int
    quarantined: int


class Landing(Database):
    """The registry of landed files and the cursors that became valid with them."""

    def next_seq(self, count: int = 1) -> int:
        """Reserve `count` numbers in a row for files about to be written, and return the first.

        The reservation is durable before any file exists, so a number never names two files; those of files that were
        never finished stay unused.
        """
        with self._writing() as session:
            first = read_number(session, _LAST_SEQ) + 1
            write_value(session, _LAST_SEQ, first + count - 1)
        return first

    def commit_page(self, files: Sequence[LandedFile], cursor: CursorMove | None = None, *, run_id: int) -> None:
        """Register the finished files of one page and move the source's cursor, both or neither.

        Args:
            files: on disk under their final names, with numbers from `next_seq`; `run_id` is filled in.
            cursor: None leaves the saved one as it is.
            run_id: the run that read the page.

        Raises:
            StoreError: a number was not reserved or is taken.
            BrokenPlugin: the cursor is larger than the contract allows.
        """
        with self._writing() as session:
            for file in files:
                _register(session, fresh(file, run_id=run_id))
            if cursor is not None:
                _move(session, cursor)

    def adopt(self, file: LandedFile) -> bool:
        """Register a finished file found on disk that has no row, as left by a crash just before the commit.

        Returns:
            False if it was registered already.

        Raises:
            StoreError: its number belongs to another file.
        """
        with self._writing() as session:
            known = session.get(LandedFile, file.seq)
            if known is not None and known.uid == file.uid:
                return False
            write_value(session, _LAST_SEQ, max(file.seq, read_number(session, _LAST_SEQ)))
            _register(session, fresh(file))
            append_audit(session, self._held.holder, "file.adopted", {"seq": file.seq, "path": file.path})
        return True

    def files(self, since_seq: int = 0) -> list[LandedFile]:
        """Return the registered files with a number above `since_seq`, in the order of their numbers."""
        with self._reading() as session:
            found = select(LandedFile).where(col(LandedFile.seq) > since_seq).order_by(col(LandedFile.seq))
            return list(session.exec(found))

    def known_files(self) -> set[tuple[int, str]]:
        """Return (seq, uid) of every registered file; derived state that contains any other pair must be rebuilt."""
        with self._reading() as session:
            return set(session.exec(select(LandedFile.seq, LandedFile.uid)))

    def counts(self, run_id: int) -> list[StreamCount]:
        """Return what a run landed, per source and stream: sums over its registered files."""
        names = (col(LandedFile.connection), col(LandedFile.source), col(LandedFile.stream))
        sums = [func.sum(column) for column in (LandedFile.source_rows, LandedFile.rows, LandedFile.quarantined)]
        found = sa.select(*names, *sums).where(col(LandedFile.run_id) == run_id).group_by(*names).order_by(*names)
        with self._reading() as session:
            return [StreamCount(*row[:3], *map(int, row[3:])) for row in session.execute(found)]

    def cursor(self, connection: str, source: str) -> Json:
        """Return the saved cursor of a source, None if it was never read."""
        with self._reading() as session:
            row = session.get(Cursor, (connection, source))
            return None if row is None else row.value

    def reset_cursor(self, connection: str, source: str) -> None:
        """Forget how far a source was read, so that the next read starts over."""
        with self._writing() as session:
            row = session.get(Cursor, (connection, source))
            if row is not None:
                session.delete(row)
            append_audit(session, self._held.holder, "cursor.reset", {"connection": connection, "source": source})


def _register(session: Session, file: LandedFile) -> None:
    if file.seq > read_number(session, _LAST_SEQ):
        raise StoreError(f"{file.path}: number {file.seq} was not reserved.", hint="Take it from next_seq.")
    taken = session.get(LandedFile, file.seq)
    if taken is not None:
        raise StoreError(f"{file.path}: number {file.seq} belongs to {taken.path}.", hint="Move one of them away.")
    session.add(file)


def _move(session: Session, move: CursorMove) -> None:
    size = len(to_json(move.value))
    if size > _CURSOR_BYTES:
        raise BrokenPlugin(
            f"{move.connection}: the cursor of {move.source} has {size:,} bytes; at most {_CURSOR_BYTES:,} are kept.",
            hint="Keep a position in it, not what was read.",
        )
    session.merge(Cursor(connection=move.connection, source=move.source, value=move.value))
