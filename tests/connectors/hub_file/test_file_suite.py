"""The destination does what every destination must do, as far as a folder can be a vendor."""

import csv
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp

from hub.sdk.records import Json
from hub.sdk.sandbox import DestinationSandbox
from hub.testing import DESK_CHECKS, destination_suite
from hub_file import FileDestination


class Folder(DestinationSandbox):
    """A folder with one list; nothing is asked over the network."""

    name = "folder"
    writes = ("-", "-")
    field = "NAME"
    folder = ""

    def connection(self) -> Mapping[str, Json]:
        """Return the folder, which is new for every sandbox."""
        self.folder = self.folder or mkdtemp(prefix="hub-suite-")
        return {"folder": self.folder}

    def refused(self) -> Mapping[str, Json]:
        """Return a folder that cannot be."""
        return {"folder": "/dev/null/folder"}

    def expire(self) -> None:
        """Do nothing: a folder has no key."""

    def target(self) -> Mapping[str, Json]:
        """Name the file."""
        return {"path": "list.csv"}

    def members(self) -> set[str]:
        """Return who stands in the file."""
        return set(self._rows())

    def value(self, wire: str) -> Json:
        """Return the name beside an address."""
        return self._rows()[wire]

    def opt_out(self, wire: str) -> None:
        """Nobody can unsubscribe from a file."""

    def delete_list(self) -> None:
        """Delete the file."""
        self._file.unlink()

    def state(self) -> Json:
        """Return the list."""
        return dict(self._rows())

    def put_on(self, wire: str) -> None:
        """Write a line by hand."""
        self._write({**self._rows(), wire: ""})

    def take_off(self, wire: str) -> None:
        """Delete a line by hand."""
        self._write({each: name for each, name in self._rows().items() if each != wire})

    @property
    def _file(self) -> Path:
        self.connection()
        return Path(self.folder) / "list.csv"

    def _rows(self) -> dict[str, str]:
        if not self._file.exists():
            return {}
        with self._file.open(encoding="utf-8", newline="") as lines:
            return {row["email"]: row["NAME"] for row in csv.DictReader(lines)}

    def _write(self, rows: Mapping[str, str]) -> None:
        with self._file.open("w", encoding="utf-8", newline="") as lines:
            csv.writer(lines).writerows([("email", "NAME"), *rows.items()])


_NO_NETWORK = "there is no request that could be lost, refused or too fast"
_NOBODY_LEAVES = "nobody can unsubscribe from a file, and a file refuses nobody"
_TROUBLE = [name for name, each in DESK_CHECKS.items() if each.__module__.endswith(".trouble")]
_REFUSALS = [name for name, each in DESK_CHECKS.items() if each.__module__.endswith(".verdicts")]
WITHOUT = {
    **dict.fromkeys(_TROUBLE, _NO_NETWORK),
    **dict.fromkeys(_REFUSALS, _NOBODY_LEAVES),
    "who_opted_out_stays_out": _NOBODY_LEAVES,
    "who_opted_out_can_be_removed": _NOBODY_LEAVES,
    "drift_is_seen": _NOBODY_LEAVES,
    "a_refused_row_names_nobody": _NOBODY_LEAVES,
    "credentials_that_expire_cost_nobody": "a folder has no key",
    "credentials_that_expire_in_the_middle_cost_nobody": "a folder has no key",
    "the_list_is_what_is_wanted_after_any_history": "its histories hold people who unsubscribe",
}

TestFileDestination = destination_suite(FileDestination, sandbox=Folder, without=WITHOUT)
