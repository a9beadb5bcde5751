"""A whole run of the hub fills a customer match list, with everything that people are known by."""

from pathlib import Path

import pytest

from hub.project.approving import approve
from hub.sdk.errors import ConfigError
from hub_google_ads.sandbox import GoogleAdsSandbox
from hub_google_ads.sandbox.checks import objects
from tests.support.google_ads import digest
from tests.support.project import Shop, consent, make_shop, person, run_once

_EVERYTHING = '["email", "phone", "first_name", "last_name", "country", "postcode"]'


def ads(box: GoogleAdsSandbox, more: str = 'consent = { channel = "ads" }') -> str:
    """The connection's file; the key is a file beside it."""
    return f"""
    [connection]
    connector = "google_ads"
    key = "file:google-key.json"
    customer = "123-456-7890"
    customer_match_terms = "accepted"
    base_url = "{box.url}"

    [[audience]]
    name = "all"
    segment = "everybody"
    target = {{ list = "Customers" }}
    match_on = {_EVERYTHING}
    {more}
    """


def shop_of(box: GoogleAdsSandbox, root: Path, more: str = 'consent = { channel = "ads" }') -> Shop:
    """Make a shop: 1 is known well, 2 by a name and an address alone, 3 has said nothing about ads, 4 said no."""
    shop = make_shop(root, segments='[segment.everybody]\nwhere = "true"\n', ads=ads(box, more))
    key = root / "google-key.json"
    key.touch(mode=0o600)
    key.write_text(str(box.connection()["key"]), encoding="utf-8")
    known = {"last_name": "O'Neill", "country": "DE", "postcode": "10115", "ids": {"phone": "+12025550147"}}
    shop.bring(
        people=[person(1, **known), *(person(number) for number in (2, 3, 4))],
        consents=[*(consent(number, channel="ads") for number in (1, 2)), consent(4, "denied", channel="ads")],
    )
    return shop


def test_a_run_sends_who_has_consented_with_all_that_is_known(tmp_path: Path) -> None:
    """Two people go in one request; whole addresses go along, and who has not granted consent stays out."""
    with GoogleAdsSandbox() as box:
        shop = shop_of(box, tmp_path)
        with shop.open() as project:
            approve(project, "all", who="ann")
            run_once(project)
        box.catch_up()
        (job,) = box.jobs.values()
        address = f"10115|DE|{digest('name1')}|{digest('oneill')}"  # in the order of the fields' names
        known = [digest(f"person-{number}@example.com") for number in (1, 2)]
        assert {*known, digest("+12025550147")} == {each for each in box.members() if "|" not in each}
        assert 1 == sum("|" in each for each in box.members())
        assert sorted(address.split("|")) == sorted(next(e for e in box.members() if "|" in e).split("|"))
        assert 2 == len(objects(job.body, "audienceMembers"))


def test_an_audience_without_consent_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    """Nothing is sent, and the text says what to write."""
    with GoogleAdsSandbox() as box:
        shop = shop_of(box, tmp_path, more="")
        with pytest.raises(ConfigError, match="must need consent"), shop.open() as project:
            run_once(project)
        assert {} == box.jobs
