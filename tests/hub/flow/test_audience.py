import hmac
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub.flow.audience import check_targets, find_reach
from hub.flow.deliver import newest_held
from hub.outbox.plan import AudiencePlan, Reach
from hub.sdk.errors import ConfigError
from hub.sdk.records import Target
from hub.settings.models import Limits, Safety
from tests.support.delivery import KEY, Shop, Tool, add_people, job, set_members


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A project without people."""
    return Shop(tmp_path)


def one(plans: list[AudiencePlan]) -> AudiencePlan:
    """Return the one plan."""
    (plan,) = plans
    return plan


def test_silence_is_not_consent(shop: Shop) -> None:
    """Only people who granted consent are wanted; those who denied and those whom nobody asked are not."""
    add_people(shop.engine, "vip", ["anna"])
    add_people(shop.engine, "vip", ["ben"], consent=False)
    add_people(shop.engine, "vip", ["cleo"], consent=None)
    plan = one(shop.plan(job(Tool())))
    assert Reach(segment=3, no_consent=2, wanted=1) == plan.reach
    assert {"add": ["anna"]} == plan.samples


def test_nobody_reports_consent(shop: Shop) -> None:
    """When no tool reports consent for the channel, the plan says so and what to do."""
    add_people(shop.engine, "vip", ["anna", "ben"], consent=None)
    plan = one(shop.plan(job(Tool())))
    expected = (
        '2 people, 0 can be sent: no tool reports consent for "email". Connect one that does, or name it under '
        "[consent]. Silence is not yes."
    )
    assert [expected] == list(plan.warnings)


def test_address_of_somebody_who_said_no_stays_out(shop: Shop) -> None:
    """A second profile with the same address does not bring back somebody who opted out."""
    add_people(shop.engine, "vip", ["anna"])
    add_people(shop.engine, "other", ["annas_twin"], consent=False)
    shop.engine.run("update identifiers set value = 'anna@example.com' where profile_id = 'annas_twin'")
    assert Reach(segment=1, no_consent=1) == one(shop.plan(job(Tool()))).reach


def test_address_that_a_no_was_said_about_stays_out(shop: Shop) -> None:
    """Whoever said yes under another address is not written to under this one."""
    add_people(shop.engine, "vip", ["anna"])
    shop.engine.run("insert into denied_addresses values ('email', 'anna@example.com', 'email', 'marketing')")
    assert Reach(segment=1, no_consent=1) == one(shop.plan(job(Tool()))).reach


def test_reach_waterfall(shop: Shop) -> None:
    """Everybody who is not wanted is counted under the first reason that holds."""
    add_people(shop.engine, "vip", ["anna", "ben", "cleo", "dora"])
    add_people(shop.engine, "vip", ["emil"], consent=False)
    shop.engine.run("delete from identifiers where profile_id = 'dora'")
    shop.engine.run("update identifiers set value = 'anna@example.com' where profile_id = 'cleo'")
    set_members(shop.engine, "complaint", ["ben"])
    plan = one(shop.plan(job(Tool(), exclude=("complaint",))))
    assert Reach(segment=5, no_consent=1, no_address=1, excluded=1, duplicates=1, wanted=1) == plan.reach
    assert 1 == plan.planned


def test_never_segments_are_kept_out_of_everything(shop: Shop) -> None:
    """Members of a segment under `never` reach no audience."""
    add_people(shop.engine, "vip", ["anna", "ben"])
    set_members(shop.engine, "complaint", ["ben"])
    shop.policy = replace(shop.policy, limits=Limits(never=("complaint",)))
    assert {"add": ["anna"]} == one(shop.plan(job(Tool()))).samples


def test_cap_serves_the_higher_priority(shop: Shop) -> None:
    """A person over the cap goes to the audience of highest priority, over all tools."""
    add_people(shop.engine, "vip", ["anna", "ben"])
    set_members(shop.engine, "few", ["anna"])
    shop.policy = replace(shop.policy, limits=Limits.model_validate({"per_person": "1 audience in 7 days"}))
    jobs = [job(Tool(), "low"), job(Tool(), "high", "few", priority=5, connection="other")]
    low, high = shop.plan(*jobs)
    assert (Reach(segment=2, capped=1, wanted=1), Reach(segment=1, wanted=1)) == (low.reach, high.reach)
    assert {"add": ["ben"]} == low.samples


def test_cap_counts_audiences_that_a_person_has_just_left(shop: Shop) -> None:
    """Somebody added elsewhere within the cap's time has used it up, and is free again later."""
    add_people(shop.engine, "vip", ["anna"])
    set_members(shop.engine, "few", ["anna"])
    shop.policy = replace(shop.policy, limits=Limits.model_validate({"per_person": "1 audience in 7 days"}))
    first, second = Tool(), job(Tool(), "second", connection="other")
    shop.run(job(first, "first", "few"))
    set_members(shop.engine, "few", [])
    jobs = [job(first, "first", "few"), second]
    assert 1 == shop.plan(*jobs)[1].reach.capped
    shop.wait(timedelta(days=8))
    assert 0 == shop.plan(*jobs)[1].reach.capped


