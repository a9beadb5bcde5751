"""Plugins are found one by one: what works is offered, what is broken is named and hurts nobody else."""

# ruff: noqa: E501 - messages stand in one line, as users see them

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import TypedDict

import pytest

from hub.registry import Broken, Plugins, load_plugins
from hub.sdk.errors import BrokenPlugin

HEAD = """
from datetime import timedelta
from hub.sdk.connector import Capabilities, Destination, Source
from hub.sdk.hookspecs import hookimpl
from hub.sdk.sandbox import Sandbox
from hub.sdk.settings import Settings, SourceSettings
from hub.sdk.traits import AggregateTrait, DerivedTrait, QueryTrait, RankTrait, Stage


class Loyalty(Source):
    name = "loyalty"
    streams = ("people", "orders")

    def check(self):
        return []

    def read(self, streams, since):
        return iter(())


class CustomerIo(Destination):
    name = "customer_io"
    capabilities = Capabilities(
        address_by=("email",), batch_rows=500, settles_within=timedelta(minutes=10), evidence="row"
    )

    def check(self):
        return []

    def targets(self, audience):
        return []

    def push(self, target, handle, batch):
        return []


class Box(Sandbox):
    name = "box"

    def state(self):
        return {}

"""
HOOKS = """
@hookimpl
def hub_sources():
    return [Loyalty]


@hookimpl
def hub_destinations():
    return [CustomerIo]


@hookimpl
def hub_sandboxes():
    return [Box]


@hookimpl
def hub_traits():
    return [RankTrait("loyalty_score", "Points in fifths", "points")]


@hookimpl
def hub_stages():
    return [Stage("fan", "points > 100")]
"""


def load(folder: Path, files: Mapping[str, str]) -> Plugins:
    """Load a project's single files, beside what is installed."""
    plugins = folder / "plugins"
    plugins.mkdir(exist_ok=True)
    for name, text in files.items():
        (plugins / f"{name}.py").write_text(text)
    return load_plugins(plugins)


def reason(folder: Path, text: str) -> str:
    """Return why one single file is broken."""
    own = [broken for broken in load(folder, {"mine": text}).broken if broken.where == "plugins/mine.py"]
    assert [broken.name for broken in own] == ["mine"]
    return own[0].reason


def test_a_single_file_contributes_through_every_hook(tmp_path: Path) -> None:
    """One file may bring a source, a destination, a sandbox, traits and stages."""
    plugins = load(tmp_path, {"mine": HEAD + HOOKS})
    assert [broken for broken in plugins.broken if broken.stops] == []
    assert [
        plugins.sources["loyalty"].__name__,
        plugins.destinations["customer_io"].__name__,
        plugins.sandboxes["box"].__name__,
    ] == ["Loyalty", "CustomerIo", "Box"]
    assert "loyalty_score" in [trait.name for trait in plugins.traits]
    assert "fan" in [stage.name for stage in plugins.stages]
    assert ("mine", "plugins/mine.py") in [(plugin.name, plugin.where) for plugin in plugins.loaded]


def test_connectors_are_described_for_the_settings(tmp_path: Path) -> None:
    """Settings learn which models, streams and addresses a connector has; what it cannot do is None."""
    connectors = load(tmp_path, {"mine": HEAD + HOOKS}).connectors()
    loyalty, customer_io = connectors["loyalty"], connectors["customer_io"]
    assert (loyalty.target_model, loyalty.streams, loyalty.address_by) == (None, ("people", "orders"), ())
    assert (customer_io.source_model, customer_io.streams, customer_io.address_by) == (None, (), ("email",))
    assert loyalty.source_model is not None
    assert customer_io.target_model is not None


def test_every_built_in_plugin_is_whole() -> None:
    """What this package brings declares itself as the hub wants it, so that none is left out in silence."""
    assert {} == load_plugins(None).reasons()


def test_no_folder_means_installed_plugins_alone() -> None:
    """The hub's own connectors and plugins come in by the same door as everybody's."""
    assert {"lifecycle", "rfm"} <= {plugin.name for plugin in load_plugins(None).loaded}


