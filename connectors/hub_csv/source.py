"""The source `csv`: CSV, TSV, JSON lines, Parquet and Excel files become records of one canonical stream."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hub.sdk.connector import Source
from hub.sdk.errors import BadData, ConfigError, HubError, RetryLater
from hub.sdk.proposal import Proposal
from hub.sdk.records import Fact, Json, Page
from hub.sdk.streams import STREAMS
from hub_csv.cells import Rules
from hub_csv.expression import nearest
from hub_csv.files import MAX_FILES, Found, Seen, Store
from hub_csv.header import are_names
from hub_csv.mapping import headers_of
from hub_csv.propose import propose
from hub_csv.reading import Chunk, FileReader
from hub_csv.relation import Relation, open_relation
from hub_csv.remote import open_store
from hub_csv.settings import CsvSettings, CsvSourceSettings
from hub_csv.staging import digest_of

_LOOKED_INTO = 50_000_000
_NANOSECONDS = 1_000_000_000
_SKEW = timedelta(hours=1)  # that the clocks of two machines may differ


class CsvSource(Source[CsvSettings, CsvSourceSettings]):
    """Reads new and changed files of a folder or a store; unchanged ones are recognised and left alone."""

    name = "csv"
    streams = tuple(STREAMS)
    settings_model = CsvSettings
    source_model = CsvSourceSettings

    @classmethod
    def propose(cls, path: Path) -> Proposal | None:
        """Propose how to read a file by its headers and values; see `hub_csv.propose`."""
        return propose(path)

    @property
    def _timezone(self) -> str:
        return self.source.format.timezone or self.context.timezone

    def _store(self) -> AbstractContextManager[Store]:
        return open_store(self.settings, self.context.project)

    def _find(self, store: Store, *, first_time: bool) -> list[Found]:
        """List the files; those that are put away after reading may be missing, and the archive does not count."""
        stay = self.source.after_load == "keep"
        files = store.find(self.source.files, names=stay, matches=stay and first_time)
        return [file for file in files if not file.name.startswith(f"{self.source.archive}/")] if self._moves else files

    @property
    def _moves(self) -> bool:
        return self.source.after_load == "archive"

    def check(self) -> Iterable[Fact]:
        """Say how many files there are, how big and how new, and whether the newest has the mapped columns."""
        try:
            with self._store() as store:
                files = self._find(store, first_time=True)
                if not files:  # all are put away
                    yield Fact("ok", "no file waits to be read")
                    return
                newest = max(files, key=lambda file: file.mtime)
                total = sum(file.size for file in files)
                yield Fact(
                    "ok", f"{len(files)} file(s), {total:,} bytes; newest is {newest.name}, {newest.size:,} bytes"
                )
                yield from self._waiting_facts(files)
                yield from self._look_into(store, newest)
        except HubError as error:
            yield Fact("error", str(error))

    def _waiting_facts(self, files: Sequence[Found]) -> Iterator[Fact]:
        if waiting := [file for file in files if not self._is_stable(file)]:
            text = f"{len(waiting)} file(s) changed less than {self.source.stable_for} ago and would not be read yet"
            yield Fact("ok", text)

    def _look_into(self, store: Store, file: Found) -> Iterator[Fact]:
        if not store.near and file.size > _LOOKED_INTO:
            yield Fact("ok", f"{file.name} is too big to be fetched for a look at its columns")
            return
        with store.fetched(file) as path, self._open(file, path) as relation:
            yield from self._facts_of(file, relation)

    def _facts_of(self, file: Found, relation: Relation) -> Iterator[Fact]:
        wanted = headers_of(self.source)
        known = relation.names if are_names(relation.names, wanted) else ()
        shown = f": {', '.join(known)[:500]}" if known else ""
        yield Fact("ok", f"{file.name} has {len(relation.names)} columns{shown}")
        for header in wanted:
            if header not in relation.names:
                yield Fact("error", f'{file.name} has no column "{header}".{nearest(header, known)}')
        if relation.damaged:
            yield Fact("warning", f"{file.name}: {len(relation.damaged):,} damaged line(s) would be quarantined")

    def _open(self, file: Found, path: Path) -> AbstractContextManager[Relation]:
        kind = file.kind(self.source.format)
        return open_relation(path, kind, self.source.format, self._timezone, headers_of(self.source))

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Yield the rows of new and changed files; with `complete = true`, of all files as soon as one changed.

        A file that cannot be read does not keep the others from being read; its error comes last. Files that `since`
        knows are durable: they are archived or deleted now, and never by this read going on.
        """
        if self.source.stream not in streams:
            return
        before = Seen.from_cursor(since)
        with self._store() as store:
            found = self._find(store, first_time=since is None)
            files, warnings = self._put_away(store, found, before)
            ready = [file for file in files if before.has(file) or self._is_stable(file)]
            warnings += self._from_the_future(files)
            if warnings:
                yield Page(warnings=tuple(warnings))
            if not self.source.complete:
                yield from self._read_some(store, self._bounded(ready), before)
            elif len(ready) == len(files):  # else not everything can be seen yet
                yield from self._read_all_if_changed(store, self._bounded(ready), before)

    def _put_away(self, store: Store, files: Sequence[Found], before: Seen) -> tuple[list[Found], list[str]]:
        """Archive or delete what was loaded; return the files that are left, and what could not be put away."""
        if self.source.after_load == "keep":
            return list(files), []
        failures: list[str] = []
        for file in filter(before.has, files):
            try:
                store.move(file, file.archived(self.source.archive)) if self._moves else store.remove(file)
            except RetryLater:
                raise
            except (HubError, OSError) as error:
                failures.append(f"{file.name}: {error.message if isinstance(error, HubError) else error.strerror}")
        what = "archived" if self._moves else "deleted"
        warning = (
            [f"{len(failures):,} file(s) that were read could not be {what}, first {failures[0]}"] if failures else []
        )
        return [file for file in files if failures or not before.has(file)], warning

    def _is_stable(self, file: Found) -> bool:
        """Tell whether a file has stood unchanged long enough; who asks for no time takes every file."""
        wait = self.source.stable_for
        return not wait or file.mtime <= (self.context.now - wait).timestamp() * _NANOSECONDS

    def _from_the_future(self, files: Sequence[Found]) -> list[str]:
        limit = (self.context.now + _SKEW).timestamp() * _NANOSECONDS
        late = [file.name for file in files if file.mtime > limit and self.source.stable_for]
        return [f"{len(late):,} file(s) with a time in the future wait for it, first {late[0]}"] if late else []

    def _bounded(self, files: list[Found]) -> list[Found]:
        """Take as many files as a cursor can remember; the next read goes on where these have been put away.

        Raises:
            ConfigError: there are more, and they stay.
        """
        if len(files) > MAX_FILES and self.source.after_load == "keep":
            raise ConfigError(
                f"{len(files):,} files match; at most {MAX_FILES:,} can be remembered.",
                where="files",
                hint='Let after_load = "archive" move those that were read, or split the source.',
            )
        return files[:MAX_FILES]

    def _read_some(self, store: Store, files: Sequence[Found], before: Seen) -> Iterator[Page]:
        """Read files one by one; the cursor moves with the last page of each."""
        seen, moved, failures = before.only(files), False, list[HubError]()
        for file in files:
            held: Page | None = None
            try:
                for page in () if before.has(file) else self._pages(store, file, seen, before):
                    if held is not None:
                        yield held
                    held = page
            except RetryLater:
                raise  # the store is away, and would be for the other files
            except HubError as error:
                failures.append(error)
                continue
            moved = moved or (held is None and not before.has(file))
            if held is not None:
                yield replace(held, cursor=seen.cursor())
        if moved:
            yield Page(cursor=seen.cursor())
        _raise_first(failures)

    def _read_all_if_changed(self, store: Store, files: Sequence[Found], before: Seen) -> Iterator[Page]:
        new = [file for file in files if not before.has(file)]
        if not new and not before.has_others(files):
            return
        if not files:
            raise BadData(
                "No file is there any more.", hint="All records would be deleted. Remove the source if you mean it."
            )
        after = before.only(files)
        for file in new if store.near and len(before) else ():
            if before.has_content(digest := digest_of(Path(file.place))):
                after.add(file, digest)
        if len(after) == len(files) and after.contents() == before.contents():
            yield Page(cursor=after.cursor())  # touched or renamed
        else:
            yield from self._read_all(store, files)

    def _read_all(self, store: Store, files: Sequence[Found]) -> Iterator[Page]:
        """Read all files; the cursor moves at the very end, where the read may be called complete."""
        seen, damaged, failures = Seen(), 0, list[HubError]()
        for file in files:
            try:
                for page in self._pages(store, file, seen, Seen()):
                    damaged += page.quarantine.num_rows if page.quarantine is not None else 0
                    yield page
            except RetryLater:
                raise
            except HubError as error:
                failures.append(error)
        _raise_first(failures)
        warning = (
            f"{damaged:,} rows are in quarantine, so records missing from the files were not taken for deleted.",
        )
        yield Page(cursor=seen.cursor(), complete=not damaged, warnings=warning if damaged else ())

    def _pages(self, store: Store, file: Found, seen: Seen, before: Seen) -> Iterator[Page]:
        """Read one file, unless `before` knows its content; once it is read to its end, it is added to `seen`."""
        try:
            with store.fetched(file) as path:
                digest = digest_of(path) if len(before) else ""
                if not digest or not before.has_content(digest):
                    with self._open(file, path) as relation:
                        digest = relation.digest
                        yield from self._rows(file, relation)
            seen.add(file, digest)
        except BadData as error:
            raise BadData(f"{file.name}: {error.message}", hint=error.hint) from None
        except OSError as error:
            raise BadData(f"{file.name}: cannot be read ({error.strerror}).", hint="Check its permissions.") from None

    def _rows(self, file: Found, relation: Relation) -> Iterator[Page]:
        settings = self.source.format
        dates = settings.patterns(file.kind(settings))
        rules = Rules(settings.decimal, settings.thousands, dates, self._timezone)
        for chunk in FileReader(self.source, relation, rules, file.name).chunks():
            yield self._page(chunk)

    def _page(self, chunk: Chunk) -> Page:
        stream = self.source.stream
        rows = {} if chunk.rows is None else {stream: chunk.rows}
        return Page(rows=rows, read={stream: chunk.read}, quarantine=chunk.quarantine)


def _raise_first(failures: Sequence[HubError]) -> None:
    if failures:
        others = f" {len(failures) - 1} more file(s) failed." if len(failures) > 1 else ""
        failures[0].hint = f"{failures[0].hint}{others}".strip()
        raise failures[0]