def test_audiences_of_a_group_share_nobody(shop: Shop) -> None:
    """Whom several want, the highest priority has; the others' places under a cap stay free."""
    add_people(shop.engine, "vip", ["anna", "ben"])
    set_members(shop.engine, "few", ["anna"])
    shop.policy = replace(shop.policy, limits=Limits.model_validate({"per_person": "2 audiences in 7 days"}))
    low = job(Tool(), "low", group="offers")
    high = job(Tool(), "high", "few", priority=5, group="offers", connection="other")
    plans = shop.plan(low, high, job(Tool(), "apart", connection="third"))
    assert [Reach(segment=2, outranked=1, wanted=1), Reach(segment=1, wanted=1), Reach(segment=2, wanted=2)] == [
        plan.reach for plan in plans
    ]
    assert {"add": ["ben"]} == plans[0].samples


def test_who_leaves_the_higher_audience_comes_into_the_next(shop: Shop) -> None:
    """Nobody is in both at any time that the plans want."""
    add_people(shop.engine, "vip", ["anna"])
    set_members(shop.engine, "few", ["anna"])
    first, second = Tool(), Tool()
    jobs = [
        job(first, "low", group="offers"),
        job(second, "high", "few", priority=5, group="offers", connection="other"),
    ]
    shop.run(*jobs)
    assert (0, 1) == (len(first.members.get("list", {})), len(second.members["list"]))
    set_members(shop.engine, "few", [])
    shop.run(*jobs)
    assert (1, 0) == (len(first.members["list"]), len(second.members["list"]))


def test_max_size_keeps_who_is_there(shop: Shop) -> None:
    """Beyond it nobody comes, and who is there does not make room for somebody else."""
    add_people(shop.engine, "vip", ["mia", "nora"])
    tool = Tool()
    shop.run(job(tool, max_size=2))
    add_people(shop.engine, "vip", ["anna", "ben"])
    plan = one(shop.plan(job(tool, max_size=2)))
    assert Reach(segment=4, over_max=2, wanted=2) == plan.reach
    assert 0 == plan.planned


def test_split_is_sticky_and_the_holdout_goes_nowhere(shop: Shop) -> None:
    """The same people are held out of every tool, whoever else is in the segment, in about the share asked for."""
    names = [f"p{number}" for number in range(400)]
    add_people(shop.engine, "vip", names)
    split = {"offer": 70, "holdout": 30}
    jobs = [job(Tool(), "a", split=split), job(Tool(), "b", split=split, connection="other")]
    shop.plan(*jobs)
    first, second = held_out(shop, "a"), held_out(shop, "b")
    assert first == second
    assert 80 <= len(first) <= 160
    set_members(shop.engine, "vip", names[:200])
    shop.plan(*jobs)
    assert first & set(names[:200]) == held_out(shop, "a")


def held_out(shop: Shop, audience: str) -> set[object]:
    """Return the people of an audience who are in its holdout."""
    rows = shop.engine.run("select profile_id from reach where audience = ? and reason = 'holdout'", (audience,))
    return {row[0] for row in rows}


def test_split_arm_can_be_written_to_a_field(shop: Shop) -> None:
    """A field may carry the arm that a person is in."""
    add_people(shop.engine, "vip", [f"p{number}" for number in range(20)])
    tool = Tool(targets=[Target("contacts", "object", fields=True)])
    shop.run(job(tool, split={"offer": 50, "plain": 50}, fields={"OFFER": "split_arm"}))
    assert {"offer", "plain"} == {fields["OFFER"] for fields in tool.members["contacts"].values()}


def test_key_is_an_hmac_of_place_and_wire(shop: Shop) -> None:
    """The ledger's key is HMAC-SHA256 under the installation key: no plain hash of an address."""
    add_people(shop.engine, "vip", ["anna"])
    shop.run(job(Tool()))
    message = 'tool\x1flist\x1f{"email":"anna@example.com"}'
    expected = hmac.new(KEY, message.encode(), "sha256").hexdigest()
    assert [(expected,)] == shop.engine.run("select key from ledger")


def test_wire_form_of_the_tool(shop: Shop) -> None:
    """People are named in the form that the tool asks for, computed from the normalised value."""
    add_people(shop.engine, "vip", ["anna"])
    tool = Tool(capabilities=replace(Tool.capabilities, wire={"email": "sha256(value)"}))
    shop.run(job(tool))
    (wire,) = tool.members["list"]
    assert 64 == len(dict(wire)["email"])


