"""The simulated tools of the demo, as `demo.toml` names them."""

import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from hub.demo.projects import HERE, write_env
from hub.registry import load_plugins
from hub.sdk.sandbox import Sandbox


class Played(BaseModel):
    """One `[[sandbox]]`; `{url}` in `env` stands for its address."""

    model_config = ConfigDict(extra="forbid")

    name: str
    size: int = 0
    env: dict[str, str]


class Scene(BaseModel):
    """`demo.toml`."""

    model_config = ConfigDict(extra="forbid")

    as_of: str
    sandbox: list[Played]


def load_scene() -> Scene:
    """Read what the demo plays."""
    return Scene.model_validate(tomllib.loads((HERE / "demo.toml").read_text(encoding="utf-8")))


@contextmanager
def simulated(folder: Path, scene: Scene) -> Iterator[list[Sandbox]]:
    """Serve the scene's tools on real sockets while the block runs, and write their addresses and keys to `.env`."""
    known = load_plugins(None).sandboxes
    env: dict[str, str] = {}
    with ExitStack() as stack:
        boxes: list[Sandbox] = []
        for played in scene.sandbox:
            boxes.append(stack.enter_context(known[played.name](size=played.size)))
            env |= {name: value.replace("{url}", boxes[-1].url) for name, value in played.env.items()}
        write_env(folder, env)
        yield boxes