def test_tests_and_helpers_beside_plugins_are_not_loaded(tmp_path: Path) -> None:
    """An author's test and files that begin with an underscore are left alone."""
    plugins = load(tmp_path, {"test_mine": "raise SystemExit", "_part": "raise SystemExit", "conftest": "1/0"})
    assert [broken for broken in plugins.broken if broken.stops] == []


def test_a_misspelt_hook_is_named_with_the_nearest(tmp_path: Path) -> None:
    """A hook that the contract does not have stops every command that moves data."""
    plugins = load(tmp_path, {"mine": HEAD + HOOKS.replace("hub_sources", "hub_sorces")})
    broken = Broken("mine", "plugins/mine.py", 'unknown hook "hub_sorces". Did you mean "hub_sources"?', stops=True)
    assert broken in plugins.broken
    with pytest.raises(BrokenPlugin) as caught:
        plugins.require_whole()
    expected = 'plugins/mine.py: unknown hook "hub_sorces". Did you mean "hub_sources"? Nothing was run.'
    assert expected == str(caught.value)


def test_whole_plugins_stop_nothing(tmp_path: Path) -> None:
    """With nothing broken of the project's own, commands go on."""
    load(tmp_path, {"mine": HEAD + HOOKS}).require_whole()


IMPORTS = [
    ("import nothing_of_the_kind", "ModuleNotFoundError: No module named 'nothing_of_the_kind' (mine.py:1)"),
    ("import sys\nsys.exit(3)", "SystemExit: 3 (mine.py:2)"),
    ("x = 1\ny = x / 0", "ZeroDivisionError: division by zero (mine.py:2)"),
    ("def broken(:", "SyntaxError: invalid syntax (mine.py, line 1)"),
    ("x = 1", "implements no hook. Known hooks: hub_sources, hub_destinations, hub_sandboxes, hub_traits, hub_stages."),
    (
        "def hub_sources():\n    return []",
        "hub_sources is not marked. Write @hookimpl above it, from hub.sdk.hookspecs.",
    ),
]


@pytest.mark.parametrize(("text", "expected"), IMPORTS)
def test_a_file_that_fails_is_disabled(text: str, expected: str, tmp_path: Path) -> None:
    """Whatever a file does when it is loaded, it is its own fault, told with the line."""
    assert expected == reason(tmp_path, text)


RETURNS = [
    ("hub_sources", "return [Loyalty, 5]", "expected a subclass of Source, got a value of type int."),
    ("hub_sources", "return Loyalty", "hub_sources must return a list, got ABCMeta."),
    ("hub_sources", "return [CustomerIo]", "expected a subclass of Source, got CustomerIo."),
    ("hub_sources", "return [Loyalty, Loyalty]", 'source "loyalty" is there twice.'),
    ("hub_traits", "raise OSError('no')", "OSError: no (mine.py:46)"),
    ("hub_traits", "return [Stage('a', 'true')]", "expected a trait, got a value of type Stage."),
    (
        "hub_traits",
        "return [AggregateTrait('a', 'number', '', 'order', 'count(*)')]",
        'trait "a": unknown stream "order". Did you mean "orders"?',
    ),
    (
        "hub_traits",
        "return [DerivedTrait('a', 'float', '', '1')]",
        "trait \"a\": type must be one of boolean, integer, number, text, timestamp, date, got 'float'.",
    ),
    ("hub_traits", "return [RankTrait('a', '', 'x', 1)]", 'trait "a": groups must be at least 2, got 1.'),
    ("hub_stages", "return [Stage('a', ' ')]", 'stage "a": when is empty. Use "true" for everybody.'),
]


@pytest.mark.parametrize(("hook", "body", "expected"), RETURNS)
def test_what_a_hook_returns_is_checked(hook: str, body: str, expected: str, tmp_path: Path) -> None:
    """A hook that returns something else, or raises, is explained."""
    assert expected == reason(tmp_path, f"{HEAD}\n@hookimpl\ndef {hook}():\n    {body}\n")