def test_attribute_helps_to_match_but_is_no_address(shop: Shop) -> None:
    """A name may go along with an address; a person without any identifier is not sent."""
    add_people(shop.engine, "vip", ["anna", "ben"])
    shop.engine.run("delete from identifiers where profile_id = 'ben'")
    tool = Tool(capabilities=replace(Tool.capabilities, address_by=("email", "first_name")))
    report = shop.run(job(tool, match_on=("email", "first_name"))).reports[0]
    assert [{"email": "anna@example.com", "first_name": "Anna"}] == [dict(wire) for wire in tool.members["list"]]
    assert 1 == report.reach.no_address


def test_new_wire_id_replaces_the_old_one(shop: Shop) -> None:
    """Somebody with a new address is removed under the old one and added under the new one, in this order."""
    add_people(shop.engine, "vip", ["anna"])
    tool = Tool()
    shop.run(job(tool))
    shop.engine.run("update identifiers set value = 'new@example.com'")
    shop.run(job(tool))
    assert ["new"] == tool.emails()
    assert ["add", "remove", "add"] == [batch.op for _, batch in tool.requests]


def test_removal_under_an_old_wire_id_asserts_the_new_one_after_it(shop: Shop) -> None:
    """Where ids are made of several values, a removal may take the same person away: they are asserted after it."""
    add_people(shop.engine, "vip", ["anna"])
    tool = Tool(capabilities=replace(Tool.capabilities, address_by=("email", "phone")))
    audience = job(tool, match_on=("email", "phone"), mode="add_only")
    shop.run(audience)
    shop.engine.run("insert into identifiers values ('anna', 'phone', '+4915500000', 1)")
    shop.run(audience)
    shop.run(replace(audience, audience=audience.audience.model_copy(update={"mode": "mirror"})))
    assert ["remove", "add"] == [batch.op for _, batch in tool.requests[-2:]]
    assert "phone" in tool.requests[-1][1].rows[0].wire


def test_add_only_never_removes(shop: Shop) -> None:
    """An audience in mode add_only keeps everybody it ever added."""
    add_people(shop.engine, "vip", ["anna", "ben"])
    tool = Tool()
    shop.run(job(tool, mode="add_only"))
    set_members(shop.engine, "vip", ["anna"])
    shop.run(job(tool, mode="add_only"))
    assert ["anna", "ben"] == tool.emails()


def test_update_only_updates_once_and_puts_nobody_on_a_list(shop: Shop) -> None:
    """An audience in mode update_only writes fields of contacts, as updates, and nothing else."""
    add_people(shop.engine, "vip", ["anna"])
    tool = Tool(targets=[Target("contacts", "object", fields=True), Target("list", "membership")])
    audience = job(tool, mode="update_only", fields={"FNAME": "first_name"})
    shop.run(audience)
    shop.run(audience)
    assert [("contacts", "update")] == [(key, batch.op) for key, batch in tool.requests]


def test_min_size_stands_still(shop: Shop) -> None:
    """Below `min_size` nobody is added or removed, and the plan says why; who said no still leaves."""
    add_people(shop.engine, "vip", ["anna", "ben", "cleo"])
    tool = Tool()
    shop.run(job(tool, min_size=2))
    set_members(shop.engine, "vip", ["anna"])
    shop.engine.run("update consent set granted = false where profile_id = 'ben'")
    report = shop.run(job(tool, min_size=2)).reports[0]
    assert ["anna", "cleo"] == tool.emails()
    assert ["1 people are wanted, min_size is 2: the audience stands still."] == list(report.warnings)


def small_limits() -> Safety:
    """Return safety settings without a floor."""
    return Safety.model_validate({"max_removals_per_run": "10 %", "max_removals_per_day": "20 %"})


def test_mass_removal_is_held_and_adds_flow(shop: Shop) -> None:
    """Removals over the limit wait for approval; adds of the same plan are sent; the same run twice changes nothing."""
    names = [f"p{number}" for number in range(10)]
    add_people(shop.engine, "vip", names)
    shop.policy = replace(shop.policy, safety=small_limits())
    tool = Tool()
    shop.run(job(tool))
    add_people(shop.engine, "vip", ["zoe"])
    set_members(shop.engine, "vip", [*names[:5], "zoe"])
    report = shop.run(job(tool)).reports[0]
    assert (5, 0, 1) == (report.held, report.removed, report.added)
    assert "5 of 10 (50 %) would leave; limit 10 %" == report.held_reason
    assert sorted([*names, "zoe"]) == tool.emails()


