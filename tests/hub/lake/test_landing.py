"""Files of the landing log: wholly there or not at all, numbered, and adopted after a crash."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hub.lake.durable import published, sweep
from hub.lake.landing import Landing, paths
from hub.sdk.errors import HubError
from tests.support.store import landed, leased_store


def read(path: Path) -> object:
    """Read a file's rows."""
    return pq.read_table(path).to_pydict()


def test_a_file_appears_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    """While it is written, the file has another name; then it takes its place, 0600 in folders 0700."""
    path = tmp_path / "a" / "b" / "file"
    with published(path) as partial:
        partial.write_bytes(b"whole")
        assert not path.exists()
        assert partial.parent == path.parent
    assert (b"whole", 0o600, 0o700) == (
        path.read_bytes(),
        path.stat().st_mode & 0o777,
        path.parent.stat().st_mode & 0o777,
    )
    assert [path] == list(path.parent.iterdir())


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    """An error while writing keeps the old file, and nothing half is left."""
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail() -> None:
        with published(path) as partial:
            partial.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (b"old", [path]) == (path.read_bytes(), list(tmp_path.iterdir()))


def test_sweeping_takes_unfinished_files_alone(tmp_path: Path) -> None:
    """What a killed process left half-written goes, at any depth; finished files stay; a missing folder is empty."""
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    for name in ("x.parquet", "x.parquet.tmp", "y.tmp"):
        (deep / name).write_bytes(b"")
    assert 2 == sweep(tmp_path)
    assert [deep / "x.parquet"] == list(deep.iterdir())
    assert 0 == sweep(tmp_path / "nowhere")


def test_files_are_numbered_and_described(tmp_path: Path) -> None:
    """Each file has the next number in its name, its rows and its footer; it does not count before its commit."""
    store = leased_store(tmp_path / "control.sqlite")
    landing = Landing(tmp_path / "landing", store)
    table = pa.table({"record_id": ["1", "2"]})
    first, second = (landing.write(table, landed(0, path="")) for _ in range(2))
    assert (1, 2, 2) == (first.seq, second.seq, first.rows)
    assert f"tills/people/000000000001-{first.uid}.parquet" == first.path
    assert landing.path(first).stat().st_size == first.bytes
    assert {"record_id": ["1", "2"], "_seq": [2, 2]} == read(landing.path(second))
    assert [] == store.files()
    store.close()


def test_finished_files_that_no_commit_names_are_adopted_once(tmp_path: Path) -> None:
    """A crash between rename and commit loses no rows; the file never counts as the end of a complete read."""
    store = leased_store(tmp_path / "control.sqlite")
    landing = Landing(tmp_path / "landing", store)
    file = landing.write(pa.table({"record_id": ["1"]}), landed(0, path="", complete=True, read_id="r"))
    [adopted] = landing.adopt()
    assert (file.seq, file.uid, file.path, 1, "r", False) == (
        adopted.seq,
        adopted.uid,
        adopted.path,
        adopted.rows,
        adopted.read_id,
        adopted.complete,
    )
    assert [adopted.uid] == [each.uid for each in store.files()]
    assert [] == landing.adopt()
    assert store.next_seq() > adopted.seq
    store.close()


@pytest.mark.parametrize("content", [b"", b"not parquet", None])
def test_a_stranger_among_the_files_is_named(tmp_path: Path, content: bytes | None) -> None:
    """A file that the hub did not write is not guessed at: the message names it and says what to do."""
    store = leased_store(tmp_path / "control.sqlite")
    folder = tmp_path / "landing" / "tills"
    folder.mkdir(parents=True)
    stranger = folder / "mine.parquet"
    if content is None:
        pq.write_table(pa.table({"a": [1]}), stranger)
    else:
        stranger.write_bytes(content)
    with pytest.raises(HubError, match=r"landing/tills/mine\.parquet was not written by the hub.*Move it away"):
        Landing(tmp_path / "landing", store).adopt()
    assert stranger.exists()
    store.close()


def test_paths_become_one_sql_list(tmp_path: Path) -> None:
    """Names with quotes in them stay names."""
    files = [landed(1, path="it's/people/1.parquet"), landed(2, path="b.parquet")]
    assert f"['{tmp_path}/it''s/people/1.parquet', '{tmp_path}/b.parquet']" == paths(files, tmp_path)
