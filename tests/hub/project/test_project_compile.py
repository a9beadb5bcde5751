"""Rules, traits, stages and fields are checked before anything runs, and put in a working order."""

from pathlib import Path

import pytest

from hub.project import Compiled, load_settings
from hub.project.compile import compile_project
from hub.sdk.errors import ConfigError
from tests.support.project import make_shop

LIST = """
    [connection]
    connector = "list"

    [[audience]]
    name = "news"
    segment = "all"
    fields = {{ NAME = "{field}" }}
"""


def compiled(root: Path, **files: str) -> Compiled:
    """Compile a project that has these files beside the usual."""
    make_shop(root, **files)
    settings, plugins = load_settings(root)
    return compile_project(settings, plugins.traits, plugins.stages)


def refusal(root: Path, **files: str) -> str:
    """Compile a project that must be refused; return the message."""
    with pytest.raises(ConfigError) as caught:
        compiled(root, **files)
    return str(caught.value)


def test_an_unknown_trait_is_refused_with_file_line_and_the_nearest(tmp_path: Path) -> None:
    """The message says where the rule stands and what may have been meant."""
    message = refusal(tmp_path, segments='[segment.vip]\n\nwhere = "monetary_totl > 5"\n')
    assert message.startswith('config/segments.toml:3: No trait "monetary_totl".')
    assert "monetary_total" in message


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"segments": "[segment.a]\nwhere = \"read_csv('/etc/passwd')\"\n"}, "config/segments.toml:2:"),
        ({"segments": "[segment.a]\nwhere = \"in_segment('b')\"\n"}, 'No segment "b"'),
        ({"segments": "[segment.a]\nwhere = \"in_segment('a')\"\n"}, "circle"),
        ({"segments": '[segment.a]\nwhere = "orders + 1"\n'}, "config/segments.toml:2:"),
        ({"stages": '[[stage]]\nname = "x"\nwhen = "nowhere"\n'}, 'config/stages.toml:3: No trait "nowhere"'),
        ({"traits": '[city]\nvalue = "orders"\n'}, 'config/traits.toml:1: a trait cannot be called "city"'),
        ({"traits": '[as_of]\nvalue = "orders"\n'}, 'a trait cannot be called "as_of"'),
        ({"traits": '[order]\nvalue = "orders"\n'}, 'a trait cannot be called "order": it is a word of SQL'),
        ({"traits": '[left]\nfrom = "orders"\nvalue = "count(*)"\n'}, 'a trait cannot be called "left"'),
        ({"traits": '[a]\nvalue = "b"\n[b]\nvalue = "a"\n'}, "in a circle: a, b"),
        ({"traits": '[a]\nvalue = "a + 1"\n'}, "config/traits.toml:2:"),
        ({"traits": '[a]\nvalue = "stage"\n'}, 'No trait "stage"'),
        ({"traits": '[a]\nfrom = "orders"\nvalue = "sum(totl)"\n'}, "config/traits.toml:3:"),
        ({"traits": '[a]\nfrom = "orders"\nvalue = "total"\n'}, "config/traits.toml:3:"),
        (
            {"segments": '[segment.all]\nwhere = "true"\n', "letters": LIST.format(field="frist_name")},
            'config/letters.toml:7: No trait "frist_name"',
        ),
    ],
)
def test_what_cannot_run_is_refused_at_its_place(tmp_path: Path, files: dict[str, str], said: str) -> None:
    """Each mistake in a definition is found before anything runs, with the place and the reason."""
    assert said in refusal(tmp_path, **files)


def test_a_stage_may_use_a_segment_but_not_one_that_looks_at_the_stage(tmp_path: Path) -> None:
    """Stages build on segments or segments on stages, never in a circle, not even through a third."""
    message = refusal(
        tmp_path,
        segments="""
            [segment.fans]
            where = "in_segment('rewarded')"
            [segment.rewarded]
            where = "stage = 'fan'"
        """,
        stages='[[stage]]\nname = "fan"\nwhen = "in_segment(\'fans\')"\n',
    )
    assert "config/stages.toml" in message
    assert 'the stages build on segment "rewarded", and it builds on the stage' in message


def test_segments_and_stage_are_ordered_by_what_they_build_on(tmp_path: Path) -> None:
    """What the stage needs comes before it, what needs the stage after it."""
    found = compiled(
        tmp_path,
        segments="""
            [segment.a_last]
            where = "stage = 'fan'"
            [segment.b_outer]
            where = "in_segment('c_inner')"
            [segment.c_inner]
            where = "orders >= 1"
        """,
        stages='[[stage]]\nname = "fan"\nwhen = "in_segment(\'b_outer\')"\n',
    )
    assert ("c_inner", "b_outer", "stage", "a_last") == found.order


def test_traits_may_be_written_in_any_order(tmp_path: Path) -> None:
    """A trait may build on one that comes later in the file, in any letters."""
    found = compiled(tmp_path, traits='[a_double]\nvalue = "2 * B_Single"\n[b_single]\nvalue = "orders"\n')
    names = [item.trait.name for item in found.derived]
    assert names.index("b_single") < names.index("a_double")


def test_a_name_in_quotes_or_comments_is_no_dependency(tmp_path: Path) -> None:
    """Texts and comments that happen to be names of traits make no circle."""
    traits = """
        [size]
        value = "case when weight > 5 then 'big' else 'weight' end"
        [weight]
        value = \"\"\"orders -- not the size
        + length('size')\"\"\"
    """
    assert "size" in [item.trait.name for item in compiled(tmp_path, traits=traits).derived]


def test_a_projects_trait_wins_over_a_plugins(tmp_path: Path) -> None:
    """What the project defines replaces the plugin's definition of the same name."""
    found = compiled(tmp_path, traits='[orders]\nfrom = "orders"\nvalue = "count(*)"\ndescription = "mine"\n')
    assert "mine" == found.catalogue.traits["orders"].description
    assert 1 == [trait.name for trait in found.own].count("orders")


@pytest.mark.parametrize(
    ("value", "empty"),
    [("count(*)", "0"), ("SUM(total)", "0"), (" count ( * )", "0"), ("max(total)", "null"), ("avg(total)", "null")],
)
def test_people_without_rows_count_nought_and_have_no_other_answer(tmp_path: Path, value: str, empty: str) -> None:
    """Counts and sums are 0 for people without rows; any other aggregate has no answer."""
    found = compiled(tmp_path, traits=f'[mine]\nfrom = "orders"\nvalue = "{value}"\n')
    assert [empty] == [getattr(trait, "empty", None) for trait in found.own if trait.name == "mine"]


def test_own_stages_replace_all_of_the_plugins(tmp_path: Path) -> None:
    """With a stage in stages.toml, none of the plugin's hold, and its advice is kept."""
    found = compiled(tmp_path, stages='[[stage]]\nname = "fan"\nwhen = "orders > 1"\ndo = "Reward"\n')
    assert ({"fan": "Reward"}, ["fan"]) == (found.described, [stage.name for stage in found.stages])


def test_fields_may_name_the_arm_of_the_split(tmp_path: Path) -> None:
    """`split_arm` can be written into a tool's field, so that results are told apart there."""
    found = compiled(tmp_path, segments='[segment.all]\nwhere = "true"\n', letters=LIST.format(field="split_arm"))
    assert {"news": {"NAME": '"split_arm"'}} == {
        name: {field: each.sql for field, each in fields.items()} for name, fields in found.fields.items()
    }
