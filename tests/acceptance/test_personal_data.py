import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hub.sdk.sandbox import Fault
from hub_mailchimp.sandbox import MailchimpSandbox
from tests.support.acceptance import CANARY, LISTS, Shop, Town, delivering_shop, person, town, traces

CHILD = Path(__file__).with_name("canary_child.py")
TESTS = CHILD.parents[1]

# What may hold people, because it is there to hold them: what the user put in and takes out, what was landed, and the
# derived database. The control store, the delivery log (sealed), the lock and the endpoint must not.
MAY_HOLD = ("input/", "output/", ".env", "secret.txt", "data/landing/", "data/derived.duckdb", "data/spill/")

CRASHING = """
from collections.abc import Iterator, Sequence

from hub.sdk.connector import Source
from hub.sdk.errors import BadData, StopConnection
from hub.sdk.hookspecs import hookimpl

ROW = {row!r}


class Crashing(Source):
    name = "crashing"
    streams = ("people", "orders", "events")

    def check(self):
        raise ValueError(f"the row was {{ROW}}")

    def read(self, streams, since):
        if "orders" in streams:
            raise BadData(f"cannot read {{ROW['email']}}, phone {{ROW['phone']}}, key {{ROW['key']}}")
        if "events" in streams:
            raise StopConnection("refused", hint=f"ask {{ROW['email']}}")
        try:
            int(ROW["email"])
        except ValueError as error:
            raise RuntimeError(f"no number in {{ROW}}") from error
        yield


@hookimpl
def hub_sources():
    return [Crashing]
"""
CRASH = '[connection]\nconnector = "crashing"\n\n[[source]]\nstream = "{}"\n'


# Mailchimp's titles are its own words; the detail and the errors of a refusal quote what was sent.
REFUSAL = json.dumps(
    {"title": "Invalid Resource", "detail": f"{CANARY.email} looks fake", "errors": [{"message": CANARY.name}]}
)


@dataclass
class Cage:
    """A project with the canary among its people, and the Mailchimp that it delivers to."""

    shop: Shop
    box: MailchimpSandbox
    town: Town = field(default_factory=town)

    def watch(self, *scenes: str) -> str:
        """Let a process of its own play scenes; nothing it prints, leaves or asks for may show the canary."""
        done = subprocess.run(
            [sys.executable, str(CHILD), str(self.shop.root), *scenes],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])},
            capture_output=True,
            check=False,
            timeout=120,
        )
        said = done.stdout + done.stderr
        assert (set(), 0) == (traces(said), done.returncode), _around(said)
        assert {} == self.leaks()
        for exchange in self.box.requests:
            line = f"{exchange.request.method} {exchange.request.path} {exchange.request.query}"
            assert set() == traces(line.encode()) - {"digest"}, (
                line
            )  # Mailchimp names members by the digest, its API says
        return said.decode()

    def leaks(self) -> dict[str, set[str]]:
        """Return the files, and file names, that show the canary and may not."""
        found = {}
        for path in self.shop.root.rglob("*"):
            name = path.relative_to(self.shop.root).as_posix()
            shown = traces(name.encode())
            if path.is_file() and not name.startswith(MAY_HOLD) and not name.startswith("plugins/"):
                shown |= traces(path.read_bytes())
            if shown:
                found[name] = shown
        return found


def _around(said: bytes) -> str:
    lines = [line for line in said.split(b"\n") if traces(line)]
    return b"\n".join(line[:1500] for line in lines).decode() or said[-3000:].decode()


def _canary(**cells: str) -> str:
    given = {"name": CANARY.name, "email": CANARY.email, "phone": CANARY.phone, "street": CANARY.street}
    return person(50, **(given | cells))


@pytest.fixture
def cage(tmp_path: Path) -> Iterator[Cage]:
    """The canary is number 50: buys much, agrees to e-mail, is wanted everywhere. Keys stand in .env and in a file."""
    with MailchimpSandbox() as box:
        box.api_key = CANARY.key
        cage = Cage(delivering_shop(tmp_path, box.url, CANARY.key), box)
        (tmp_path / "secret.txt").write_text(CANARY.file_key)
        (tmp_path / "secret.txt").chmod(0o600)
        cage.town.names[50] = CANARY.name
        cage.town.orders["O50"] = (50, 500)
        write(cage, _canary())
        yield cage


def write(cage: Cage, *lines: str) -> None:
    """Write the town's files, with these lines in place of the canary's own."""
    files = dict(cage.town.files())
    kept = [line for line in files["people.csv"].split("\n") if not line.startswith("50,")]
    cage.shop.write({**files, "people.csv": "\n".join([*filter(None, kept), *lines, ""])})


