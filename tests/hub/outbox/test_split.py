from hypothesis import given
from hypothesis import strategies as st

from hub.engine import DuckEngine
from hub.outbox.split import arm_sql, holdout_sql

ENGINE = DuckEngine()


def arms(split: dict[str, int], segment: str = "vip", people: int = 2_000) -> list[str]:
    """Return the arms of some people."""
    rows = ENGINE.run(f"select {arm_sql(split, segment)} from (select 'p' || range as profile_id from range({people}))")
    return [str(arm) for (arm,) in rows]


@given(st.dictionaries(st.sampled_from(["a", "b", "c", "holdout"]), st.integers(1, 50), min_size=2))
def test_arms_have_about_their_weight(split: dict[str, int]) -> None:
    """Every person is in one arm, and an arm's share is about its weight."""
    found = arms(split)
    for arm, weight in split.items():
        assert abs(found.count(arm) / len(found) - weight / sum(split.values())) < 0.05


def test_segments_are_split_independently() -> None:
    """The arm in one segment says nothing about the arm in another."""
    pairs = list(zip(arms({"a": 1, "b": 1}, "x"), arms({"a": 1, "b": 1}, "y"), strict=True))
    assert 400 < pairs.count(("a", "a")) < 600


def test_without_split_there_is_no_arm_and_no_holdout() -> None:
    """A segment that is not split sends everybody."""
    assert "false" == holdout_sql({}, "vip")
    assert [(None,)] == ENGINE.run(f"select {arm_sql({}, 'vip')}")
