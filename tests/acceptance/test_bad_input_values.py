from pathlib import Path

import pytest

from hub.sdk.errors import ConfigError
from tests.support.acceptance import HEADER, HUB, PEOPLE, Shop, counts, people_shop, person

DATES = PEOPLE + 'format = { dates = "%d/%m/%Y" }\n'


@pytest.mark.parametrize("day", ["31/02/2024", "00/01/2024", "29/02/2023", "12/31/2024", "soon", "2024-01-31"])
def test_day_that_does_not_exist(tmp_path: Path, day: str) -> None:
    """A date that is none is never bent into another one: its row is in quarantine, with line and column."""
    shop = people_shop(tmp_path, [person(1, birthday="29/02/2024"), person(2, birthday=day)], crm=DATES)
    assert [(2, 1, 1)] == counts(shop.run())
    assert [("1", "2024-02-29")] == shop.ask("select record_id, cast(birthday as varchar) from people")
    row = shop.quarantine()[0]
    assert ("people.csv", 3, "birthday") == (row.file, row.line, row.field)
    assert "expected a date as in format.dates, got other text" == row.reason
    assert day not in row.reason


def test_norway_is_a_country(tmp_path: Path) -> None:
    """`NO` is Norway, in data as in config, never a "no"; other words that stand for nothing stay text too."""
    segments = "[segment.norwegians]\nwhere = \"country = 'NO'\"\n"
    lines = [person(1, country="NO"), person(2, country="no"), person(3, country="SE"), person(4, country="")]
    shop = people_shop(tmp_path, lines, segments=segments, hub=HUB.replace('"DE"', '"NO"'))
    shop.write({"people.csv": "\n".join([HEADER, *lines, person(5, name="NO", street="null"), ""])})
    report = shop.run()
    assert [(5, 5, 0)] == counts(report)
    assert [("norwegians", 2)] == [(segment.name, segment.size) for segment in report.segments]
    assert [("NO", "null")] == shop.ask("select first_name, street from people where record_id = '5'")


def test_norway_without_quotes(tmp_path: Path) -> None:
    """`country = NO` without quotes is no TOML; the message names file, line and the fix."""
    shop = people_shop(tmp_path, hub=HUB.replace('"DE"', "NO"))
    with pytest.raises(ConfigError, match=r"config/hub.toml:4: not valid TOML .* Text needs quotes: country = \"NO\""):
        shop.run()


def test_country_that_is_none(tmp_path: Path) -> None:
    """A country written out is not guessed at: its row is in quarantine."""
    shop = people_shop(tmp_path, [person(1), person(2, country="Norway")])
    assert [(2, 1, 1)] == counts(shop.run())
    assert ["expected an ISO country code of two letters, got other text"] == [row.reason for row in shop.quarantine()]


def test_phone_numbers_keep_their_plus(tmp_path: Path) -> None:
    """A number with a plus is one number in every spelling and never a sum; one without is of the shop's country."""
    numbers = ["+49 (0)30 90182-0000", "004930901820000", "030 901820000", "+1 (202) 555-0143", "+4930", "=1+1", "+"]
    lines = [person(n, phone=number, email="") for n, number in enumerate(numbers)]
    report = (shop := people_shop(tmp_path, lines)).run()
    assert [(7, 7, 0)] == counts(report)
    phones = shop.ask("""
        select c._key, i.value from identifiers i join identity n using (profile_id) join current_people c using (_node)
        where i.namespace = 'phone' order by 1""")
    german = "+4930901820000"
    assert [("0", german), ("1", german), ("2", german), ("3", "+12025550143")] == phones
    assert ["crm: 3 values given as phone cannot be one; they were left out."] == report.warnings


def test_same_key_twice(tmp_path: Path) -> None:
    """Rows with the same key are one record; the later one in the file holds, both count as read and landed."""
    lines = [person(1, name="Old"), person(2), person(1, name="New"), person(1, name="Newest"), person(2)]
    shop = people_shop(tmp_path, lines)
    report = shop.run()
    assert [(5, 5, 0)] == counts(report)
    assert 2 == report.profiles
    assert [("1", "Newest"), ("2", "Name2")] == shop.ask("select record_id, first_name from people order by 1")


def test_row_without_key(tmp_path: Path) -> None:
    """A row whose key is empty or blank cannot be a record and is in quarantine."""
    lines = [person(1), person(2).replace("2,", ",", 1), person(3).replace("3,", "  ,", 1)]
    shop = people_shop(tmp_path, lines)
    assert [(3, 1, 2)] == counts(shop.run())
    assert {"record_id is empty and every record needs it"} == {row.reason for row in shop.quarantine()}


