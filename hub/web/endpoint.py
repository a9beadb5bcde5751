"""`data/endpoint.json`: where the process that holds the lock can be asked. A hint; the lock is the truth."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hub.lake.durable import published

NAME = "endpoint.json"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Address, secret and process of a serving hub."""

    url: str
    token: str = field(repr=False)
    pid: int

    def write(self, data: Path) -> None:
        """Publish it in the project's `data/` folder, readable by the owner alone from its first byte on."""
        with published(data / NAME) as partial:
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(asdict(self), file)

    @classmethod
    def read(cls, data: Path) -> "Endpoint | None":
        """Return the published endpoint; None when there is none or it cannot be read."""
        try:
            found = json.loads((data / NAME).read_text(encoding="utf-8"))
            return cls(url=str(found["url"]), token=str(found["token"]), pid=int(found["pid"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @staticmethod
    def remove(data: Path) -> None:
        """Take it away when serving ends."""
        (data / NAME).unlink(missing_ok=True)