DECLARATIONS = [
    (
        "settles_within=timedelta(minutes=10), ",
        "",
        "CustomerIo: settles_within is missing: how long may an accepted add stay invisible? Unknown answers cannot be settled without it. Example: timedelta(minutes=10).",
    ),
    (
        '    name = "customer_io"\n',
        "",
        'CustomerIo: name is missing: what do users write in their files? Example: name = "customer_io".',
    ),
    (
        '"customer_io"',
        '"Customer.io"',
        "CustomerIo: name must be lower-case letters, digits and underscores, got 'Customer.io'.",
    ),
    ('"customer_io"', '"stages"', 'CustomerIo: name "stages" is taken by the file stages.toml of every project.'),
    (
        '("people", "orders")',
        '("people", "order")',
        'Loyalty: unknown stream "order". Did you mean "orders"?',
    ),
    (
        'streams = ("people", "orders")',
        "pass",
        'Loyalty: streams is missing: which streams can it fill? Example: streams = ("people", "orders").',
    ),
    (
        '("people", "orders")',
        '"people"',
        'Loyalty: streams must be a tuple such as ("people",), got a value of type str.',
    ),
    ("batch_rows=500", "batch_rows=0", "CustomerIo: batch_rows must be a whole number of at least 1, got 0."),
    (
        "timedelta(minutes=10)",
        '"10 minutes"',
        "CustomerIo: settles_within must be a timedelta that is not negative or zero, got '10 minutes'.",
    ),
    ('evidence="row"', 'evidence="rows"', "CustomerIo: evidence must be one of row, request, none, got 'rows'."),
    (
        'address_by=("email",)',
        "address_by=()",
        'CustomerIo: address_by must be a tuple of at least one name such as ("email",), got ().',
    ),
    (
        'evidence="row"',
        'evidence="row", wire={"phone": "value"}',
        'CustomerIo: wire has "phone", which is not in address_by (email).',
    ),
    (
        "    def push(self, target, handle, batch):\n        return []\n",
        "",
        "CustomerIo: push is missing: Send one batch, once, and say what became of its rows; rows without a verdict count as unknown.",
    ),
    (
        "    capabilities = Capabilities(",
        "    something = Capabilities(",
        'CustomerIo: capabilities is missing: what can the tool do? Example: capabilities = Capabilities(address_by=("email",), batch_rows=500, settles_within=timedelta(minutes=10), evidence="row").',
    ),
    (
        '    name = "customer_io"\n',
        '    name = "customer_io"\n    target_model = dict\n',
        "CustomerIo: target_model must be a subclass of Settings, got dict.",
    ),
    (
        '    name = "loyalty"\n',
        '    name = "loyalty"\n    source_model = Settings\n',
        "Loyalty: source_model must be a subclass of SourceSettings, got Settings.",
    ),
    (
        'class CustomerIo(Destination):\n    name = "customer_io"',
        'class Own(Settings):\n    pass\n\nclass CustomerIo(Destination):\n    settings_model = Own\n    name = "loyalty"',
        'Loyalty and CustomerIo are both "loyalty": they need the same settings_model.',
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), DECLARATIONS)
def test_declarations_are_checked(old: str, new: str, expected: str, tmp_path: Path) -> None:
    """Each missing or senseless declaration is named, with what it is for and an example."""
    assert old in HEAD
    assert expected == reason(tmp_path, HEAD.replace(old, new, 1) + HOOKS)


def test_two_plugins_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """The second plugin that brings a name is disabled, and the first is named."""
    plugins = load(tmp_path, {"a": HEAD + HOOKS, "b": HEAD + HOOKS})
    second = Broken("b", "plugins/b.py", 'connector "loyalty" is there already, from plugins/a.py.', stops=True)
    assert second in plugins.broken
    assert plugins.sources["loyalty"].__module__.endswith("_a")


