"""Opening a project: the lock, the key, what a crash or damage left behind."""

import subprocess
import sys
from pathlib import Path

import pytest

from hub.project import Project
from hub.sdk.errors import ConfigError, HubError
from hub.store.errors import LockHeld
from tests.support.project import Shop, days_ago, make_shop, order, person, run_once

SEGMENTS = '[segment.buyers]\nwhere = "orders >= 1"\n'
HISTORY = "select * from memberships order by all"

_HOLDER = """
import sys
import duckdb
con = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def shop_with_buyers(root: Path) -> Shop:
    """A shop with three people, two of whom have bought, after one run."""
    shop = make_shop(root, segments=SEGMENTS)
    shop.bring(people=[person(n) for n in (1, 2, 3)], orders=[order(n, days_ago(n)) for n in (1, 2)])
    shop.run()
    return shop


def test_a_project_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    """A second opening is refused and told who holds the project; after closing it is free again."""
    shop = make_shop(tmp_path)
    with shop.open(), pytest.raises(LockHeld, match="owns"):
        Project.open(tmp_path)
    with shop.open() as project:
        assert tmp_path == project.root


def test_a_failed_opening_gives_everything_back(tmp_path: Path) -> None:
    """When opening fails half-way, the lock is free for the next try."""
    shop = make_shop(tmp_path)
    (tmp_path / "data").mkdir()
    key = tmp_path / "data" / "key"
    key.write_bytes(b"short")
    with pytest.raises(HubError):
        Project.open(tmp_path)
    key.unlink()
    with shop.open() as project:
        assert 32 == len(project.key)


def test_a_mistake_in_config_leaves_the_data_alone(tmp_path: Path) -> None:
    """Config is checked before anything is created or locked."""
    make_shop(tmp_path, segments='[segment.broken]\nwhere = "ordres >= 1"\n')
    with pytest.raises(ConfigError, match=r"config/segments.toml:2: .*Near: orders"):
        Project.open(tmp_path)
    assert not (tmp_path / "data").exists()


def test_the_installation_key_is_made_once(tmp_path: Path) -> None:
    """The key is 32 random bytes that only the owner may read, and the same at every opening."""
    shop = make_shop(tmp_path)
    with shop.open() as project:
        first = project.key
    with shop.open() as project:
        assert first == project.key
    assert 0o600 == (tmp_path / "data" / "key").stat().st_mode & 0o777
    with make_shop(tmp_path / "other").open() as other:
        assert first != other.key


def test_a_lost_or_damaged_key_is_never_replaced(tmp_path: Path) -> None:
    """With another key everybody would get a new id, so once something has landed, opening stops and says so."""
    shop_with_buyers(tmp_path)
    key = tmp_path / "data" / "key"
    for content in (b"", b"short", b"x" * 33):
        key.write_bytes(content)
        with pytest.raises(HubError, match=rf"data/key.*it has {len(content)} bytes.*Restore data/key from the backup"):
            Project.open(tmp_path)
        assert content == key.read_bytes()
    key.unlink()
    with pytest.raises(HubError, match=r"data/key.*it is missing"):
        Project.open(tmp_path)
    assert not key.exists()


@pytest.mark.parametrize("damage", ["garbage", "cut", "flipped", "missing", "wal"])
def test_a_damaged_derived_database_is_rebuilt_to_the_same_people(tmp_path: Path, damage: str) -> None:
    """Whatever happens to derived.duckdb, the next run has the same profile ids, members and history again."""
    shop = shop_with_buyers(tmp_path)
    before = shop.ask(HISTORY)
    path = tmp_path / "data" / "derived.duckdb"
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        flipped = content[:12_288] + bytes(255 - byte for byte in content[12_288:])
        spoilt = {"garbage": b"\x07" * 9000, "cut": content[:5000], "flipped": flipped}
        path.write_bytes(spoilt.get(damage, content))
    if damage == "wal":
        path.with_name("derived.duckdb.wal").write_bytes(b"\x07" * 500)
    with shop.open() as project:
        report = run_once(project, {"until": "segment"})
        assert ("green", 3) == (report.status, report.profiles)
        assert before == project.engine.run(HISTORY)


def test_a_database_that_another_program_has_open_is_left_alone(tmp_path: Path) -> None:
    """A notebook that holds derived.duckdb makes opening fail with a sentence; the file is not thrown away."""
    shop = shop_with_buyers(tmp_path)
    before = shop.ask(HISTORY)
    path = tmp_path / "data" / "derived.duckdb"
    command = [sys.executable, "-c", _HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert b"open\n" == holder.stdout.readline()
        with pytest.raises(HubError, match=r"another program has it open. Close it"):
            Project.open(tmp_path)
        holder.communicate()
    assert before == shop.ask(HISTORY)


def test_a_database_that_knows_more_than_the_registry_is_rebuilt(tmp_path: Path) -> None:
    """After an older control store was restored, nothing is believed that is no longer registered."""
    shop = shop_with_buyers(tmp_path)
    with shop.open() as project:
        project.engine.run("insert into applied values (999, 'gone')")
        project.engine.run("insert into current_people(_key) values ('ghost')")
        assert "green" == run_once(project, {"until": "segment"}).status
        assert [(3,)] == project.engine.run("select count(*) from current_people")


def test_a_naive_instant_is_in_the_shops_time_zone(tmp_path: Path) -> None:
    """`--as-of 2026-03-01` means midnight of the shop, and an aware one is taken as it is."""
    shop = make_shop(tmp_path, hub='[shop]\ntimezone = "Europe/Berlin"\n')
    report = shop.run(until="extract")
    assert "2026-02-28 23:00:00" == str(report.as_of)
    report = shop.run(until="extract", as_of="2026-03-01T00:00:00Z")
    assert "2026-03-01 00:00:00" == str(report.as_of)
