"""Files in a folder, a bucket and on a server are read alike: once, whole, and again only when they changed."""

import bz2
import gzip
import itertools
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from hub.sdk.errors import BadData, ConfigError, HubError, RetryLater, StopConnection
from hub.sdk.records import Page
from hub_csv.files import MAX_FILES
from hub_csv.remote import Remote, open_store
from hub_csv.settings import CsvSettings
from tests.support.files import Outcome, people_source, read_all
from tests.support.places import (
    KEYS,
    PAGE,
    PASSWORD,
    FolderPlace,
    Place,
    S3Place,
    s3_server,
    s3_settings,
    sftp_server,
)

HEAD = "k,v,w\n"
KINDS = ("folder", "s3", "sftp")
_numbers = itertools.count()


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Address of a store that speaks S3."""
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3: str) -> S3Place:
    """An empty bucket."""
    return S3Place(s3, f"shop-{next(_numbers)}")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FolderPlace]:
    """An SFTP server with an empty folder."""
    (tmp_path / "in").mkdir(exist_ok=True)
    with sftp_server(tmp_path) as settings:
        yield FolderPlace(tmp_path / "in", settings)


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Each kind of place, empty."""
    if request.param == "folder":
        return FolderPlace(tmp_path, CsvSettings(root=str(tmp_path)))
    found: Place = request.getfixturevalue("bucket" if request.param == "s3" else "server")
    return found


def ids(outcome: Outcome) -> list[object]:
    """Keys of the landed rows."""
    return [row["record_id"] for row in outcome.rows]


def read(place: Place, since: Any = None, files: str | list[str] = "*.csv", **keys: Any) -> Outcome:  # noqa: ANN401
    """Read people from a place to the end."""
    return read_all(people_source(place.settings, files, **keys), since)


def test_what_was_read_is_not_read_again(place: Place) -> None:
    """A second read gives no page; new and changed files are read alone; a renamed one gives no rows."""
    place.put("a.csv", HEAD + "1,,\n")
    place.put("b.csv", HEAD + "2,,\n")
    first = read(place)
    assert ids(first) == ["1", "2"]
    assert read(place, first.cursor).pages == []
    place.put("b.csv", HEAD + "2,changed,\n")
    place.put("c.csv", HEAD + "3,,\n")
    second = read(place, first.cursor)
    assert ids(second) == ["2", "3"]
    place.drop("c.csv")
    place.put("d.csv", HEAD + "3,,\n")
    third = read(place, second.cursor)
    assert (ids(third), read(place, third.cursor).pages) == ([], [])


def test_a_killed_read_goes_on_behind_the_last_whole_file(place: Place) -> None:
    """Killed after any page, the next read brings what is missing, and repeats no file that was whole."""
    for at in range(3):
        place.put(f"{at}.csv", HEAD + f"{at},x\n{at}a,y,\n")
    whole = {"0a", "1a", "2a"}
    for stop in (1, 2, 4) if isinstance(place, S3Place) else range(7):
        source = people_source(place.settings)
        pages = source.read(["people"], None)
        taken = list(itertools.islice(pages, stop))
        pages.close()  # type: ignore[attr-defined]
        cursor = next((page.cursor for page in reversed(taken) if page.cursor is not None), None)
        landed = {row["record_id"] for page in taken for table in page.rows.values() for row in table.to_pylist()}
        rest = set(ids(read(place, cursor)))
        assert landed | rest == whole
        assert len([page for page in taken if page.cursor is not None]) == 3 - len(rest)


