"""A whole project in a temporary folder, driven as the daemon drives it: written, opened, run, asked, closed."""

import base64
import hashlib
import multiprocessing
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import TypeAlias

from hub.engine.base import Value
from hub.pipeline import run
from hub.project import Project
from hub.project.approving import approve
from hub.queries.quarantine import QuarantineRow, quarantine
from hub.report import Progress, RunReport, RunRequest, Step, StreamCount

Facts: TypeAlias = dict[str, list[tuple[Value, ...]]]

NOW = datetime(2026, 3, 1)  # noqa: DTZ001 - naive means the shop's time zone, which is UTC here

HUB = '[shop]\ntimezone = "UTC"\ncurrency = "EUR"\ncountry = "DE"\n'
IDENTITY = 'one_person = ["customer"]\nshared = ["email", "phone"]\n'
PEOPLE = """
[connection]
connector = "csv"
root = "input"

[[source]]
stream = "people"
files = "people.csv"
columns = { record_id = "id", first_name = "name", birthday = "birthday", country = "country", street = "street" }
identifiers = { customer = "id", email = "email", phone = "phone" }
"""
HEADER = "id,name,birthday,country,street,email,phone"


@dataclass(frozen=True)
class Shop:
    """A project below `root`. Paths of files are relative to `input/`, names of config files to `config/`."""

    root: Path

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write input files, each with a time of its own: a change within one tick of the clock must be seen."""
        self._write("input", files)

    def configure(self, files: Mapping[str, str]) -> None:
        """Write config files; names without `.toml`."""
        self._write("config", {f"{name}.toml": text for name, text in files.items()})

    def _write(self, folder: str, files: Mapping[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            later = path.stat().st_mtime_ns + 1_000_000 if path.exists() else None
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            if later is not None:
                os.utime(path, ns=(later, max(later, path.stat().st_mtime_ns)))

    @contextmanager
    def open(self) -> Iterator[Project]:
        """Open the project for a while."""
        project = Project.open(self.root)
        try:
            yield project
        finally:
            project.close()

    def run(self, until: Step = "segment", *, as_of: datetime = NOW, **wishes: object) -> RunReport:
        """Open, make one run, close; progress is thrown away."""
        with self.open() as project:
            return run_once(project, RunRequest.model_validate({"until": until, "as_of": as_of, **wishes}))

    def ask(self, sql: str) -> list[tuple[Value, ...]]:
        """Open the project and put a question to its derived database."""
        with self.open() as project:
            return project.engine.run(sql)

    def facts(self) -> Facts:
        """Everything derived that must not depend on how it came about."""
        with self.open() as project:
            return facts(project)

    def quarantine(self) -> list[QuarantineRow]:
        """Return what is in quarantine, by file and line."""
        with self.open() as project:
            rows = quarantine(project, limit=1_000_000)
        return sorted(rows, key=lambda row: (row.file or "", row.line or 0))


def run_once(project: Project, request: RunRequest, said: list[Progress] | None = None) -> RunReport:
    """Make one run of an open project; what it says on the way is added to `said`."""
    tell = (lambda _: None) if said is None else said.append
    run_id = project.store.start_run("run", project.instant(request.as_of), request.model_dump(mode="json"))
    return run(project, request, run_id=run_id, tell=tell, cancelled=lambda: False)


def facts(project: Project) -> Facts:
    """Profiles with attributes and traits, who is who, and the whole history of segments and stages."""
    history = "kind, name, profile_id, entered_at, left_at"
    return {
        "person": project.engine.run("select * exclude (as_of) from person order by profile_id"),
        "identifiers": project.engine.run("select * from identifiers order by all"),
        "consent": project.engine.run("select * from consent order by all"),
        "history": project.engine.run(f"select {history} from memberships order by all"),
    }


def people_shop(root: Path, lines: Sequence[str] = (), **more: str) -> Shop:
    """A shop whose people are `lines` of one CSV file under `HEADER`; `more` are further config files."""
    shop = Shop(root)
    shop.configure({"hub": HUB, "identity": IDENTITY, "crm": PEOPLE, **more})
    shop.write({"people.csv": "\n".join([HEADER, *lines, ""])})
    return shop


def person(number: int, **cells: str) -> str:
    """One line of the file of people."""
    row = {
        "id": str(number),
        "name": f"Name{number}",
        "birthday": "1980-05-17",
        "country": "DE",
        "street": f"Street {number}",
        "email": f"person{number}@example.com",
        "phone": "",
    } | cells
    return ",".join(row[name] for name in HEADER.split(","))


def reconciles(streams: Sequence[StreamCount]) -> bool:
    """Whether every row that was read has landed or is in quarantine."""
    return all(stream.read == stream.landed + stream.quarantined for stream in streams)


def counts(report: RunReport) -> list[tuple[int, int, int]]:
    """Read, landed and quarantined of every stream of a report."""
    return [(stream.read, stream.landed, stream.quarantined) for stream in report.streams]


# The simulated Mailchimp has dealt with a request or never will by the time that the next run begins. The real one is
# given minutes, in which the opposite of an unanswered request is not sent.
QUICK = """
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hub.sdk.hookspecs import hookimpl
from hub_mailchimp.destination import MailchimpDestination


