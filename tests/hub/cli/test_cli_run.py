"""Commands on a small project: what they print, and with which exit code they end."""

import json
from pathlib import Path

import pytest

from tests.support.cli import hub, small_project


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project that ran once."""
    root = small_project(tmp_path_factory.mktemp("shop"))
    assert hub("run", cwd=root).code == 0
    return root


def test_run_prints_one_object(shop: Path) -> None:
    """`hub run --json` prints the promised keys, and nothing else on stdout."""
    report = hub("run", "--json", "--as-of", "2026-01-01", cwd=shop).json
    promised = {"run", "status", "as_of", "streams", "profiles", "segments", "stages", "audiences", "seconds"}
    assert promised - set(report) == set()
    assert (report["status"], report["profiles"]) == ("green", 2)
    assert report["segments"] == [{"name": "bonn", "size": 1, "entered": 0, "left": 0}]
    assert report["as_of"] == "2025-12-31T23:00:00"


def test_run_tells_progress_on_stderr(tmp_path: Path) -> None:
    """What was read stands on stderr while it happens, and the summary on stdout at the end."""
    ended = hub("run", "-C", str(small_project(tmp_path / "shop")))
    assert "extract shop/people" in ended.err
    assert "is green" in ended.out


def test_quarantine_makes_a_run_amber_and_is_listed(tmp_path: Path) -> None:
    """A row that does not fit is in quarantine with file and line; too many of them end with exit code 1."""
    root = small_project(tmp_path / "shop", "id,email,city\n1,ann@shop.example,Bonn\n,bob@shop.example,Ulm\n")
    assert hub("run", "--json", cwd=root).code == 1
    listed = json.loads(hub("quarantine", "--json", cwd=root).out)["rows"]
    assert [(row["connection"], row["line"]) for row in listed] == [("shop", 3)]
    assert "bob@shop.example" not in hub("quarantine", cwd=root).out
    assert "bob@shop.example" in hub("quarantine", "--raw", cwd=root).out


def test_preview_counts_and_warns_of_empty_values(shop: Path) -> None:
    """A rule is counted; whom an empty value hides is said."""
    found = hub("preview", "city = 'Bonn'", "--json", cwd=shop).json
    assert (found["size"], found["people"]) == (1, 2)
    assert "income is empty for 2" in hub("preview", "income = 'high'", cwd=shop).out


@pytest.mark.parametrize("rule", ["lifetime_value > 3", "city =", "(select 1)", "read_text('/etc/passwd') = ''"])
def test_bad_rule_is_wrong_use(shop: Path, rule: str) -> None:
    """A rule that does not compile is refused with 2 and a sentence."""
    ended = hub("preview", rule, cwd=shop)
    assert ended.code == 2
    assert "rule" in ended.err


def test_person_and_why_take_the_key_from_stdin(shop: Path) -> None:
    """`-` reads the key; the answers show values and the condition."""
    key = "email:ann@shop.example\n"
    person = hub("person", "-", "--json", cwd=shop, stdin=key).json
    assert person["segments"] != []
    why = hub("why", "-", "bonn", cwd=shop, stdin=key).out
    assert "is in bonn" in why
    assert "city = 'Bonn'" in why


def test_unknown_person_is_not_repeated(shop: Path) -> None:
    """A key that nobody has may be an address: the message does not repeat it."""
    ended = hub("person", "email:zoe@shop.example", cwd=shop)
    assert (1, True) == (ended.code, "zoe" not in ended.err + ended.out)


def test_empty_key_is_wrong_use(shop: Path) -> None:
    """An empty line on stdin is no key."""
    assert hub("person", "-", cwd=shop, stdin="\n").code == 2


def test_export_writes_a_private_file(shop: Path, tmp_path: Path) -> None:
    """A segment goes to a file that only its owner may read."""
    path = tmp_path / "bonn.csv"
    assert hub("export", "segment:bonn", str(path), cwd=shop).code == 0
    assert "ann@shop.example" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_segments_status_and_check(shop: Path) -> None:
    """The three looks at a project answer, as tables and as JSON."""
    assert "bonn" in hub("segments", cwd=shop).out
    assert hub("segments", "--json", cwd=shop).json["segments"] != []
    assert hub("status", cwd=shop).code == 0
    checked = hub("check", cwd=shop)
    assert (0, True) == (checked.code, "config is valid" in checked.out)


def test_commands_work_from_elsewhere(shop: Path, tmp_path: Path) -> None:
    """`-C` before or after the command, and as an option of it, means the same folder."""
    for arguments in (("-C", str(shop), "segments"), ("segments", "-C", str(shop))):
        assert "bonn" in hub(*arguments, cwd=tmp_path).out


def test_misspelt_key_in_config_is_wrong_use(tmp_path: Path) -> None:
    """File, line, nearest key, exit code 2; nothing was run."""
    root = small_project(tmp_path / "shop")
    (root / "config/segments.toml").write_text('[segment.bonn]\nwhen = "true"\n')
    ended = hub("run", cwd=root)
    assert ended.code == 2
    assert "config/segments.toml:2" in ended.err


def test_nothing_personal_is_printed_or_logged(tmp_path: Path) -> None:
    """Of a run, its failures included, no address reaches stdout, stderr or the stored events."""
    root = small_project(tmp_path / "shop", 'id,email,city\n1,canary@shop.example,Bonn\n2,"canary2@shop.example,Ulm\n')
    ended = hub("run", cwd=root)
    hub("status", cwd=root)
    stored = (root / "data/control.sqlite").read_bytes()
    assert b"canary" not in ended.out.encode() + ended.err.encode() + stored