def test_a_file_may_not_take_the_name_of_an_installed_plugin(tmp_path: Path) -> None:
    """A single file called like an installed plugin would hide one of them."""
    broken = [one.reason for one in load(tmp_path, {"rfm": HEAD + HOOKS}).broken if one.where == "plugins/rfm.py"]
    assert broken[0].startswith('plugin "rfm" is there already, from audience-hub')


def test_projects_do_not_share_their_files(tmp_path: Path) -> None:
    """Two projects may each have a file of the same name in one process."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    one, two = (load(folder, {"mine": HEAD + HOOKS}).sources["loyalty"] for folder in folders)
    assert one is not two
    assert one.__module__ != two.__module__


def test_dataclasses_and_models_work_in_single_files(tmp_path: Path) -> None:
    """Annotations kept as text are found, since the module is known by its name while it runs."""
    models = """
    class Own(Settings):
        pages: "Pages"

    class Pages(Settings):
        rows: int = 5

    Loyalty.settings_model = Own
    """
    text = "from __future__ import annotations\n" + HEAD + dedent(models) + HOOKS
    model = load(tmp_path, {"mine": text}).sources["loyalty"].settings_model
    assert model.model_validate({"pages": {}}).model_dump() == {"pages": {"rows": 5}}


INSTALLED = """
import json
from hub.registry import load_plugins
found = load_plugins(None)
print(json.dumps({
    "broken": {b.name: [b.where, b.reason, b.stops] for b in found.broken if "Fake" in b.where},
    "loaded": [p.where for p in found.loaded if "Fake" in p.where],
    "connectors": sorted(found.connectors()),
}))
"""


class Found(TypedDict):
    """What the other process prints."""

    broken: dict[str, list[str | bool]]
    loaded: list[str]
    connectors: list[str]


def installed(folder: Path, modules: Mapping[str, str]) -> Found:
    """Put a distribution with one entry point for each module on a new process's path and return what is found."""
    for name, text in modules.items():
        (folder / f"fake_{name}.py").write_text(text)
    info = folder / "fake_plugins-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: Fake-Plugins\nVersion: 1.2\n")
    points = "".join(f"{name} = fake_{name}\n" for name in modules)
    (info / "entry_points.txt").write_text(f"[hub]\n{points}gone = fake_gone\n")
    done = subprocess.run(
        [sys.executable, "-c", INSTALLED], env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=True
    )
    found: Found = json.loads(done.stdout)
    return found


def test_installed_plugins_are_isolated(tmp_path: Path) -> None:
    """Distributions that exit, fail to import, misspell or do not exist are listed, and the others work."""
    found = installed(
        tmp_path,
        {
            "works": HEAD + HOOKS,
            "exits": "raise SystemExit(1)",
            "fails": "import nothing_of_the_kind",
            "misspells": "from hub.sdk.hookspecs import hookimpl\n@hookimpl\ndef hub_source():\n    return []\n",
            "zclash": HEAD + HOOKS,
        },
    )
    expected: dict[str, list[str | bool]] = {
        "exits": ["Fake-Plugins 1.2, fake_exits", "SystemExit: 1 (fake_exits.py:1)", False],
        "fails": [
            "Fake-Plugins 1.2, fake_fails",
            "ModuleNotFoundError: No module named 'nothing_of_the_kind' (fake_fails.py:1)",
            False,
        ],
        "gone": ["Fake-Plugins 1.2, fake_gone", "ModuleNotFoundError: No module named 'fake_gone'", False],
        "misspells": [
            "Fake-Plugins 1.2, fake_misspells",
            'unknown hook "hub_source". Did you mean "hub_sources"?',
            True,
        ],
        "zclash": [
            "Fake-Plugins 1.2, fake_zclash",
            'connector "loyalty" is there already, from Fake-Plugins 1.2, fake_works.',
            False,
        ],
    }
    assert expected == found["broken"]
    assert found["loaded"] == ["Fake-Plugins 1.2, fake_works"]
    assert {"customer_io", "loyalty"} <= set(found["connectors"])