class Quick(MailchimpDestination):
    name = "quick"
    capabilities = replace(MailchimpDestination.capabilities, settles_within=timedelta(milliseconds=1))


@hookimpl
def hub_destinations() -> Sequence[type]:
    return [Quick]
"""
LISTS = """
[connection]
connector = "quick"
api_key = "${MAILCHIMP_API_KEY}"
base_url = "${MAILCHIMP_URL}"

[[audience]]
name = "big"
segment = "big"
target = { list = "Customers", tag = "big", new_contacts = "subscribed" }
fields = { FNAME = "first_name" }
consent = { channel = "email" }
"""
FILES = """
[connection]
connector = "file"

[[audience]]
name = "mailing"
segment = "buyers"
target = { path = "mailing.csv" }
match_on = ["customer"]
fields = { name = "first_name" }
"""
TILLS = """
[connection]
connector = "csv"
root = "input"

[[source]]
stream = "orders"
files = "orders.csv"
complete = true
columns = { order_id = "order", placed_at = "day", total = "total" }
compute = { currency = "'EUR'", status = "'paid'" }
identifiers = { "customer@crm" = "customer" }

[[source]]
stream = "consents"
files = "consents.csv"
columns = { channel = "channel", state = "state", occurred_at = "day" }
identifiers = { "customer@crm" = "customer" }
"""
SEGMENTS = """
[segment.buyers]
where = "orders >= 1"

[segment.big]
where = "in_segment('buyers') and monetary_total >= 100"
"""


@dataclass
class Town:
    """What is true outside: names of people by number, their orders (order -> person, amount), who said no.

    `spoke`: the day of February on which a person changed their mind; the others said what they say on 1 January.
    """

    names: dict[int, str]
    orders: dict[str, tuple[int, int]]
    refused: set[int]
    spoke: dict[int, int] = field(default_factory=dict)

    def files(self) -> Mapping[str, str]:
        """Write it down as a shop's exports do. Customer numbers are those of the one CRM file."""
        people = [person(n, name=name, email=address(n)) for n, name in sorted(self.names.items())]
        orders = [f"{key},2026-02-01,{total},{n}" for key, (n, total) in sorted(self.orders.items())]
        words = [f"{n},email,{'denied' if n in self.refused else 'granted'},{self._day(n)}" for n in sorted(self.names)]
        tables = {
            "people.csv": (HEADER, people),
            "orders.csv": ("order,day,total,customer", orders),
            "consents.csv": ("customer,channel,state,day", words),
        }
        return {name: "\n".join([header, *lines, ""]) for name, (header, lines) in tables.items()}

    def _day(self, number: int) -> str:
        return f"2026-02-{self.spoke[number]:02d}" if number in self.spoke else "2026-01-01"

    def big(self) -> set[str]:
        """Addresses that belong on the list."""
        sums: dict[int, int] = {}
        for number, total in self.orders.values():
            sums[number] = sums.get(number, 0) + total
        return {address(n) for n, total in sums.items() if total >= 100 and n in self.names and n not in self.refused}

    def buyers(self) -> set[str]:
        """Customer numbers that belong in the file."""
        return {str(number) for number, _ in self.orders.values() if number in self.names}