def test_every_format_comes_from_every_place(place: Place) -> None:
    """Packed, Parquet and with letters of any language in name and cells."""
    plain = (HEAD + "1,Dörte,\u6771\u4eac\n").encode()
    place.put("a.csv.gz", gzip.compress(plain, mtime=0))
    place.put("b.csv.zst", pa.Codec("zstd").compress(plain, asbytes=True))
    place.put("c.csv.bz2", bz2.compress(plain))
    place.put("tillé 東京.csv", plain)
    held = BytesIO()
    pq.write_table(pa.table({"k": ["1"], "v": ["Dörte"], "w": ["\u6771\u4eac"]}), held)
    place.put("e.parquet", held.getvalue())
    outcome = read(place, files=["*.csv*", "*.parquet"])
    assert outcome.values("record_id", "first_name", "last_name") == [("1", "Dörte", "\u6771\u4eac")] * 5
    assert [row["_file"] for row in outcome.rows] == [
        "a.csv.gz",
        "b.csv.zst",
        "c.csv.bz2",
        "tillé 東京.csv",
        "e.parquet",
    ]


def test_patterns_reach_into_folders(place: Place) -> None:
    """A star stays in one folder, two cross them; unfinished files and hidden ones are passed over everywhere."""
    names = ["a.csv", "x/b.csv", "x/y/c.csv", "x/.d.csv", "x/e.csv.part", "f.csv.filepart", "~$g.csv", "_h.csv"]
    for name in names:
        place.put(name, HEAD + f"{name},,\n")
    assert ids(read(place, files="*.csv*")) == ["a.csv"]
    assert ids(read(place, files="x/*.csv*")) == ["x/b.csv"]
    assert sorted(map(str, ids(read(place, files="**/*.csv")))) == ["a.csv", "x/b.csv", "x/y/c.csv"]
    assert ids(read(place, files=["x/y/c.csv", "a.csv"])) == ["x/y/c.csv", "a.csv"]


def test_a_damaged_line_is_quarantined_and_a_changed_header_named(place: Place) -> None:
    """One file's trouble is its own: the others land, and a mended one is read the next time."""
    place.put("a.csv", HEAD + "1,x\0y,\n2,,\n")
    place.put("b.csv", "k,v2,w\n3,,\n")
    place.put("c.csv", "new,w,v,k\n,,,4\n")
    pages: list[Page] = []
    with pytest.raises(BadData, match=r'b\.csv: There is no column "v"'):
        pages.extend(people_source(place.settings).read(["people"], None))
    found = [row for page in pages for table in page.rows.values() for row in table["record_id"].to_pylist()]
    assert found == ["2", "4"]
    assert sum(page.quarantine.num_rows for page in pages if page.quarantine is not None) == 1
    place.put("b.csv", HEAD + "3,,\n")
    cursor = next(page.cursor for page in reversed(pages) if page.cursor is not None)
    assert ids(read(place, cursor)) == ["3"]


@pytest.mark.parametrize("changed", ["2,longer,\n", "3,,\n"])
def test_a_file_that_changes_meanwhile_is_read_the_next_time(place: Place, changed: str) -> None:
    """What was listed is not what is there any more, though it may be as long: nothing of it is taken for read."""
    place.put("a.csv", HEAD + "1,,\n")
    place.put("b.csv", HEAD + "2,,\n")
    pages = people_source(place.settings).read(["people"], None)
    first = next(pages)
    rewrite(place, "b.csv", HEAD + changed)
    with pytest.raises(BadData, match=r"b\.csv: (Expected 10 bytes, got 16|.* changed while it was read)"):
        list(pages)
    assert ids(read(place, first.cursor)) == [changed[0]]


def rewrite(place: Place, name: str, content: str) -> None:
    """Write a file anew, at another time where the place has times of its own."""
    place.put(name, content)
    if isinstance(place, FolderPlace):
        os.utime(place.root / name, (1_000_000_000, 1_000_000_000))


def test_a_file_that_changed_after_the_look_is_not_put_away(place: Place) -> None:
    """Somebody uploads the next one under the same name in just that moment: it stays."""
    place.put("a.csv", HEAD + "1,,\n")
    with open_store(place.settings, Path()) as store:
        (found,) = store.find(["*.csv"], names=True, matches=True)
        rewrite(place, "a.csv", HEAD + "2,,\n")
        with pytest.raises(BadData, match="changed"):
            store.remove(found)
        with pytest.raises(BadData, match="changed"):
            store.move(found, "archive/a.csv")
    assert place.names() == ["a.csv"]


