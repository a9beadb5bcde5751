"""Who we are: tokens that stay, that are minted, that are used up."""

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from hub.sdk.connector import Context
from hub.sdk.errors import HubError, RetryLater, StopConnection
from hub.sdk.records import Json
from hub.sdk.sandbox import Fault
from hub.testing.fold import Fold
from hub_shopify.sandbox import ShopifySandbox
from hub_shopify.settings import ShopifySettings, ShopifySourceSettings
from hub_shopify.source import ShopifySource
from tests.connectors.hub_shopify.reading import read, rows, shop, source

TOKEN = "/admin/oauth/access_token"
SEED = "shprt_0"


@pytest.fixture
def box() -> Iterator[ShopifySandbox]:
    """Serve a shop with a customer."""
    with shop(people=1) as box:
        yield box


def refreshing(box: ShopifySandbox, path: Path, seed: str = SEED) -> Mapping[str, Json]:
    """A connection whose refresh token is kept in a file."""
    return {**box.connection(), "refresh_token": seed, "token_file": str(path)}


def people(box: ShopifySandbox, table: Mapping[str, Json], project: Path = Path()) -> int:
    """Read with these credentials; return how many people there are."""
    settings = ShopifySettings.model_validate(table)
    found = ShopifySource(settings, ShopifySourceSettings(), Context("shop", project, box.now()))
    fold = Fold()
    for _ in fold.read(found.read(["people"], None)):
        pass
    return len(rows(fold, "people"))


def minted(box: ShopifySandbox) -> int:
    """How often a token was asked for."""
    return sum(each.request.path == TOKEN for each in box.requests)


def test_a_static_token_needs_no_endpoint(box: ShopifySandbox) -> None:
    """An older app's token goes along as it is."""
    table = {"shop": "sandbox", "base_url": box.url, "access_token": box.static_token}
    assert 1 == people(box, table)
    assert 0 == minted(box)


def test_a_minted_token_is_asked_for_once(box: ShopifySandbox) -> None:
    """One for the whole read."""
    read(box)
    assert 1 == minted(box)


def test_a_minted_token_lives_on_from_read_to_read(box: ShopifySandbox) -> None:
    """Sources and reads of one app share it; an app with another secret does not."""
    for _ in range(3):
        read(box)
    assert 1 == minted(box)
    with pytest.raises(StopConnection, match="invalid_client"):
        people(box, box.refused())


def test_a_token_that_is_refused_is_minted_anew(box: ShopifySandbox) -> None:
    """In the middle of a read, without losing anything."""
    fold = Fold()
    for number, _ in enumerate(fold.read(source(box).read(["people"], None))):
        if number == 0:
            box.expire()
    assert 1 == len(rows(fold, "people"))
    assert 2 == minted(box)


def test_what_follows_a_refresh_token_is_on_disk_before_it_is_used(box: ShopifySandbox, tmp_path: Path) -> None:
    """Where the first request with the new token fails for good, the file holds it all the same."""
    path = tmp_path / "token.json"
    box.faults.add(Fault(kind="status", status=403, path="/admin/api/*", times=None))
    with pytest.raises(StopConnection):
        people(box, refreshing(box, path))
    kept = json.loads(path.read_text())
    assert box.refresh_token == kept["refresh_token"]
    assert SEED != kept["refresh_token"]
    assert SEED not in path.read_text()
    assert 0o600 == path.stat().st_mode & 0o777
    assert [path] == list(tmp_path.iterdir())


def test_a_refresh_token_lives_on_from_run_to_run(box: ShopifySandbox, tmp_path: Path) -> None:
    """The access token is used until its end, then the refresh token that was kept; the first one never again."""
    table = refreshing(box, tmp_path / "token.json")
    assert [1, 1] == [people(box, table), people(box, table)]
    assert 1 == minted(box)
    box.clock = box.now().replace(hour=13)
    assert 1 == people(box, table)
    assert 2 == minted(box)
    box.expire()
    assert 1 == people(box, table)
    assert 3 == minted(box)