def address(number: int) -> str:
    """The address of a person; a domain that the simulated Mailchimp takes for real."""
    return f"person{number}@shop.example"


def town(people: int = 12) -> Town:
    """A town in which half of the people buy for much, and everybody but one agrees to be written to."""
    orders = {f"O{n}": (n, 60 + 20 * (n % 4)) for n in range(1, people + 1)}
    return Town({n: f"Name{n}" for n in range(1, people + 1)}, orders, {3})


def delivering_shop(root: Path, url: str, key: str) -> Shop:
    """A shop with a list at Mailchimp, served at `url`, and a list in a file, both approved."""
    shop = Shop(root)
    config = {"hub": HUB, "identity": IDENTITY, "crm": PEOPLE, "tills": TILLS, "segments": SEGMENTS}
    shop.configure({**config, "mailchimp": LISTS, "files": FILES})
    (root / "plugins").mkdir()
    (root / "plugins" / "quick.py").write_text(QUICK)
    env = root / ".env"
    env.touch(mode=0o600)
    env.write_text(f"MAILCHIMP_API_KEY={key}\nMAILCHIMP_URL={url}\n")
    shop.write(town().files())
    with shop.open() as project:
        for name in ("big", "mailing"):
            approve(project, name, who="a test")
    return shop


def killable() -> ForkServerContext:
    """Return a way to start processes that have everything imported already, so that killing many is quick."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.acceptance", "hub_csv", "hub_mailchimp", "hub_file"])
    return context


def run_and_tell(root: Path, hour: int, sender: Connection) -> None:
    """Make a whole run, some hours after `NOW`, and send each of its signs of life."""
    shop = Shop(root)
    sender.send("opening")
    with shop.open() as project:
        request = RunRequest(until="deliver", as_of=NOW + timedelta(hours=hour))
        run_id = project.store.start_run("run", project.instant(request.as_of))
        tell = lambda progress: sender.send(progress.step)  # noqa: E731 - the one thing that it does
        run(project, request, run_id=run_id, tell=tell, cancelled=lambda: False)
    sender.send("closed")


@dataclass(frozen=True)
class Canary:
    """Somebody who must be seen nowhere but where people are shown on purpose. All but the phone hold one word."""

    word: str = "zzcanary"
    name: str = "Zzcanarina"
    email: str = "zzcanary.person@shop.example"
    phone: str = "+447700900987"
    street: str = "7 Zzcanary Lane"
    key: str = "zzcanarykey0123456789-us1"
    file_key: str = "zzcanaryfilekey987654-us1"


CANARY = Canary()


def traces(content: bytes) -> set[str]:
    """Return which traces of the canary some bytes hold, in any spelling that a log or a URL would give them."""
    low = content.lower()
    digits = re.sub(rb"[\s().+-]", b"", low)
    found = {CANARY.word} if b"zzcanar" in low else set()
    found |= {"phone"} if b"7700900987" in digits else set()
    found |= (
        {"digest"} if hashlib.md5(CANARY.email.encode(), usedforsecurity=False).hexdigest().encode() in low else set()
    )
    for secret in (CANARY.key, CANARY.file_key, CANARY.email):
        coded = [base64.b64encode(b"x" * before + secret.encode())[before * 2 : -4] for before in range(3)]
        found |= {"base64"} if any(stem[4:] in content for stem in coded) else set()
        found |= {"hex"} if secret.encode().hex().encode() in low else set()
    return found
