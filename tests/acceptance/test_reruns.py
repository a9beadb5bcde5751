import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from hub.report import RunReport
from hub_mailchimp.sandbox import MailchimpSandbox
from tests.support.acceptance import NOW, Shop, Town, address, delivering_shop, town


@dataclass
class Place:
    """A shop, the Mailchimp it writes to, and the town they are in."""

    shop: Shop
    box: MailchimpSandbox
    town: Town = field(default_factory=town)
    days: int = 0

    def run(self, **wishes: object) -> RunReport:
        """Write down what is true, and make a whole run an hour after the last."""
        self.shop.write(self.town.files())
        self.days += 1
        return self.shop.run("deliver", as_of=NOW + timedelta(hours=self.days), **wishes)

    def writes(self) -> int:
        """How many requests at the sandbox wrote something so far."""
        return sum(exchange.request.method != "GET" for exchange in self.box.requests)

    def tagged(self) -> set[str]:
        """Who carries the tag."""
        return set(self.box.members("Customers", tag="big"))

    def mailing(self) -> set[str]:
        """Customer numbers in the file."""
        with (self.shop.root / "output" / "mailing.csv").open(encoding="utf-8", newline="") as file:
            return {row["customer"] for row in csv.DictReader(file)}

    def is_right(self) -> bool:
        """Whether both lists hold exactly who belongs there."""
        return (self.town.big(), self.town.buyers()) == (self.tagged(), self.mailing())


def sent(report: RunReport) -> dict[str, tuple[int, int, int]]:
    """Audience -> added, updated, removed."""
    return {each.name: (each.added, each.updated, each.removed) for each in report.audiences}