def test_the_token_file_is_meant_from_the_project(box: ShopifySandbox, tmp_path: Path) -> None:
    """A relative path lies in the project's folder."""
    people(box, {**refreshing(box, Path("token.json"))}, tmp_path)
    assert (tmp_path / "token.json").exists()


def test_a_new_authorisation_wins_over_what_was_kept(box: ShopifySandbox, tmp_path: Path) -> None:
    """Another first token in the settings is used, whatever the file holds."""
    path = tmp_path / "token.json"
    people(box, refreshing(box, path))
    box.refresh_token, box.minted = "shprt_new", set()
    assert 1 == people(box, refreshing(box, path, "shprt_new"))


def test_sources_side_by_side_use_one_token(box: ShopifySandbox, tmp_path: Path) -> None:
    """Four at once: the refresh token is used once, and nobody's is taken away."""
    table, found = refreshing(box, tmp_path / "token.json"), list[object]()

    def run() -> None:
        try:
            found.append(people(box, table))
        except HubError as error:
            found.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [1, 1, 1, 1] == found
    assert 1 == minted(box)


def test_a_refresh_whose_answer_is_lost_is_not_repeated_at_once(box: ShopifySandbox, tmp_path: Path) -> None:
    """It may have been used up: the read ends and says later."""
    box.faults.add(Fault(kind="reset_after", path=TOKEN))
    with pytest.raises(RetryLater, match="authorise"):
        people(box, refreshing(box, tmp_path / "token.json"))
    assert 1 == minted(box)


def test_a_refresh_token_that_is_refused_stops_the_connection(box: ShopifySandbox, tmp_path: Path) -> None:
    """With the vendor's code, and no secret."""
    with pytest.raises(StopConnection, match="invalid_grant") as raised:
        people(box, refreshing(box, tmp_path / "token.json", "shprt_of_nobody"))
    assert "shprt" not in str(raised.value)


@pytest.mark.parametrize("kept", ["", "{", "\xff"])
def test_a_token_file_that_is_broken_is_told(kept: str, box: ShopifySandbox, tmp_path: Path) -> None:
    """What is no JSON needs a person: the refresh token that follows may have been in it."""
    path = tmp_path / "token.json"
    path.write_text(kept, encoding="latin-1")
    with pytest.raises(StopConnection, match="token_file cannot be read"):
        people(box, refreshing(box, path))


def test_a_token_file_of_another_authorisation_is_written_anew(box: ShopifySandbox, tmp_path: Path) -> None:
    """It is of no use any more."""
    path = tmp_path / "token.json"
    path.write_text('{"seed": "x"}')
    assert 1 == people(box, refreshing(box, path))


def test_a_token_file_that_cannot_be_written_is_told(box: ShopifySandbox, tmp_path: Path) -> None:
    """A folder that does not exist: the refresh token is not used up for nothing."""
    with pytest.raises(StopConnection, match="cannot be written"):
        people(box, refreshing(box, tmp_path / "none" / "token.json"))
    assert SEED == box.refresh_token


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"access_token": "a", "client_id": "b", "client_secret": "c"},
        {"client_id": "b"},
        {"access_token": "a", "refresh_token": "r", "token_file": "t"},
        {"client_id": "b", "client_secret": "c", "refresh_token": "r"},
        {"client_id": "b", "client_secret": "c", "token_file": "t"},
        {"access_token": "a", "shop": "shop.example"},
        {"access_token": "a", "base_url": "http://shop.example"},
    ],
)
def test_settings_that_cannot_work_are_refused(table: dict[str, str]) -> None:
    """One way in, whole, to a shop of Shopify, and never in clear text."""
    with pytest.raises(ValidationError) as raised:
        ShopifySettings.model_validate({"shop": "shop", **table})
    assert "shprt" not in str(raised.value)


def test_a_shop_may_be_named_in_two_ways() -> None:
    """By its name or by its domain, in any capitals."""
    for name in ("my-shop", "My-Shop.myshopify.com"):
        settings = ShopifySettings.model_validate({"shop": name, "access_token": "a"})
        assert "https://my-shop.myshopify.com" == settings.address