def test_complete_reads_all_and_says_so(place: Place) -> None:
    """A file that is gone takes its records with it; when all are gone, that is an error."""
    place.put("a.csv", HEAD + "1,,\n")
    place.put("b.csv", HEAD + "2,,\n")
    first = read(place, complete=True)
    assert (ids(first), first.complete) == (["1", "2"], True)
    assert read(place, first.cursor, complete=True).pages == []
    place.drop("a.csv")
    second = read(place, first.cursor, complete=True)
    assert (ids(second), second.complete) == (["2"], True)
    place.drop("b.csv")
    with pytest.raises(HubError, match=r"No file is there any more|is not there"):
        read(place, second.cursor, complete=True)


def test_what_is_missing_is_said_with_what_is_there(place: Place) -> None:
    """On the first read; afterwards a pattern may match nothing."""
    place.put("receipts.csv", HEAD + "1,,\n")
    with pytest.raises(ConfigError, match=r"recipts\.csv.*Did you mean \"receipts\.csv\""):
        read(place, files="recipts.csv")
    with pytest.raises(ConfigError, match=r'no file matches "\*\.tsv".*There are: receipts\.csv'):
        read(place, files="*.tsv")
    assert read(place, {"files": ""}, files="*.tsv").pages == []
    with pytest.raises(ConfigError, match=r"recipts\.csv"):
        read(place, {"files": ""}, files="recipts.csv")
    assert read(place, files=["recipts.csv", "*.tsv"], after_load="delete").pages == []
    facts = list(people_source(place.settings, "*.tsv", after_load="delete").check())
    assert [fact.text for fact in facts] == ["no file waits to be read"]


def test_check_looks_into_the_newest_file(place: Place) -> None:
    """It tells number, size and columns, and moves nothing."""
    place.put("a.csv", "k,V,w\n1,2\n")
    facts = list(people_source(place.settings, after_load="delete").check())
    assert [fact.level for fact in facts] == ["ok", "ok", "error", "warning"]
    assert "1 file(s), 10 bytes; newest is a.csv" in facts[0].text
    assert place.names() == ["a.csv"]


def test_what_cannot_be_put_away_is_a_warning(tmp_path: Path) -> None:
    """The rows are durable and the file is known, so the other files are read."""
    place = FolderPlace(tmp_path, CsvSettings(root=str(tmp_path)))
    place.put("a.csv", HEAD + "1,,\n")
    place.put("blocked", "a file where the archive's folder should be")
    first = read(place, after_load="archive", archive="blocked")
    place.put("b.csv", HEAD + "2,,\n")
    second = read(place, first.cursor, after_load="archive", archive="blocked")
    assert ids(second) == ["2"]
    assert second.warnings == ["1 file(s) that were read could not be archived, first a.csv: File exists"]


def test_more_files_than_a_cursor_holds_are_read_in_parts_when_they_are_put_away(tmp_path: Path) -> None:
    """Each read takes as many as can be remembered, and the next goes on."""
    place = FolderPlace(tmp_path, CsvSettings(root=str(tmp_path)))
    place.put("first.csv", HEAD)
    cursor = read(place).cursor
    for at in range(MAX_FILES + 2):  # all of known content, which is quick
        place.put(f"{at:05}.csv", HEAD)
    first = read(place, cursor, after_load="delete")
    assert len(json.dumps(first.cursor)) < 64_000
    assert len(place.names()) == MAX_FILES + 2
    assert read(place, first.cursor, after_load="delete").pages != []
    assert place.names() == ["03000.csv", "03001.csv"]


