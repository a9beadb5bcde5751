"""Commands that need no data: help, init, add, schema, plugins, sandbox."""

import json
import resource
import signal
import subprocess
import tomllib
import urllib.request
from pathlib import Path

import pytest

from hub.cli.app import COMMANDS
from tests.support.cli import HUB, background, hub


def test_help_is_quick() -> None:
    """`hub --help` loads no engine, no web framework and no HTTP client: it answers in 0.3 seconds of CPU."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert hub("--help").code == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    loaded = subprocess.run(
        [str(HUB.with_name("python")), "-X", "importtime", "-c", "import hub.cli"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    heavy = {
        name for name in ("duckdb", "pyarrow", "fastapi", "sqlmodel", "httpx", "rich.table") if f" {name}\n" in loaded
    }
    assert heavy == set(), f"{after.ru_utime - before.ru_utime:.2f} s"


@pytest.mark.parametrize("name", [command.__name__ for _, command, _ in COMMANDS])
def test_every_command_shows_an_example_and_common_options(name: str) -> None:
    """Every help page has an example, `-C` and `--json`."""
    page = hub(name, "--help").out
    assert "Example: " in page
    assert "--json" in page
    assert "-C" in page


def test_init_makes_a_project_once(tmp_path: Path) -> None:
    """`hub init` writes files that load, and refuses to overwrite a project."""
    assert hub("init", "acme", cwd=tmp_path).code == 0
    assert tomllib.loads((tmp_path / "acme/config/hub.toml").read_text())["shop"]["currency"] == "EUR"
    again = hub("init", "acme", cwd=tmp_path)
    assert (2, True) == (again.code, "there is a project already" in again.err)


def test_add_writes_a_file_that_parses_and_a_private_env(tmp_path: Path) -> None:
    """`hub add` writes the connection's file and its variables; a second one asks for another name."""
    hub("init", ".", cwd=tmp_path)
    first = hub("add", "mailchimp", "--name", "news", "--json", cwd=tmp_path)
    assert first.json["variables"] == ["NEWS_API_KEY"]
    assert tomllib.loads((tmp_path / "config/news.toml").read_text())["connection"]["connector"] == "mailchimp"
    assert "NEWS_API_KEY=\n" in (tmp_path / ".env").read_text()
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert hub("add", "mailchimp", "--name", "news", cwd=tmp_path).code == 2


def test_add_keeps_what_is_in_env(tmp_path: Path) -> None:
    """A variable that has a value keeps it."""
    (tmp_path / ".env").write_text("MAILCHIMP_API_KEY=abc-us1")
    hub("add", "mailchimp", cwd=tmp_path)
    assert (tmp_path / ".env").read_text() == "MAILCHIMP_API_KEY=abc-us1"


def test_unknown_connector_names_the_nearest(tmp_path: Path) -> None:
    """A misspelt connector is wrong use, with the fix."""
    ended = hub("add", "mailchmp", cwd=tmp_path)
    assert (2, True) == (ended.code, 'Did you mean "mailchimp"?' in ended.err)


def test_schema_is_written_for_editors(tmp_path: Path) -> None:
    """`hub schema` writes a JSON Schema for each kind of file."""
    assert hub("schema", cwd=tmp_path).code == 0
    names = {path.stem for path in (tmp_path / "config/.schema").glob("*.json")}
    assert names >= {"hub", "identity", "segments", "stages", "traits", "csv", "mailchimp"}
    assert set(hub("schema", "--json", cwd=tmp_path).json) == {f"{name}.json" for name in names}


def test_plugins_are_listed_with_broken_ones(tmp_path: Path) -> None:
    """A broken file in plugins/ is listed with its reason, and the others still are."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/mine.py").write_text("import nothing_of_that_name")
    found = hub("plugins", "--json", cwd=tmp_path).json
    assert "nothing_of_that_name" in json.dumps(found["broken"])
    assert "rfm" in json.dumps(found["plugins"])


def test_sandbox_answers_on_its_port(tmp_path: Path) -> None:
    """`hub sandbox` serves until it is interrupted, and says where."""
    with background("sandbox", "mailchimp", cwd=tmp_path) as (process, announced):
        with urllib.request.urlopen(f"{announced['url']}/_sandbox/state") as answer:  # noqa: S310 - our own loopback
            assert "Customers" in answer.read().decode()
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0


def test_wrong_use_exits_with_two(tmp_path: Path) -> None:
    """A misspelt option, an unknown command, a folder without a project: 2."""
    assert hub("run", "--untill", "segment", cwd=tmp_path).code == 2
    assert hub("rum", cwd=tmp_path).code == 2
    assert hub("run", cwd=tmp_path).code == 2


def test_the_version_is_told() -> None:
    """`hub --version` needs no command and no project."""
    assert hub("--version").out.strip().startswith("audience-hub ")


def test_init_from_a_file_leads_to_a_first_segment(tmp_path: Path) -> None:
    """`hub init FILE` writes a config that runs as it is; a second time it overwrites nothing."""
    text = "id,email,country,newsletter\n1,ann@shop.example,DE,yes\n2,bob@shop.example,US,no\n"
    (tmp_path / "My customers.csv").write_text(text, encoding="utf-8")
    made = hub("init", "My customers.csv", "--json", cwd=tmp_path)
    assert (0, 2, 0) == (made.code, made.json["read"], made.json["quarantined"])
    assert hub("run", "--until", "segment", cwd=tmp_path).code == 0
    assert hub("preview", "has_consent('email', 'marketing')", "--json", cwd=tmp_path).json["size"] == 1
    again = hub("init", "My customers.csv", cwd=tmp_path)
    assert (2, True) == (again.code, "there already" in again.err)