def test_column_that_vanished(tmp_path: Path) -> None:
    """When a mapped column is gone, nothing of the file lands, the message names it, and people keep what they had."""
    shop = people_shop(tmp_path, [person(1), person(2)])
    shop.run()
    shop.write({"people.csv": f"{HEADER.replace('birthday', 'birth_day')}\n{person(1, name='Changed')}\n"})
    report = shop.run()
    assert "red" == report.status
    said = report.failures[0]
    assert said.startswith('crm: people.csv: There is no column "birthday". Did you mean "birth_day"?')
    assert [("Name1", "1980-05-17"), ("Name2", "1980-05-17")] == shop.ask(
        "select first_name, cast(birthday as varchar) from person order by 1"
    )


def test_column_that_came(tmp_path: Path) -> None:
    """A column that nobody mapped changes nothing, wherever it stands."""
    shop = people_shop(tmp_path, [person(1)])
    shop.run()
    shop.write({"people.csv": f"extra,{HEADER}\nx,{person(1, name='Changed')}\n"})
    assert [(1, 1, 0)] == counts(shop.run())
    assert [("Changed",)] == shop.ask("select first_name from person")


def test_column_that_changed_type(tmp_path: Path) -> None:
    """Cells that no longer fit their column's type are in quarantine, row by row; those that fit land."""
    shop = people_shop(tmp_path, [person(1), person(2), person(3)])
    shop.run()
    changed = [person(1, birthday="17.05.1980"), person(2, birthday="29.05.1980"), person(3, name="Fits")]
    shop.write({"people.csv": "\n".join([HEADER, *changed, ""])})
    report = shop.run()
    assert ("amber", [(3, 1, 2)]) == (report.status, counts(report))
    assert [("Fits",), ("Name1",), ("Name2",)] == shop.ask("select first_name from person order by 1")


def rule_shop(root: Path, rule: str) -> Shop:
    """A shop with one segment."""
    lines = [person(1), person(2, country="SE"), person(3, country="")]
    return people_shop(root, lines, segments=f"[segment.some]\nwhere = '''{rule}'''\n")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("orderz > 3", 'No trait "orderz".'),
        ("orders > 'many'", "orders"),
        ("orders", "true or false"),
        ("orders >", "segments.toml:2"),
        ("did('order_placed'", "segments.toml:2"),
        ("country in (select content from read_text('/etc/passwd'))", "in is not allowed with 'query'"),
        ("read_text('/etc/passwd') = 'x'", "read_text"),
        ("exists (from read_csv('input/people.csv'))", "sub-queries are not allowed"),
        ("country = 'DE'; drop table current_people", "segments.toml:2"),
        ("getenv('HOME') = ''", "getenv"),
        ("now() > last_order_at", "now"),
        ("in_segment('nobody')", 'No segment "nobody".'),
        ("in_segment('some')", "circle"),
    ],
)
def test_rule_that_is_refused(tmp_path: Path, rule: str, said: str) -> None:
    """A rule that is wrong or reaches for more than people is refused before anything is read, with file and line."""
    shop = rule_shop(tmp_path, rule)
    with pytest.raises(ConfigError) as caught:
        shop.run()
    assert str(caught.value).startswith("config/segments.toml:2: ")
    assert said in str(caught.value)
    assert not (tmp_path / "data" / "control.sqlite").exists()


@pytest.mark.parametrize(
    ("rule", "size"),
    [
        ("1 / orders > 0", 0),
        ("orders / 0 > 1", 0),
        ("orders % 0 = 1", 0),
        ("coalesce(monetary_total / orders, 0) = 0", 3),
        ("ln(orders) < 0 or ln(0 - 1 - orders) > 0", 0),
        ("9223372036854775807 + orders > 0", 3),
        ("country::integer > 1", 0),
    ],
)
def test_rule_that_cannot_be_computed(tmp_path: Path, rule: str, size: int) -> None:
    """Dividing by zero, roots and logarithms of nothing, casts that fail: unknown for that person, no crash."""
    report = rule_shop(tmp_path, rule).run()
    assert ("green", size) == (report.status, report.segments[0].size)


def test_missing_value_is_told(tmp_path: Path) -> None:
    """People whom a missing value keeps out of a segment and of its opposite are counted and warned of."""
    report = rule_shop(tmp_path, "1 / orders > 0").run()
    assert [True] == [told.startswith("some: 3 people are neither in nor out") for told in report.warnings]
