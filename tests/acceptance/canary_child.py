"""The process that the canary lives in: serves a project and does what its arguments say, logging everything at debug.

    python canary_child.py ROOT SCENE...

Prints what an interface would: answers of the API, without those that show people on purpose.
"""

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from hub import logs
from hub.project import Project
from hub.web.server import Serving, serving
from tests.support.acceptance import CANARY


def say(*words: object) -> None:
    """Print."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")


class Asking:
    """The API as any program would use it, with the standard library."""

    def __init__(self, served: Serving) -> None:
        self._served = served

    def __call__(
        self, path: str, body: object = None, *, raw: bytes = b"", quiet: bool = False
    ) -> Mapping[str, object]:
        """Ask, print status and answer, and return the answer; `quiet` where it shows people on purpose."""
        data = raw or (None if body is None else json.dumps(body).encode())
        headers = {"Authorization": f"Bearer {self._served.endpoint.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self._served.endpoint.url + path, data, headers)  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request) as reply:  # noqa: S310 - loopback
                status, text = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            with error:
                status, text = error.code, error.read()
        if not quiet:
            say(path, status, text.decode())
        answer: Mapping[str, object] = json.loads(text)
        return answer

    def run(self, **wishes: object) -> None:
        """Run to the end, and print every event and the report."""
        number = self("/runs", {"as_of": "2026-03-01T00:00:00", **wishes})["run"]
        while not self(f"/runs/{number}/events", quiet=True)["finished"]:
            time.sleep(0.05)
        self(f"/runs/{number}/events")
        self(f"/runs/{number}")


def misuse(ask: Asking) -> None:
    """Ask what cannot be answered, with somebody's data in the question."""
    ask("/person", {"key": f"email:no.{CANARY.email}"})
    ask("/person", {"key": CANARY.phone})
    ask("/person", {"key": 7, "email": CANARY.email})
    ask("/person", raw=f'{{"key": "{CANARY.email}'.encode())
    ask("/why", {"key": f"email:{CANARY.email}", "segment": "nothing"})
    ask("/why", {"key": "nobody", "segment": "big"})
    ask("/plan", {"audience": "nothing"})
    ask("/export", {"what": "everything", "path": "never.csv"})
    ask("/check", {})
    ask("/status")
    ask("/segments")
    ask("/plan", {})
    ask("/preview", {"rule": "orders >= 1"})
    ask("/person", {"key": f"email:{CANARY.email}"}, quiet=True)
    ask("/why", {"key": f"email:{CANARY.email}", "segment": "big"}, quiet=True)
    ask("/quarantine", quiet=True)


def main(root: Path, scenes: list[str]) -> None:
    """Do the scenes in order."""
    logs.configure("debug", json=True, levels={"httpx": "debug", "httpcore": "debug", "hub": "debug"})
    logs.report_crashes()
    project = Project.open(root)
    try:
        with serving(project) as served:
            ask = Asking(served)
            for scene in scenes:
                if scene == "misuse":
                    misuse(ask)
                else:
                    ask.run(**json.loads(scene))
            for kind in ("cmdline", "environ"):
                say(kind, Path(f"/proc/self/{kind}").read_bytes())
    finally:
        project.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
