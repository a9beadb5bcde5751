"""A user's project with one plugin file: a source that yields the pages a test lays out, a tool that keeps a list."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from textwrap import dedent

from hub.pipeline import run
from hub.project import Project
from hub.report import Progress, RunReport, RunRequest
from hub.sdk.connector import Capabilities, Destination, Source
from hub.sdk.records import Answer, Batch, Fact, Json, Page, Suppression, Target, Verdict
from hub.sdk.settings import AudienceSettings, Settings, SourceSettings
from hub.sdk.streams import STREAMS
from hub.sdk.tables import table_of

NOW = datetime(2026, 3, 1)  # noqa: DTZ001 - naive means the shop's time zone, which is UTC here

_PLUGIN = """
from collections.abc import Sequence

from hub.sdk.hookspecs import hookimpl
from tests.support.project import BrokenSource, ListTool, PagesSource


@hookimpl
def hub_sources() -> Sequence[type]:
    return [PagesSource, BrokenSource]


@hookimpl
def hub_destinations() -> Sequence[type]:
    return [ListTool]
"""

_HUB = """
    [shop]
    timezone = "UTC"
    currency = "EUR"
    country = "DE"
"""
_IDENTITY = """
    one_person = ["customer"]
    shared = ["email", "phone"]
"""
SOURCE = """
    [connection]
    connector = "pages"

    [[source]]
    stream = "all"
"""


class PagesSource(Source[Settings, SourceSettings]):
    """Yields what the test laid out for this connection; says with which cursor it was asked."""

    name = "pages"
    streams = tuple(STREAMS)

    def check(self) -> Iterable[Fact]:
        """Answer with a fact, or fail as the test wishes."""
        yield from _shop(self.context.project).facts()

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Yield the pages of the connection; an error among them is raised in its place."""
        shop = _shop(self.context.project)
        shop.asked.append((self.context.connection, tuple(streams), since))
        for page in shop.pages.get(self.context.connection, ()):
            if isinstance(page, Exception):
                raise page
            yield page


class BrokenSource(PagesSource):
    """Cannot even be made."""

    name = "broken_source"

    def __init__(self, *_: object) -> None:
        raise RuntimeError("ann@example.com is not for logs")


class ListTool(Destination[Settings, Settings]):
    """Keeps an audience's addresses in a set; who is in `opted_out` is refused, and the refusal says so."""

    name = "list"
    capabilities = Capabilities(
        address_by=("email", "phone"), batch_rows=100, settles_within=timedelta(minutes=1), evidence="row"
    )

    def check(self) -> Iterable[Fact]:
        """Say that all is well."""
        yield Fact("ok", "reached")

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """One list per audience, or the one that the test names; rows carry fields where the audience maps any."""
        key = _shop(self.context.project).place or f"list/{audience.name}"
        return [Target(key, "membership", fields=bool(audience.fields))]

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        """Apply a batch."""
        del handle
        shop = _shop(self.context.project)
        shop.before_push()
        members = shop.lists.setdefault(target.key, set())
        return [_apply(shop, members, batch, place) for place in range(len(batch.rows))]


def _apply(shop: "Shop", members: set[str], batch: Batch, place: int) -> Verdict:
    address = batch.rows[place].wire["email"]
    if batch.op == "remove":
        members.discard(address)
        return Verdict(place, "absent")
    if address in shop.opted_out:
        return Verdict(place, "suppressed", "unsubscribed", suppression=Suppression("email", "marketing"))
    members.add(address)
    return Verdict(place, "present")


