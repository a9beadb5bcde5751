from pathlib import Path

import pyarrow as pa
import pytest

from hub.lake.delivery import DeliveryLog
from hub.sdk.errors import HubError

KEY = b"an installation key of 32 bytes!"
TABLE = pa.table({"wire": ["anna@example.com"] * 50, "row": range(50)}).replace_schema_metadata({"target": "list/1"})


@pytest.fixture
def log(tmp_path: Path) -> DeliveryLog:
    """An empty log."""
    return DeliveryLog(tmp_path, KEY)


def test_file_comes_back_with_its_metadata(log: DeliveryLog) -> None:
    """What was written is read, what the file is about included."""
    path = log.plan_path("mailchimp", "vips", "u1", "list/1")
    log.write(path, TABLE)
    assert TABLE.equals(log.read(path), check_metadata=True)


def test_address_is_not_in_the_file(log: DeliveryLog, tmp_path: Path) -> None:
    """Nobody reads an address, a column name or the target out of the file without the key."""
    path = log.plan_path("mailchimp", "vips", "u1", "list/1")
    log.write(path, TABLE)
    content = (tmp_path / path).read_bytes()
    assert [] == [word for word in (b"anna", b"wire", b"list/1") if word in content]
    assert 0o600 == (tmp_path / path).stat().st_mode & 0o777


@pytest.mark.parametrize("damage", ["other key", "missing", "torn", "empty", "changed"])
def test_unreadable_file_is_named(log: DeliveryLog, tmp_path: Path, damage: str) -> None:
    """A file of another installation, a missing and a damaged one give an error that names the file."""
    path = log.plan_path("mailchimp", "vips", "u1", "list/1")
    log.write(path, TABLE)
    file = tmp_path / path
    content = file.read_bytes()
    reader = DeliveryLog(tmp_path, b"x" * 32) if damage == "other key" else log
    if damage == "missing":
        file.unlink()
    elif damage != "other key":
        middle = len(content) // 2
        changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        file.write_bytes({"torn": content[:-20], "empty": b"", "changed": changed}[damage])
    with pytest.raises(HubError, match=f"delivery/{path} cannot be read"):
        reader.read(path)


def test_plan_files_are_listed_without_receipts_and_partial_files(log: DeliveryLog, tmp_path: Path) -> None:
    """Only finished plans are listed, in order."""
    paths = [log.plan_path("mailchimp", "vips", uid, "list/1") for uid in ("u2", "u1")]
    for path in paths:
        log.write(path, TABLE)
    log.write(log.receipts_path(paths[0]), TABLE)
    (tmp_path / "mailchimp" / "vips" / "u3.parquet.tmp").touch()
    assert sorted(paths) == log.plan_files()
    assert log.exists(paths[0])
    assert not log.exists("mailchimp/vips/u9.parquet")