def test_approval_releases_the_keys_of_the_held_plan_alone(shop: Shop) -> None:
    """After `hub approve --removals` those people leave; others who leave meanwhile are judged anew."""
    names = [f"p{number}" for number in range(10)]
    add_people(shop.engine, "vip", names)
    shop.policy = replace(shop.policy, safety=small_limits())
    tool = Tool()
    shop.run(job(tool))
    set_members(shop.engine, "vip", names[:5])
    shop.run(job(tool))
    held = newest_held(shop.store, "vips")
    assert held
    shop.store.approve("removals", "vips", "c1", held.uid, who="mia")
    set_members(shop.engine, "vip", names[:3])
    report = shop.run(job(tool)).reports[0]
    assert (5, 2) == (report.removed, report.held)
    assert names[:5] == tool.emails()


def test_incomplete_read_removes_nobody_but_opt_outs(shop: Shop) -> None:
    """After a read that did not see everything nobody is removed, except people who said no."""
    add_people(shop.engine, "vip", ["anna", "ben", "cleo"])
    tool = Tool()
    shop.run(job(tool))
    set_members(shop.engine, "vip", ["anna"])
    shop.engine.run("update consent set granted = false where profile_id = 'ben'")
    report = shop.run(job(tool, incomplete=["tills: 0 rows, usually 9,800"])).reports[0]
    assert (1, 1) == (report.removed, report.held)
    assert ["anna", "cleo"] == tool.emails()


def test_drip_is_held_by_the_daily_limit(shop: Shop) -> None:
    """A list that loses a little in every run is held once a day's share is gone."""
    names = [f"p{number:02}" for number in range(40)]
    add_people(shop.engine, "vip", names)
    shop.policy = replace(shop.policy, safety=small_limits())
    tool = Tool(capabilities=replace(Tool.capabilities, batch_rows=100))
    shop.run(job(tool))
    shop.wait(timedelta(hours=1))
    removed = []
    for left in (36, 33, 30, 27):
        set_members(shop.engine, "vip", names[:left])
        removed.append(shop.run(job(tool)).reports[0].removed)
    assert [4, 3, 0, 0] == removed


def test_two_audiences_in_one_place_are_refused(shop: Shop) -> None:
    """Two audiences that would remove each other's people are a mistake in the config."""
    jobs = [job(Tool(), "a"), job(Tool(), "b")]
    with pytest.raises(ConfigError, match=r'tool\.toml: audiences "a" and "b" stand in the same place, list'):
        find_reach(shop.engine, jobs, shop.policy, KEY)


def test_one_field_with_two_meanings_is_refused() -> None:
    """A contact in two audiences cannot have one field with two expressions, nor with the arms of two splits."""
    contact = Target("contacts", "object", fields=True)
    with pytest.raises(ConfigError, match='field "LTV" means one thing in audience "a" and another in "b"'):
        check_targets([job(Tool(targets=[contact]), name, fields={"LTV": sql}) for name, sql in zip("ab", "xy")])  # noqa: B905
    split = {"offer": 1, "holdout": 1}
    arms = [job(Tool(targets=[contact]), name, name, fields={"ARM": "split_arm"}, split=split) for name in "ab"]
    with pytest.raises(ConfigError, match='field "ARM"'):
        check_targets(arms)


def test_shared_contact_leaves_with_the_last_audience(shop: Shop) -> None:
    """A contact that two audiences want is removed when neither wants it any more, not before."""
    add_people(shop.engine, "vip", ["anna"])
    set_members(shop.engine, "few", ["anna"])
    tool = Tool(targets=[Target("contacts", "object", fields=True)])
    jobs = [job(tool, "a"), job(tool, "b", "few")]
    shop.run(*jobs)
    set_members(shop.engine, "vip", [])
    shop.run(*jobs)
    assert ["anna"] == tool.emails("contacts")
    set_members(shop.engine, "few", [])
    shop.run(*jobs)
    assert [] == tool.emails("contacts")


def test_fields_that_nobody_approved_are_not_sent_with_another_audience(shop: Shop) -> None:
    """A contact gets the fields of all its audiences; those of a new one come with its approval."""
    add_people(shop.engine, "vip", ["anna"])
    tool = Tool(targets=[Target("contacts", "object", fields=True)])
    old = job(tool, "a", fields={"OLD": "'x'"})
    new = job(tool, "b", fields={"NEW": "'y'"}, approved=False)
    shop.run(old, new)
    assert [{"OLD": "x"}] == [row.fields for _, batch in tool.requests for row in batch.rows]
    shop.run(old, replace(new, approved=True))
    assert {"NEW": "y", "OLD": "x"} == tool.requests[-1][1].rows[0].fields
