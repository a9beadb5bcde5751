"""What the program offers, the documentation names; what the documentation promises, the program has."""

import re
from functools import cache
from pathlib import Path
from typing import get_args

import pluggy
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hub.registry import load_plugins
from hub.sdk import hookspecs
from hub.sdk.settings import AudienceSettings, SourceSettings
from hub.settings import RESERVED, shape
from tests.support.cli import PAGE, page

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("connectors/**/README.md")])


@cache
def documentation() -> str:
    """Every page of the documentation in one text."""
    return "\n".join(path.read_text(encoding="utf-8") for path in PAGES)


def hooks() -> list[str]:
    """Names of all hooks."""
    manager = pluggy.PluginManager("hub")
    manager.add_hookspecs(hookspecs)
    return sorted(name for name in vars(manager.hook) if name.startswith("hub_"))


def keys(annotation: object) -> set[str]:
    """Every key that a model takes, those of tables within it too."""
    found: dict[str, FieldInfo] = {}
    for kind in _kinds(annotation):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= shape.fields(kind)
    return set(found).union(*(keys(info.annotation) for info in found.values()))


def _kinds(annotation: object) -> list[object]:
    found = list(shape.kinds(annotation))
    return [*found, *(inner for kind in found for part in get_args(kind) for inner in _kinds(part))]


def test_page_of_commands_is_what_the_program_says() -> None:
    """docs/commands.md is regenerated: python tests/support/cli.py."""
    assert page() == PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", hooks())
def test_every_hook_is_documented(hook: str) -> None:
    """Each hook of the contract stands in the documentation."""
    assert hook in documentation()


@pytest.mark.parametrize("stem", sorted(RESERVED))
def test_every_key_of_common_files_is_documented(stem: str) -> None:
    """Each key of hub, identity, segments, stages and traits files stands in the documentation as code."""
    assert {key for key in keys(RESERVED[stem]) if not _as_code(key)} == set()


@pytest.mark.parametrize("model", [SourceSettings, AudienceSettings])
def test_every_common_key_of_connections_is_documented(model: type[BaseModel]) -> None:
    """Each key that every source and every audience has stands in the documentation."""
    assert {key for key in keys(model) if not _as_code(key)} == set()


@pytest.mark.parametrize("name", sorted(load_plugins(None).connectors()))
def test_every_connector_has_a_page_with_its_keys(name: str) -> None:
    """A connector's README names each key of its own; the top README leads to it."""
    models = load_plugins(None).connectors()[name]
    page = Path("connectors", *models.settings_model.__module__.split(".")[:-1], "README.md")
    text = (ROOT / page).read_text(encoding="utf-8")
    own = [model for model in (models.settings_model, models.source_model, models.target_model) if model]
    wanted = set().union(*(keys(model) for model in own)) - set(SourceSettings.model_fields)
    assert {key for key in wanted if not re.search(rf"\b{key}\b", text)} == set()
    assert str(page) in (ROOT / "README.md").read_text(encoding="utf-8")


def _as_code(key: str) -> bool:
    return re.search(rf"(`[^`\n]*\b{key}\b[^`\n]*`)|(^ *(# )?\[*{key}\b.*)", documentation(), re.MULTILINE) is not None


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link of a page names a file that is there."""
    text = path.read_text(encoding="utf-8")
    assert [link for link in LINK.findall(text) if not (path.parent / link).exists()] == []


def test_readme_has_the_two_commands() -> None:
    """.ci/run reads them from the README, so there must be exactly two."""
    commands = re.findall(
        r"^ *(python3 -m venv \.venv && .*?)(?: +#.*)?$", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    assert commands == [
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/hub demo",
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest",
    ]
