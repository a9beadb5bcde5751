"""Start a run, watch it, and return its report."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import sleep
from typing import TYPE_CHECKING, TypeAlias

from hub.cli.show import err, note, rows, text, value
from hub.sdk.errors import ConfigError, HubError

if TYPE_CHECKING:
    from hub.cli.ask import Client
    from hub.sdk.records import Json

Watcher: TypeAlias = "Callable[[Mapping[str, Json]], None]"

PAUSE = 0.15


def follow(client: "Client", request: "Mapping[str, Json]") -> "Mapping[str, Json]":
    """Run, showing progress on stderr; Ctrl-C cancels the run before its next page or batch."""
    run = value(client.post("/runs", request), "run")
    with _watcher() as watch:
        try:
            _until_finished(client, run, watch)
        except KeyboardInterrupt:
            note("Stopping after this page or batch. Press Ctrl-C again to leave at once.")
            client.post(f"/runs/{run}/cancel")
            _until_finished(client, run, watch)
    return _report(client.get(f"/runs/{run}"))


def _until_finished(client: "Client", run: "Json", watch: Watcher) -> None:
    after, finished = 0, False
    while not finished:
        answer = client.get(f"/runs/{run}/events", {"after": str(after)})
        for event in rows(answer, "events"):
            after = int(str(event["n"]))
            progress = event["progress"]
            if isinstance(progress, Mapping):
                watch(progress)
        finished = bool(value(answer, "finished"))
        if not finished:
            sleep(PAUSE)


def _report(state: "Json") -> "Mapping[str, Json]":
    report, failure = value(state, "report"), value(state, "failure")
    if isinstance(report, Mapping):
        return report
    kind = ConfigError if value(failure, "config") else HubError
    raise kind(text(value(failure, "error")), hint=text(value(failure, "hint")))


@contextmanager
def _watcher() -> Iterator[Watcher]:
    if not sys.stderr.isatty():
        lines = Lines()
        yield lines.show
        lines.flush()
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"), TimeElapsedColumn())
    with Progress(*columns, console=err()) as bars:
        shown = Bars(bars.add_task, bars.update)
        yield shown.show
        shown.flush()


class Lines:
    """Progress where nobody watches: one line per piece of work, when it ends."""

    def __init__(self) -> None:
        self._last: Mapping[str, Json] = {}

    def show(self, progress: "Mapping[str, Json]") -> None:
        """Remember progress; print the work before it once other work begins."""
        if _title(progress) != _title(self._last):
            self.flush()
        self._last = progress

    def flush(self) -> None:
        """Print the last piece of work."""
        if self._last:
            note(f"{_title(self._last):<34} {text(self._last.get('message')) or _count(self._last)}")
        self._last = {}


class Bars:
    """Progress on a terminal: one bar per piece of work."""

    def __init__(self, add: "Callable[..., int]", update: Callable[..., None]) -> None:
        self._add = add
        self._update = update
        self._tasks: dict[str, int] = {}
        self._last: tuple[str, int] = ("", 0)

    def show(self, progress: "Mapping[str, Json]") -> None:
        """Move the bar of this piece of work; one that is left behind is full."""
        title, done = _title(progress), int(str(progress.get("done") or 0))
        if title != self._last[0]:
            self.flush()
        if title not in self._tasks:
            self._tasks[title] = self._add(title, total=None, count="")
        total = progress.get("total")
        self._update(self._tasks[title], total=total, completed=done, count=_count(progress))
        self._last = (title, done)

    def flush(self) -> None:
        """Fill the last bar."""
        title, done = self._last
        if title:
            self._update(self._tasks[title], total=max(done, 1), completed=max(done, 1))


def _title(progress: "Mapping[str, Json]") -> str:
    return f"{text(progress.get('step'))} {text(progress.get('what'))}".strip()


def _count(progress: "Mapping[str, Json]") -> str:
    done, total = text(progress.get("done") or None), progress.get("total")
    return done if total is None or total == progress.get("done") else f"{done} of {text(total)}"
