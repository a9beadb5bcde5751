"""Whole runs over a bucket: what is put away is durable, and what was read stays."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.flow.extract import Reader, extract
from hub.sdk.records import Page
from hub.store.errors import StoreError
from hub_csv.settings import CsvSettings
from tests.support.acceptance import HEADER, HUB, IDENTITY, NOW, PEOPLE, Shop, person
from tests.support.files import people_source
from tests.support.places import KEYS, FolderPlace, S3Place, s3_server


@pytest.fixture
def bucket() -> Iterator[S3Place]:
    """An empty bucket."""
    with s3_server() as endpoint:
        yield S3Place(endpoint, "shop-with-runs")


def people(*lines: str) -> str:
    """Text of a file."""
    return "\n".join([HEADER, *lines, ""])


def test_runs_over_a_bucket_archive_what_landed(
    tmp_path: Path, bucket: S3Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second run archives what the first one landed; the people stay; keys come from the environment."""
    monkeypatch.setenv("SHOP_SECRET", KEYS["secret_key"])
    access = (
        f'{{ access_key = "{KEYS["access_key"]}", secret_key = "${{SHOP_SECRET}}", endpoint = "{bucket.endpoint}" }}'
    )
    config = PEOPLE.replace('root = "input"', f'root = "{bucket.settings.root}"\ns3 = {access}')
    config = config.replace('files = "people.csv"', 'files = "*.csv"\nafter_load = "archive"')
    shop = Shop(tmp_path)
    shop.configure({"hub": HUB, "identity": IDENTITY, "people": config})
    bucket.put("one.csv", people(person(1), person(2)))
    known = []
    for hour in range(4):
        assert shop.run(as_of=NOW + timedelta(hours=hour)).status == "green"
        known.append(shop.ask("select count(*) from person")[0][0])
        if hour == 1:
            assert [name.partition(".")[0] for name in bucket.names()] == ["archive/one"]
            bucket.put("two.csv", people(person(3)))
    assert known == [2, 2, 3, 3]
    assert [name.partition(".")[0] for name in bucket.names()] == ["archive/one", "archive/two"]


def test_nothing_is_put_away_by_being_asked_on(tmp_path: Path) -> None:
    """The hub asks for pages before the last one landed; when landing fails, every file is still there."""
    place = FolderPlace(tmp_path, CsvSettings(root=str(tmp_path)))
    for name in "abcd":
        place.put(f"{name}.csv", f"k,v,w\n{name},,\n")

    def land(page: Page) -> None:
        raise StoreError(f"no room for {len(page.rows)} stream(s)")

    source = people_source(place.settings, after_load="delete")
    with pytest.raises(StoreError):
        extract([Reader(source, None, land)], lambda: False)  # type: ignore[arg-type]  # as the pipeline does
    assert place.names() == ["a.csv", "b.csv", "c.csv", "d.csv"]