def test_nothing_secret_is_logged(bucket: S3Place, server: FolderPlace, caplog: pytest.LogCaptureFixture) -> None:
    """Not even by the clients, and not when everything is logged."""
    caplog.set_level(logging.DEBUG)
    for place in (bucket, server):
        place.put("a.csv", HEAD + "1,ann@shop.example,\n")
    keys = {**KEYS, "endpoint": bucket.endpoint, "session_token": "hidden-token"}
    assert ids(read_all(people_source(CsvSettings.model_validate({"root": bucket.settings.root, "s3": keys})))) == ["1"]
    assert ids(read(server)) == ["1"]
    told = "\n".join(f"{record.getMessage()} {record.args}" for record in caplog.records)
    assert not [word for word in ("hidden-", PASSWORD, "ann@shop") if word in told]


@pytest.mark.parametrize(("after_load", "left"), [("archive", 2), ("delete", 0)])
def test_files_are_put_away_when_the_next_read_begins(place: Place, after_load: str, left: int) -> None:
    """Only what the saved cursor knows: a read that goes on to its end has put away nothing."""
    place.put("a.csv", HEAD + "1,,\n")
    place.put("x/b.csv", HEAD + "2,,\n")
    first = read(place, files="**/*.csv", after_load=after_load)
    assert (ids(first), place.names()) == (["1", "2"], ["a.csv", "x/b.csv"])
    place.put("c.csv", HEAD + "3,,\n")
    again = read(place, files="**/*.csv", after_load=after_load)
    assert (sorted(map(str, ids(again))), len(place.names())) == (["1", "2", "3"], 3)
    second = read(place, first.cursor, files="**/*.csv", after_load=after_load)
    assert ids(second) == ["3"]
    assert len([name for name in place.names() if name.startswith("archive/")]) == left
    assert [name for name in place.names() if not name.startswith("archive/")] == ["c.csv"]
    third = read(place, second.cursor, files="**/*.csv", after_load=after_load)
    assert (ids(third), third.warnings) == ([], [])
    assert [name for name in place.names() if not name.startswith("archive/")] == []
    fourth = read(place, None, files=["c.csv", "**/*.csv"], after_load=after_load)
    assert ids(fourth) == []


def test_a_file_that_came_anew_is_not_put_away(place: Place) -> None:
    """The same name with other content was not read yet; in the archive both have their place."""
    place.put("a.csv", HEAD + "1,,\n")
    first = read(place, after_load="archive")
    place.put("a.csv", HEAD + "2,,,\n")
    second = read(place, first.cursor, after_load="archive")
    assert (ids(second), place.names()) == (["2"], ["a.csv"])
    place.put("a.csv", HEAD + "2,,,\n3,,\n")
    third = read(place, second.cursor, after_load="archive")
    assert (ids(third), place.names()) == (["2", "3"], ["a.csv"])
    read(place, third.cursor, after_load="archive")
    assert len(place.names()) == 1
    place.put("a.csv", HEAD + "4,,\n")
    fourth = read(place, after_load="archive")
    read(place, fourth.cursor, after_load="archive")
    assert len([name for name in place.names() if name.startswith("archive/a.")]) == len(place.names()) == 2


def test_ten_thousand_rows_and_many_files(place: Place) -> None:
    """Nothing is lost on the way, whatever the number of files and rows."""
    for at in range(3):
        place.put(f"{at}.csv", HEAD + "".join(f"{at}-{row},Ann,Lee\n" for row in range(4_000)))
    assert len(set(ids(read(place)))) == 12_000