@dataclass
class Shop:
    """A project below `root`, with all that its plugin reads from and writes to.

    `pages`: connection -> what the next reads yield. `asked`: (connection, streams, cursor) of each read.
    `lists`: target -> addresses. `opted_out`: addresses that the tool refuses. `place`: one target for all audiences.
    """

    root: Path
    pages: dict[str, list[Page | Exception]] = field(default_factory=dict)
    asked: list[tuple[str, tuple[str, ...], Json]] = field(default_factory=list)
    lists: dict[str, set[str]] = field(default_factory=dict)
    opted_out: set[str] = field(default_factory=set)
    place: str = ""
    facts: Callable[[], Iterable[Fact]] = lambda: [Fact("ok", "reached")]
    before_push: Callable[[], None] = lambda: None

    def configure(self, **files: str) -> None:
        """Write config files, by name without `.toml`; an empty text takes the file away."""
        folder = self.root / "config"
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            path = folder / f"{name}.toml"
            path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
            if not text:
                path.unlink()

    def bring(
        self,
        connection: str = "tills",
        *,
        complete: bool = False,
        cursor: Json = None,
        **streams: Sequence[Mapping[str, object]],
    ) -> None:
        """Make the next reads of a connection yield one page of these rows by stream."""
        rows = {name: table_of(name, each) for name, each in streams.items()}
        self.pages[connection] = [Page(rows=rows, complete=complete, cursor=cursor)]

    @contextmanager
    def open(self) -> Iterator[Project]:
        """Open the project for a while."""
        project = Project.open(self.root)
        try:
            yield project
        finally:
            project.close()

    def run(self, until: str = "segment", **wishes: object) -> RunReport:
        """Open the project, make one run, close it."""
        with self.open() as project:
            return run_once(project, {"until": until, **wishes})

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """Put a question to the derived database."""
        with self.open() as project:
            return project.engine.run(sql)


_SHOPS: dict[Path, Shop] = {}


def _shop(root: Path) -> Shop:
    return _SHOPS[root]


def make_shop(root: Path, **files: str) -> Shop:
    """Write a project with the source `tills`; `files` are more config files, or others in place of the usual."""
    shop = _SHOPS[root] = Shop(root)
    shop.configure(**{"hub": _HUB, "identity": _IDENTITY, "tills": SOURCE, **files})
    (root / "plugins").mkdir()
    (root / "plugins" / "shop_plugin.py").write_text(_PLUGIN, encoding="utf-8")
    return shop


def run_once(
    project: Project,
    wishes: Mapping[str, object] | None = None,
    *,
    said: list[Progress] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> RunReport:
    """Make one run of an open project, at `NOW` if not wished otherwise; what it says is added to `said`."""
    request = RunRequest.model_validate({"as_of": NOW, **(wishes or {})})
    number = project.store.start_run("test", project.instant(request.as_of))
    tell = (lambda _: None) if said is None else said.append
    return run(project, request, run_id=number, tell=tell, cancelled=cancelled)


def person(number: int, **values: object) -> dict[str, object]:
    """A row of `people`: customer N with the address `person-N@example.com`; `ids` replaces or adds identifiers."""
    given = values.pop("ids", {})
    assert isinstance(given, Mapping)
    ids = {"customer": str(number), "email": f"person-{number}@example.com", **given}
    return {"record_id": str(number), "first_name": f"Name{number}", **values, "identifiers": ids}


def order(customer: int, placed_at: datetime, total: int = 10, **values: object) -> dict[str, object]:
    """A row of `orders` of customer N; its key follows from customer and day."""
    row = {"order_id": f"{customer}-{placed_at:%Y%m%d%H}", "placed_at": placed_at, "total": total}
    return {**row, **values, "identifiers": {"customer": str(customer)}}


def consent(customer: int, state: str = "granted", **values: object) -> dict[str, object]:
    """A row of `consents` of customer N about e-mail."""
    said = {"channel": "email", "purpose": "marketing", "state": state, "occurred_at": NOW - timedelta(days=30)}
    return {**said, **values, "identifiers": {"customer": str(customer)}}


def days_ago(days: float) -> datetime:
    """An instant so many days before `NOW`."""
    return NOW - timedelta(days=days)


def lists(*audiences: str) -> str:
    """The file of a connection to the tool `list`."""
    return '\n    [connection]\n    connector = "list"\n' + "".join(audiences)


def audience(name: str, segment: str, more: str = "") -> str:
    """One audience at the tool `list`, for people who agreed to e-mail; `more` are further keys."""
    return f"""
    [[audience]]
    name = "{name}"
    segment = "{segment}"
    consent = {{ channel = "email", purpose = "marketing" }}
    {more}
    """
