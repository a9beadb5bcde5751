"""Previews, sizes, state, quarantine, checks: what is asked about everybody."""

from datetime import datetime
from pathlib import Path

import pytest

from hub.project.approving import approve
from hub.project.ready import NothingYet
from hub.queries.check import check
from hub.queries.person import person
from hub.queries.preview import Empty, plain, preview
from hub.queries.quarantine import quarantine
from hub.queries.segments import segments, stages
from hub.queries.status import status
from hub.sdk.errors import ConfigError, StopConnection
from hub.sdk.records import Fact
from tests.support.asked import Asked
from tests.support.project import SOURCE, audience, consent, days_ago, lists, make_shop, order, run_once
from tests.support.project import person as person_row


def test_preview_counts_in_out_and_undecided(asked: Asked) -> None:
    """Size, everybody, those whom a missing value hides, the traits that do it, and what to write instead."""
    found = preview(asked.project, "days_since_order > 2 * median_gap_days or days_since_order > 50")
    assert (1, 9, 7) == (found.size, found.people, found.unknown)
    assert [Empty(trait="days_since_order", people=4), Empty(trait="median_gap_days", people=7)] == found.empty
    hidden = "days_since_order is empty for 4 of 9 people: they match neither this rule nor its opposite."
    assert [f"{hidden} Use coalesce(days_since_order, ...)."] == found.warnings[:1]


def test_preview_shows_examples_with_the_values_it_read(asked: Asked) -> None:
    """The sample is as long as asked and holds each trait of the rule."""
    found = preview(asked.project, "orders >= 1 and monetary_total > 5", sample=2)
    assert (5, 2) == (found.size, len(found.sample))
    assert [{"orders", "monetary_total"}] * 2 == [set(each.values) - {"profile_id"} for each in found.sample]


def test_preview_may_use_segments_stages_and_events(asked: Asked) -> None:
    """A rule can be tried with everything that segments may use; unknown events are doubted."""
    rule = "in_segment('buyers') and stage = 'retention' and did('order_placed') and has_consent('email', 'marketing')"
    assert (1, []) == (preview(asked.project, rule).size, preview(asked.project, rule).warnings)
    assert ['Nobody ever did "oder_placed". Did you mean "order_placed"?'] == (
        preview(asked.project, "not did('oder_placed')").warnings
    )


@pytest.mark.parametrize("rule", ["odrers > 1", "orders >", "read_text('/etc/passwd') = ''", "", "orders"])
def test_preview_refuses_what_no_segment_could_be(asked: Asked, rule: str) -> None:
    """What does not compile is answered as a mistake in the rule, before anything is evaluated."""
    with pytest.raises(ConfigError, match=r"^rule: "):
        preview(asked.project, rule)


def test_values_become_json() -> None:
    """Numbers stay numbers, instants and days become text, nothing stays nothing."""
    values = {"when": datetime(2026, 3, 1, 12), "no": None, "yes": True, "text": "-", "half": 0.5}  # noqa: DTZ001
    assert {**values, "when": "2026-03-01 12:00:00"} == plain(dict(values))


def test_segments_are_listed_with_sizes(asked: Asked) -> None:
    """Every configured segment in the order of the file, empty ones too."""
    told = {each.name: (each.size, each.entered, each.left) for each in segments(asked.project)}
    assert {"buyers": (5, 5, 0), "quiet": (0, 0, 0), "fans": (1, 1, 0), "complaining": (1, 1, 0)} == told
    assert "Bought something" == segments(asked.project)[0].description


def test_stages_are_listed_with_advice(asked: Asked) -> None:
    """Every stage in the order in which the rules are tried, with what to do for its people."""
    told = {each.name: each.size for each in stages(asked.project)}
    expected = {"lost": 0, "lapsing": 0, "won_back": 0, "advocacy": 0, "retention": 1, "purchase": 4}
    assert expected | {"consideration": 3, "awareness": 1} == told
    assert all(each.do for each in stages(asked.project))


def test_status_tells_the_last_run_the_tools_and_the_lists(asked: Asked) -> None:
    """One look says what ran, what came in, what stands on the lists and what waits for approval."""
    found = status(asked.project)
    assert found.run is not None
    assert (1, "amber") == (found.run.run, found.run.status)
    assert ["1 of 24 rows are in quarantine; the limit is 1 %. See: hub quarantine"] == found.run.concerns
    assert {"crm": (3, 0), "letters": (1, 0), "tills": (20, 1)} == {
        each.connection: (each.rows, each.quarantined) for each in found.connections
    }
    assert [("news", True, 2), ("offers", False, 0)] == [
        (each.audience, each.approved, each.on_list) for each in found.audiences
    ]