@pytest.mark.parametrize("kind", ["folder", "server"])
def test_a_late_file_with_an_older_time_is_read(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    """What counts is that a file is not known; no newest time decides."""
    (tmp_path / "in").mkdir(exist_ok=True)
    settings = CsvSettings(root=str(tmp_path / "in"))
    place = request.getfixturevalue("server") if kind == "server" else FolderPlace(tmp_path / "in", settings)
    place.put("a.csv", HEAD + "1,,\n")
    first = read(place)
    place.put("0.csv", HEAD + "2,,\n")
    os.utime(place.root / "0.csv", (1_000_000_000, 1_000_000_000))
    assert ids(read(place, first.cursor)) == ["2"]


def test_a_file_of_the_same_time_and_another_size_is_read(tmp_path: Path) -> None:
    """Tools that keep times must not hide what they brought."""
    place = FolderPlace(tmp_path, CsvSettings(root=str(tmp_path)))
    place.put("a.csv", HEAD + "1,,\n")
    os.utime(place.root / "a.csv", (1_000_000_000, 1_000_000_000))
    first = read(place)
    place.put("a.csv", HEAD + "1,,\n2,,\n")
    os.utime(place.root / "a.csv", (1_000_000_000, 1_000_000_000))
    assert ids(read(place, first.cursor)) == ["1", "2"]


@pytest.mark.parametrize("kind", ["folder", "server"])
def test_a_file_that_is_still_written_waits(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    """One that changed within stable_for is not read yet; with complete, nothing is; no cursor forgets it."""
    (tmp_path / "in").mkdir(exist_ok=True)
    settings = CsvSettings(root=str(tmp_path / "in"))
    place = request.getfixturevalue("server") if kind == "server" else FolderPlace(tmp_path / "in", settings)
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    ages = {"old": 60, "new": 59, "future": -3_601}
    for name, age in ages.items():
        place.put(f"{name}.csv", HEAD + f"{name},,\n")
        os.utime(place.root / f"{name}.csv", (now.timestamp() - age,) * 2)
    keys: dict[str, Any] = {"stable_for": "1 minute", "now": now}
    first = read(place, **keys)
    assert (ids(first), first.warnings) == (
        ["old"],
        ["1 file(s) with a time in the future wait for it, first future.csv"],
    )
    assert ids(read(place, complete=True, **keys)) == []
    assert "2 file(s) changed less than" in list(people_source(place.settings, **keys).check())[1].text
    later = {**keys, "now": now + timedelta(hours=2)}
    assert sorted(map(str, ids(read(place, first.cursor, **later)))) == ["future", "new"]


def test_a_rewritten_object_with_the_same_content_is_not_fetched(bucket: S3Place) -> None:
    """The store's tag of the content tells; so no page says anything."""
    bucket.put("a.csv", HEAD + "1,,\n")
    first = read(bucket)
    bucket.put("a.csv", HEAD + "1,,\n")
    assert read(bucket, first.cursor).pages == []
    bucket.put("a.csv", HEAD + "2,,\n")  # of the same size, and in the same second
    assert ids(read(bucket, first.cursor)) == ["2"]


def test_a_bucket_lists_more_than_one_page(bucket: S3Place) -> None:
    """Listings come in parts; folder markers are no files."""
    bucket.put("", "")
    bucket.put("sub/", "")
    for at in range(4 * PAGE):
        bucket.put(f"{at:04}.csv", HEAD)
    bucket.put("z.csv", HEAD + "1,,\n")
    facts = list(people_source(bucket.settings, "*").check())
    assert facts[0].text.startswith(f"{4 * PAGE + 1} file(s)")
    assert ids(read(bucket, {"files": ""}, files="z*")) == ["1"]


class _Short:
    """A store whose client loses the end of a file and does not notice."""

    details: Mapping[str, object] = MappingProxyType({"name": "shop/in/a.csv", "type": "file", "size": 10, "ETag": "1"})

    def walk(self, path: str, maxdepth: int | None, **_: object) -> list[tuple[str, dict[str, object], dict[str, Any]]]:
        return [(path, {}, {"a.csv": self.details})] if maxdepth else []

    def open(self, path: str, mode: str, **_: object) -> IO[bytes]:
        return BytesIO(f"{path}{mode}"[:5].encode())

    def info(self, path: str) -> Mapping[str, object]:
        return {**self.details, "name": path}

    cp_file = rm_file = makedirs = mv = None


def test_a_file_that_arrives_short_is_not_read() -> None:
    """Bytes are counted, whatever the client says."""
    store = Remote(_Short(), "s3://shop/in")  # type: ignore[arg-type]  # nothing else is used
    found = store.find(["*.csv"], names=True, matches=True)
    with pytest.raises(BadData, match="Expected 10 bytes, got 5"), store.fetched(found[0]):
        pass


def test_a_bucket_that_is_missing_stops_the_connection(s3: str) -> None:
    """A person must mend it; the message names the place and the store's code."""
    settings = s3_settings(s3, "s3://nobody-has-this/in")
    with pytest.raises(StopConnection, match=r"s3://nobody-has-this/in: there is no such bucket \(NoSuchBucket\)"):
        read_all(people_source(settings))
    assert [fact.level for fact in people_source(settings).check()] == ["error"]


def test_refused_keys_stop_the_connection_and_are_not_told(bucket: S3Place) -> None:
    """An empty list would be taken for no files; the secret is in no message."""
    bucket.put("a.csv", HEAD + "1,,\n")
    cursor = read(bucket).cursor
    _free_requests(bucket, b"0")
    try:
        for since in (None, cursor):
            with pytest.raises(StopConnection, match=r"access was refused \(InvalidAccessKeyId\)") as caught:
                read(bucket, since, complete=True)
            assert not [key for key in KEYS.values() if key in str(caught.value)]
    finally:
        _free_requests(bucket, b"inf")


def _free_requests(bucket: S3Place, count: bytes) -> None:
    """Tell moto how many requests it takes before it looks at keys."""
    connection = HTTPConnection(urlsplit(bucket.endpoint).netloc)
    connection.request("POST", "/moto-api/reset-auth", count, {"Content-Type": "text/plain"})
    assert connection.getresponse().status == HTTPStatus.OK
    connection.close()


def test_a_store_that_is_away_is_asked_later() -> None:
    """Nothing was applied, so the read comes again."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(RetryLater, match="no usable answer"):
        read_all(people_source(s3_settings(f"http://127.0.0.1:{port}", "s3://shop/in")))
    away = CsvSettings.model_validate({"root": f"sftp://shop@127.0.0.1:{port}/in", "sftp": {"password": "x"}})
    with pytest.raises(RetryLater, match="no usable answer"):
        read_all(people_source(away))


def test_a_store_that_goes_away_is_not_asked_for_the_other_files() -> None:
    """What landed stays; the read ends at once and goes on there the next time."""
    with s3_server() as endpoint:
        place = S3Place(endpoint, "shop-that-goes")
        for name in "abc":
            place.put(f"{name}.csv", HEAD + f"{name},,\n")
        pages = people_source(place.settings).read(["people"], None)
        assert next(pages).cursor is not None
    with pytest.raises(RetryLater, match=r"b\.csv: no usable answer") as caught:
        next(pages)
    assert "more file(s) failed" not in str(caught.value)


@pytest.mark.parametrize(
    ("access", "message"),
    [
        ({"password": "wrong-password"}, r"access was refused \(AuthenticationException\)"),
        ({"password": PASSWORD, "host_key": f"SHA256:{'A' * 43}"}, "expected a server whose key stands in host_key"),
        ({"password": PASSWORD, "host_key": None}, "expected a server whose key stands in ~/.ssh/known_hosts"),
    ],
)
def test_an_ssh_server_is_known_before_it_gets_a_password(
    server: FolderPlace, access: dict[str, Any], message: str
) -> None:
    """Another server, an unknown one and a wrong password stop the connection; the password is not told."""
    known = {"host_key": server.settings.sftp.host_key}
    settings = CsvSettings.model_validate({"root": server.settings.root, "sftp": {**known, **access}})
    with pytest.raises(StopConnection, match=message) as caught:
        read_all(people_source(settings))
    assert access["password"] not in str(caught.value)


def test_links_on_a_server_are_passed_over(server: FolderPlace) -> None:
    """Their size is not that of what they name."""
    server.put("a.csv", HEAD + "1,,\n")
    (server.root / "b.csv").symlink_to(server.root / "a.csv")
    assert ids(read(server)) == ["1"]


def test_a_folder_that_is_missing_on_a_server_is_an_error(server: FolderPlace) -> None:
    """Unlike in a bucket, a folder that is gone is not an empty one."""
    elsewhere = server.settings.model_copy(update={"root": f"{server.settings.root}/gone"})
    with pytest.raises(BadData, match="it is not there"):
        read_all(people_source(elsewhere), {"files": ""})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"root": "ftp://shop/in"}, "expected a folder or an address with one of s3, gs, az, sftp"),
        ({"root": "s3:///in"}, "expected a bucket"),
        ({"root": "sftp://me:secret@shop/in"}, "a password does not belong into the address"),
        ({"root": "az://shop/in?sig=abc"}, "an address ends with its path"),
        ({"root": "s3://shop", "s3": {"endpoint": "http://files.shop.example"}}, "https://"),
        ({"root": "sftp://shop", "sftp": {"host_key": "MD5:00"}}, "host_key"),
    ],
)
def test_mistakes_in_a_connection(keys: dict[str, Any], message: str) -> None:
    """They are found before anything is reached."""
    with pytest.raises(ValidationError, match=message):
        CsvSettings.model_validate(keys)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"after_load": "archive", "complete": True}, 'after_load must be "keep"'),
        ({"archive": "../elsewhere"}, "below root"),
        ({"archive": "/elsewhere"}, "below root"),
    ],
)
def test_mistakes_in_a_source(keys: dict[str, Any], message: str) -> None:
    """A file that is put away must not be taken for deleted records, nor leave its root."""
    with pytest.raises(ValidationError, match=message):
        people_source(CsvSettings(), **keys)


@pytest.mark.parametrize(
    ("root", "module", "extra"),
    [
        ("s3://shop/in", "s3fs", "s3"),
        ("sftp://shop/in", "paramiko", "sftp"),
        ("gs://shop", "gcsfs", "gcs"),
        ("az://shop", "adlfs", "azure"),
    ],
)  # fmt: skip
def test_a_package_that_is_missing_is_named(root: str, module: str, extra: str) -> None:
    """The message says what to install; the folder needs none of them."""
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from hub_csv.remote import open_store\nfrom hub_csv.settings import CsvSettings\nfrom pathlib import Path\n"
        "with open_store(CsvSettings(), Path()): pass\n"
        f"with open_store(CsvSettings(root={root!r}), Path()): pass\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f'pip install "audience-hub[{extra}]"' in found.stderr


def test_a_big_object_does_not_come_into_memory(bucket: S3Place) -> None:
    """It is fetched in pieces into a file without a name: what is held does not grow with it."""
    rows = b"".join(b"%d,%s,x\n" % (row, b"A" * 900) for row in range(40_000))
    bucket.put("a.csv", HEAD.encode() + rows)
    code = (
        "import sys, json, tracemalloc\n"
        "from pathlib import Path\n"
        "from hub_csv.remote import open_store\nfrom hub_csv.settings import CsvSettings\n"
        "settings = CsvSettings.model_validate(json.loads(sys.argv[1]))\n"
        "with open_store(settings, Path()) as store:\n"
        "    small, big = store.find(['small.csv', 'a.csv'], names=True, matches=True)\n"
        "    with store.fetched(small): tracemalloc.start()\n"
        "    with store.fetched(big) as path: size = path.stat().st_size\n"
        "print(size, tracemalloc.get_traced_memory()[1])\n"
    )
    bucket.put("small.csv", HEAD)
    settings = {"root": bucket.settings.root, "s3": {**KEYS, "endpoint": bucket.endpoint}}
    ran = subprocess.run([sys.executable, "-c", code, json.dumps(settings)], capture_output=True, text=True, check=True)
    size, peak = map(int, ran.stdout.split())
    assert size == len(rows) + len(HEAD)
    assert peak < size // 2
