"""What can be set is documented."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel

from hub.sdk.settings import AudienceSettings, Settings, SourceSettings
from hub.settings import RESERVED, ConnectorModels, load, shape
from tests.support.settings import project

DOCS = Path(__file__).parents[3] / "docs" / "configuration.md"


def settings_of(model: type[BaseModel]) -> Iterator[str]:
    """Yield the keys of a model and of every model in it."""
    for key, info in shape.keys(shape.kinds(model)).items():
        yield key
        for kind in _models(shape.kinds(info.annotation)):
            yield from settings_of(kind)
    for kind in _models(shape.child(shape.kinds(model), "any")):
        yield from settings_of(kind)


def _models(here: shape.Kinds) -> Iterator[type[BaseModel]]:
    inner = [*here, *shape.child(here, 0)]
    yield from (kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel))


@pytest.mark.parametrize("model", [*RESERVED.values(), SourceSettings, AudienceSettings])
def test_every_key_is_documented(model: type[BaseModel]) -> None:
    """Each key of each file stands in docs/configuration.md, as `key` or as a table."""
    text = DOCS.read_text()
    assert [
        key for key in settings_of(model) if f"`{key}`" not in text and not re.search(rf"\[+{key}[\].]", text)
    ] == []


class Anything(Settings):
    """Keys of the connector in the documents' example."""

    api_key: str


def test_the_examples_load(tmp_path: Path) -> None:
    """The files shown in the documents are valid together, once the segment and tools that they name exist."""
    shown = re.findall(r"## (\w+)\.toml\n\n```toml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    files: Mapping[str, str] = dict(shown)
    connection = re.findall(r"## A connection\n\n```toml\n(.*?)```", DOCS.read_text(), re.DOTALL)[0]
    complaint = '[segment.open_complaint]\nwhere = "csat <= 2"\n'
    models = {"mailchimp": ConnectorModels(Anything, SourceSettings, Target, ("messages",))}
    plain = '[connection]\nconnector = "mailchimp"\napi_key = "x"\n'
    all_files = {
        **files,
        "segments": files["segments"] + complaint,
        "mailchimp": connection,
        "shop": plain,
        "tills": plain,
    }
    settings = load(project(tmp_path, all_files), models, {"MAILCHIMP_API_KEY": "made-up-value"})
    assert set(RESERVED) == {stem for stem, _ in shown}
    assert tomllib.loads(connection)["audience"][0]["name"] in settings.audiences()


class Target(Settings):
    """Keys of the target in the documents' example."""

    list: str
    tag: str