def test_quarantine_shows_where_and_why(asked: Asked) -> None:
    """File, line, reason and the row as it came; a connection can be asked alone, and the number is limited."""
    [row] = quarantine(asked.project)
    assert ("tills", "people", "people.csv", 9) == (row.connection, row.stream, row.file, row.line)
    assert ("no record_id: a record needs its key", "8;Name8", 1) == (row.reason, row.raw, row.rows)
    assert [] == quarantine(asked.project, "crm")
    assert [row] == quarantine(asked.project, "tills", limit=1)


def test_check_asks_every_tool_and_says_that_the_rules_compile(asked: Asked) -> None:
    """The project itself comes first, then every connection; one can be asked alone, an unknown one is refused."""
    found = {each.connection: [(fact.level, fact.text) for fact in each.facts] for each in check(asked.project)}
    assert ["hub", "crm", "letters", "tills"] == list(found)
    assert ("ok", "config is valid: 4 segments, 8 stages, every rule compiles") in found["hub"]
    assert [("ok", "reached")] == found["letters"]
    assert ["crm"] == [each.connection for each in check(asked.project, "crm")]
    with pytest.raises(ConfigError, match=r'no connection "cmr". Connections: crm, letters, tills.'):
        check(asked.project, "cmr")


def test_check_survives_connectors_that_fail(tmp_path: Path) -> None:
    """A tool that refuses, a mistake in a connector, a rule about what nobody ever did: each is a finding."""
    shop = make_shop(
        tmp_path,
        broken=SOURCE.replace("pages", "broken_source"),
        idle='[connection]\nconnector = "pages"\n',
        segments="[segment.a]\nwhere = \"did('oder_placed')\"\n",
    )

    def refuse() -> list[Fact]:
        raise StopConnection("the token was refused.", hint="Renew it.")

    shop.facts = refuse
    shop.bring(people=[person_row(1)], orders=[order(1, days_ago(1))])
    with shop.open() as project:
        run_once(project, {"until": "profile"})
        found = {each.connection: [(fact.level, fact.text) for fact in each.facts] for each in check(project)}
    assert [("error", "all: the token was refused. Renew it.")] == found["tills"]
    assert [("error", "all: the check itself failed with RuntimeError: a mistake in the connector.")] == found["broken"]
    assert [("warning", "has neither [[source]] nor [[audience]]: it does nothing")] == found["idle"]
    assert ("warning", 'segment a: Nobody ever did "oder_placed". Did you mean "order_placed"?') in found["hub"]


def test_before_the_first_run_there_is_nothing_to_ask(tmp_path: Path) -> None:
    """Questions about people say which command makes them answerable; lists and state are empty."""
    with make_shop(tmp_path, segments='[segment.a]\nwhere = "true"\n').open() as project:
        with pytest.raises(NothingYet, match=r"There are no profiles yet\. Run the flow once: hub run"):
            preview(project, "true")
        with pytest.raises(NothingYet):
            person(project, "email:ann@example.com")
        assert [0] == [each.size for each in segments(project)]
        assert (None, []) == (status(project).run, quarantine(project))


def test_held_removals_are_told_until_they_are_gone(tmp_path: Path) -> None:
    """Status shows what the latest look at an audience held, and nothing once the people are back."""
    hub = '[safety]\nmax_removals_per_run = "1 %"\nmax_removals_per_day = "1 %"\n'
    shop = make_shop(
        tmp_path, hub=hub, segments='[segment.a]\nwhere = "orders >= 1"\n', letters=lists(audience("news", "a"))
    )
    shop.bring(people=[person_row(1)], orders=[order(1, days_ago(1))], consents=[consent(1)])
    with shop.open() as project:
        approve(project, "news", who="ann")
        told = []
        for state in ("paid", "cancelled", "paid"):
            shop.bring(people=[person_row(1)], orders=[order(1, days_ago(1), status=state)], consents=[consent(1)])
            run_once(project)
            told.append([(each.on_list, each.held) for each in status(project).audiences])
    assert [[(1, 0)], [(1, 1)], [(1, 0)]] == told
