from pathlib import Path

import pytest

from hub.project import load_settings
from hub.project.compile import compile_project

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent.relative_to(ROOT) for path in ROOT.glob("examples/*/config"))


def test_there_are_examples() -> None:
    """The examples are found, so that the test below is about something."""
    assert Path("examples/online_retail") in EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_config_of_example_compiles(example: Path) -> None:
    """Every example's files are valid and every rule in them compiles, whether its data is there or not."""
    settings, plugins = load_settings(ROOT / example)
    compiled = compile_project(settings, plugins.traits, plugins.stages)
    assert set(settings.segments) == set(compiled.rules) != set()
