"""Make a project directory: `hub init` an empty one, `hub demo` one with data and a simulated tool."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from hub.sdk.errors import ConfigError

HERE = Path(__file__).parent
MARK = ".hub-demo"
KEY = "key"
IGNORED = "/data/\n/.env\n/output/\n"


def make_project(folder: Path) -> None:
    """Write the files of an empty project.

    Raises:
        ConfigError: there is a project already.
    """
    if (folder / "config").exists():
        raise ConfigError("there is a project already.", where=str(folder), hint="Add a tool: hub add CONNECTOR.")
    shutil.copytree(HERE / "starter", folder / "config")
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / ".gitignore").write_text(IGNORED, encoding="utf-8")


def make_demo(folder: Path) -> bool:
    """Write the demo's project, or make it ready once more; return whether it was there.

    A demo that is there keeps its config, edited or not, and its installation key, so that people keep their ids and
    arms. The rest of `data/` is begun anew: the simulated tool forgets its lists when it stops, and the hub must not
    believe in lists that are gone.

    Raises:
        ConfigError: the folder holds something else.
    """
    again = (folder / MARK).exists()
    if not again and folder.exists() and any(folder.iterdir()):
        raise ConfigError("the folder is not empty, and no demo made it.", where=str(folder), hint="hub demo OTHER")
    if again:
        _forget(folder)
    else:
        _copy(folder)
    return again


def _forget(folder: Path) -> None:
    for path in [*(folder / "data").glob("*"), *(folder / "output").glob("*")]:
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != KEY:
            path.unlink()


def _copy(folder: Path) -> None:
    shutil.copytree(HERE / "config", folder / "config")
    shutil.copytree(HERE / "data", folder / "input")
    (folder / "plugins").mkdir()
    (folder / ".gitignore").write_text(IGNORED, encoding="utf-8")
    (folder / MARK).write_text("hub demo made this folder; without this file it will not begin it anew.\n")


def write_env(folder: Path, values: Mapping[str, str]) -> None:
    """Write `.env`, readable by the owner alone."""
    path = folder / ".env"
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")