def moved(report: RunReport) -> dict[str, tuple[int, int]]:
    """Segment -> entered, left."""
    return {each.name: (each.entered, each.left) for each in report.segments}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A shop after its first run, which is right."""
    with MailchimpSandbox() as box:
        place = Place(delivering_shop(tmp_path, box.url, box.api_key), box)
        report = place.run()
        assert ("green", []) == (report.status, report.failures + report.concerns)
        assert {"big": (5, 0, 0), "mailing": (12, 0, 0)} == sent(report)
        assert place.is_right()
        yield place


def test_second_run_sends_nothing(place: Place) -> None:
    """Run again without a change: nobody enters, nobody leaves, and not one request writes."""
    before = (place.shop.facts(), place.writes(), place.mailing())
    report = place.run()
    assert ("green", {"buyers": (0, 0), "big": (0, 0)}) == (report.status, moved(report))
    assert {"big": (0, 0, 0), "mailing": (0, 0, 0)} == sent(report)
    assert before == (place.shop.facts(), place.writes(), place.mailing())


def test_file_touched_without_change(place: Place) -> None:
    """Files with a new time and the same content, or the same rows in another order, change nothing."""
    before, writes = place.shop.facts(), place.writes()
    files = place.town.files()
    header, *lines = files["people.csv"].strip().split("\n")
    place.shop.write({**files, "people.csv": "\n".join([header, *reversed(lines), ""])})
    report = place.shop.run("deliver", as_of=NOW + timedelta(hours=2))
    assert {"big": (0, 0, 0), "mailing": (0, 0, 0)} == sent(report)
    assert (before, writes) == (place.shop.facts(), place.writes())


def test_one_changed_row_is_one_change(place: Place) -> None:
    """A new name of one person is one update in each list that shows it, and changes one profile."""
    before = place.shop.facts()["person"]
    place.town.names[2] = "Renamed"
    report = place.run()
    assert {"big": (0, 1, 0), "mailing": (0, 1, 0)} == sent(report)
    assert {"buyers": (0, 0), "big": (0, 0)} == moved(report)
    assert 1 == len(set(place.shop.facts()["person"]) - set(before))
    members = place.box.default.members.values()
    assert ["Renamed"] == [m.values["FNAME"] for m in members if m.address == address(2)]
    assert place.is_right()


def test_one_more_order_is_one_more_member(place: Place) -> None:
    """One new order takes one person into the segment, the tag and nothing else."""
    place.town.orders["O99"] = (1, 70)
    report = place.run()
    assert {"buyers": (0, 0), "big": (1, 0)} == moved(report)
    assert {"big": (1, 0, 0), "mailing": (0, 0, 0)} == sent(report)
    assert place.is_right()


def test_who_leaves_is_removed(place: Place) -> None:
    """Whose order vanished from a complete file leaves the segments, the tag and the file, and stays a contact."""
    del place.town.orders["O2"]
    report = place.run()
    assert {"buyers": (0, 1), "big": (0, 1)} == moved(report)
    assert {"big": (0, 0, 1), "mailing": (0, 0, 1)} == sent(report)
    assert place.is_right()
    assert "subscribed" == place.box.members("Customers")[address(2)]
    left = place.shop.ask("select name from memberships where kind = 'segment' and left_at is not null order by name")
    assert [("big",), ("buyers",)] == left


def test_who_comes_back_enters_again(place: Place) -> None:
    """Leaving and coming back are two stays in the history and one member in the end."""
    order = place.town.orders.pop("O2")
    place.run()
    place.town.orders["O2"] = order
    report = place.run()
    assert {"buyers": (1, 0), "big": (1, 0)} == moved(report)
    assert place.is_right()
    stays = place.shop.ask("""
        select count(*), count(left_at) from memberships where kind = 'segment' and name = 'big'
        group by profile_id having count(*) > 1""")
    assert [(2, 1)] == stays


def test_who_says_no_is_removed(place: Place) -> None:
    """A consent taken back takes the tag away, though the person stays in the segment."""
    place.town.refused.add(2)
    report = place.run()
    assert {"buyers": (0, 0), "big": (0, 0)} == moved(report)
    assert {"big": (0, 0, 1), "mailing": (0, 0, 0)} == sent(report)
    assert place.is_right()


def test_who_was_never_ours_is_left_alone(place: Place) -> None:
    """A contact whom somebody else put on the list and tagged stays, with the tag."""
    stranger = "stranger@shop.example"
    place.box.add(stranger)
    tag = place.box.default.named("big")
    assert tag is not None
    place.box.default.tag(tag, [stranger])
    del place.town.orders["O2"]
    place.run()
    assert place.town.big() | {stranger} == place.tagged()


def test_rebuild_gives_the_same(place: Place) -> None:
    """Everything derived thrown away and made anew is the same, ids and history included, and sends nothing."""
    place.town.names[1] = "Renamed"
    del place.town.orders["O2"]
    place.run(full=True, cut_points=True)
    before, writes = place.shop.facts(), place.writes()
    report = place.run(rebuild=True)
    assert ("green", {"buyers": (0, 0), "big": (0, 0)}) == (report.status, moved(report))
    assert before == place.shop.facts()
    assert (writes, {"big": (0, 0, 0), "mailing": (0, 0, 0)}) == (place.writes(), sent(report))


def test_rebuild_keeps_ranks(place: Place) -> None:
    """Between two passes over everybody a rebuild leaves people in the groups that they were ranked into."""
    del place.town.orders["O2"]
    place.run()
    before = place.shop.facts()["person"]
    place.run(rebuild=True)
    assert before == place.shop.facts()["person"]


def test_lost_database_is_made_anew(place: Place) -> None:
    """A derived database that is gone or broken costs time: the next run is the same as if it had been there."""
    before, writes = place.shop.facts(), place.writes()
    path = place.shop.root / "data" / "derived.duckdb"
    for content in (None, b"no database", path.read_bytes()[:5000]):
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        report = place.run()
        assert ("green", []) == (report.status, report.failures + report.concerns)
        assert (before, writes) == (place.shop.facts(), place.writes())


def test_unapproved_audience_sends_nothing(place: Place) -> None:
    """A changed audience plans until somebody approves it again."""
    config = place.shop.root / "config" / "mailchimp.toml"
    config.write_text(config.read_text().replace('FNAME = "first_name"', 'FNAME = "upper(first_name)"'))
    writes = place.writes()
    report = place.run()
    held = next(each for each in report.audiences if each.name == "big")
    assert (False, writes) == (held.approved, place.writes())
