"""The source `csv`: CSV, TSV, JSON lines and Parquet files become records of one canonical stream."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from hub.sdk.connector import Source
from hub.sdk.errors import BadData, HubError
from hub.sdk.proposal import Proposal
from hub.sdk.records import Fact, Json, Page
from hub.sdk.streams import STREAMS
from hub_csv.cells import Rules
from hub_csv.expression import nearest
from hub_csv.files import Found, Seen, find_files
from hub_csv.header import are_names
from hub_csv.mapping import headers_of
from hub_csv.propose import propose
from hub_csv.reading import Chunk, FileReader
from hub_csv.relation import Relation, open_relation
from hub_csv.settings import CsvSettings, CsvSourceSettings
from hub_csv.staging import digest_of


class CsvSource(Source[CsvSettings, CsvSourceSettings]):
    """Reads new and changed files below a folder; unchanged ones are recognised and left alone."""

    name = "csv"
    streams = tuple(STREAMS)
    settings_model = CsvSettings
    source_model = CsvSourceSettings

    @classmethod
    def propose(cls, path: Path) -> Proposal | None:
        """Propose how to read a file by its headers and values; see `hub_csv.propose`."""
        return propose(path)

    @property
    def _root(self) -> Path:
        return self.context.project / self.settings.root

    @property
    def _timezone(self) -> str:
        return self.source.format.timezone or self.context.timezone

    def check(self) -> Iterable[Fact]:
        """Say how many files there are, how big and how new, and whether the newest has the mapped columns."""
        try:
            files = find_files(self._root, self.source.files, first_time=True)
            newest = max(files, key=lambda file: file.mtime)
            total = sum(file.size for file in files)
            yield Fact("ok", f"{len(files)} file(s), {total:,} bytes; newest is {newest.name}, {newest.size:,} bytes")
            with self._open(newest) as relation:
                yield from self._facts_of(newest, relation)
        except HubError as error:
            yield Fact("error", str(error))

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

    def _open(self, file: Found) -> AbstractContextManager[Relation]:
        kind = file.kind(self.source.format)
        return open_relation(file.path, kind, self.source.format, self._timezone, headers_of(self.source))

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Yield the rows of new and changed files; with `complete = true`, of all files as soon as one changed.

        A file that cannot be read does not keep the others from being read; its error comes last.
        """
        if self.source.stream not in streams:
            return
        before = Seen.from_cursor(since)
        files = find_files(self._root, self.source.files, first_time=since is None)
        if all(map(before.has, files)) and not (self.source.complete and before.has_others(files)):
            return
        after, changed = self._changed(files, before)
        if not changed:
            yield Page(cursor=after.cursor())
        elif self.source.complete:
            yield from self._read_all(files)
        else:
            yield from self._read_some(changed, after)

    def _changed(self, files: Sequence[Found], before: Seen) -> tuple[Seen, list[Found]]:
        """Return what is known of these files, and those with content that was not read yet.

        With `complete`, also a file that is gone is a change, and then all are read.
        """
        after, changed = before.only(files), []
        for file in files:
            if before.has(file):
                continue
            digest = digest_of(file.path) if len(before) else ""
            if digest and before.has_content(digest):
                after.add(file, digest)
            else:
                changed.append(file)
        gone = self.source.complete and not changed and after.contents() != before.contents()
        return after, list(files) if gone else changed

    def _read_some(self, files: Sequence[Found], seen: Seen) -> Iterator[Page]:
        """Read files one by one; the cursor moves with the last page of each."""
        failures: list[HubError] = []
        for file in files:
            held: Page | None = None
            try:
                for page in self._pages(file, seen):
                    if held is not None:
                        yield held
                    held = page
            except HubError as error:
                failures.append(error)
                continue
            yield replace(held or Page(), cursor=seen.cursor())
        _raise_first(failures)

    def _read_all(self, files: Sequence[Found]) -> Iterator[Page]:
        """Read all files; the cursor moves at the very end, where the read may be called complete."""
        seen, damaged, failures = Seen(), 0, list[HubError]()
        for file in files:
            try:
                for page in self._pages(file, seen):
                    damaged += page.quarantine.num_rows if page.quarantine is not None else 0
                    yield page
            except HubError as error:
                failures.append(error)
        _raise_first(failures)
        warning = (
            f"{damaged:,} rows are in quarantine, so records missing from the files were not taken for deleted.",
        )
        yield Page(cursor=seen.cursor(), complete=not damaged, warnings=warning if damaged else ())

    def _pages(self, file: Found, seen: Seen) -> Iterator[Page]:
        """Read one file; once it is read to its end, it is added to `seen`."""
        try:
            with self._open(file) as relation:
                reader = FileReader(self.source, relation, self._rules, file.name)
                for chunk in reader.chunks():
                    yield self._page(chunk)
                file.require_unchanged()
                seen.add(file, relation.digest)
        except BadData as error:
            raise BadData(f"{file.name}: {error.message}", hint=error.hint) from None
        except OSError as error:
            raise BadData(f"{file.name}: cannot be read ({error.strerror}).", hint="Check its permissions.") from None

    @property
    def _rules(self) -> Rules:
        settings = self.source.format
        return Rules(settings.decimal, settings.thousands, settings.dates, self._timezone)

    def _page(self, chunk: Chunk) -> Page:
        stream = self.source.stream
        rows = {} if chunk.rows is None else {stream: chunk.rows}
        return Page(rows=rows, read={stream: chunk.read}, quarantine=chunk.quarantine)


def _raise_first(failures: Sequence[HubError]) -> None:
    if failures:
        others = f" {len(failures) - 1} more file(s) failed." if len(failures) > 1 else ""
        failures[0].hint = f"{failures[0].hint}{others}".strip()
        raise failures[0]
