"""The daemon as a process: one per project, asked by other commands, stopped cleanly."""

import signal
from pathlib import Path

from tests.support.cli import background, hub, small_project


def test_one_daemon_answers_and_keeps_a_second_one_out(tmp_path: Path) -> None:
    """Commands ask the daemon; a second daemon is told who owns the project; SIGTERM ends it with 0."""
    root = small_project(tmp_path)
    with background("serve", cwd=root) as (process, announced):
        assert announced["jobs"] == ["full pass", "pushed events", "read shop"]
        assert (root / "data/endpoint.json").stat().st_mode & 0o777 == 0o600
        asked = hub("run", "--json", "--until", "segment", cwd=root)
        assert (0, 2) == (asked.code, asked.json["profiles"])
        second = hub("serve", cwd=root)
        assert second.code == 1
        assert f"Another hub (pid {process.pid}, " in second.err
        assert "hub status" in second.err
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    assert not (root / "data/endpoint.json").exists()
    assert hub("status", "--json", cwd=root).code == 0


def test_killed_daemon_leaves_the_project_free(tmp_path: Path) -> None:
    """After SIGKILL the stale endpoint.json misleads nobody: the lock is the truth."""
    root = small_project(tmp_path)
    with background("serve", cwd=root) as (process, _):
        process.kill()
        process.wait()
    assert (root / "data/endpoint.json").exists()
    assert hub("run", "--json", "--until", "segment", cwd=root).code == 0