def test_the_canary_can_be_seen() -> None:
    """The search finds what it looks for, in the spellings that logs and URLs use."""
    assert {"zzcanary"} == traces(b"for ZZCANARY.person%40shop.example")
    assert {"phone"} == traces(b"call +44 7700 900-987")
    assert {"base64"} == traces(b"Basic eDp6emNhbmFyeWtleTAxMjM0NTY3ODktdXMx")
    assert {"hex"} == traces(CANARY.key.encode().hex().encode())
    assert set() == traces(b"person2@shop.example")


def test_whole_runs_show_nobody(cage: Cage) -> None:
    """A run that reads, lands, links, segments and delivers the canary says nothing about them, at debug level."""
    said = cage.watch("{}", "{}", '{"rebuild": true}')
    assert '"status":"green"' in said
    assert '"level": "debug"' in said
    assert CANARY.email in cage.box.members("Customers", tag="big")
    assert CANARY.name in (cage.shop.root / "output" / "mailing.csv").read_text()


def test_bad_rows_show_nobody(cage: Cage) -> None:
    """Rows of the canary that cannot land go to quarantine; what is said of them is file, line and reason."""
    write(
        cage,
        _canary(birthday=CANARY.email),
        _canary(country=CANARY.name),
        _canary(name='"' + CANARY.name),
        _canary() + "," + CANARY.phone,
        _canary(name="\0" + CANARY.name),
        _canary(email=CANARY.name, phone=CANARY.street),
    )
    said = cage.watch("{}", "misuse")
    assert '"quarantined":5' in said
    cage.shop.write({"people.csv": f"{CANARY.email},{CANARY.phone}\n{CANARY.name},x\n"})
    assert '"status":"red"' in cage.watch("{}")


def test_errors_of_the_interface_show_nobody(cage: Cage) -> None:
    """Questions that cannot be answered are not repeated in the answer, nor in a log."""
    cage.watch("{}", "misuse")


def test_crashing_plugin_shows_nobody(cage: Cage) -> None:
    """A plugin that crashes with a row in its error is told by the kind of error; one that says it, without the row."""
    row = {"email": CANARY.email, "phone": CANARY.phone, "name": CANARY.name, "key": CANARY.key}
    (cage.shop.root / "plugins" / "crashing.py").write_text(CRASHING.format(row=row))
    cage.shop.configure({f"crash_{stream}": CRASH.format(stream) for stream in ("people", "orders", "events")})
    said = cage.watch("{}", "misuse")
    assert '"status":"red"' in said
    assert all(f"crash_{stream}: " in said for stream in ("people", "orders", "events"))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="status", status=500, body=CANARY.email, method="P*", times=None),
        Fault(kind="status", status=400, body=REFUSAL, times=None),
        Fault(kind="status", status=401, body=f'{{"detail":"{CANARY.key}"}}', times=None),
        Fault(kind="reset_after", method="P*", times=None),
        Fault(kind="truncate", method="P*", times=None),
        Fault(kind="content_type", body=f"<p>{CANARY.email} {CANARY.phone}</p>", method="P*", times=None),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_answers_of_a_tool_show_nobody(cage: Cage, fault: Fault) -> None:
    """What a tool answers may hold the person or the key: none of it is repeated."""
    cage.box.faults.add(fault)
    said = cage.watch("{}")
    assert '"status":"green"' not in said


def test_key_from_a_file_shows_nowhere(cage: Cage) -> None:
    """A key that stands in a file is as secret as one in `.env`, refused or not."""
    cage.shop.configure({"mailchimp": LISTS.replace("${MAILCHIMP_API_KEY}", "file:secret.txt")})
    assert '"status":"red"' in cage.watch("{}", "misuse")


@pytest.mark.parametrize(
    "wrong",
    [
        {"mailchimp": LISTS.replace("${MAILCHIMP_API_KEY}", CANARY.key)},
        {
            "mailchimp": LISTS.replace("${MAILCHIMP_API_KEY}", "${MAILCHIMP_API_KEY}").replace(
                "${MAILCHIMP_URL}", "ftp://x"
            )
        },
        {"mailchimp": LISTS.replace("base_url", "bas_url")},
    ],
    ids=["literal", "bad url", "unknown key"],
)
def test_mistakes_in_config_show_no_key(cage: Cage, wrong: dict[str, str]) -> None:
    """What is said about a config file with a mistake never quotes the key in it."""
    cage.shop.configure(wrong)
    hub = Path(sys.executable).with_name("hub")
    done = subprocess.run([hub, "run", "-C", cage.shop.root], capture_output=True, check=False, timeout=120)
    said = done.stdout + done.stderr
    assert (2, set()) == (done.returncode, traces(said))
    assert b"config/mailchimp.toml:" in said
    assert b"Traceback" not in said
