"""Walk 5, Meta as a destination: hashes, sessions, and counts instead of answers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from hub.sdk.connector import Capabilities, Destination
from hub.sdk.errors import StopConnection
from hub.sdk.records import Accepted, Answer, Batch, Fact, Json, Row, Target
from hub.sdk.settings import AudienceSettings, NoTarget
from tests.support.walks.accounts import AccountSettings
from tests.support.walks.vendor_meta import AUDIENCES, Cells, CustomAudience

SCHEMA = ("email", "phone")


class MetaDestination(Destination[AccountSettings, NoTarget]):
    """One custom audience."""

    name = "walk_meta"
    settings_model = AccountSettings
    capabilities: ClassVar = Capabilities(
        address_by=SCHEMA,
        wire={"email": "sha256(value)", "phone": "sha256(substr(value, 2))"},  # digits without the plus
        batch_rows=3, settles_within=timedelta(hours=24), evidence="none",
    )  # fmt: skip

    def check(self) -> Iterable[Fact]:
        """Say that it is there; how many it holds is not told exactly."""
        yield Fact("ok", "Custom audience found.")

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """An audience is a membership by hashes; there is no contact."""
        return [Target(f"audience/{audience.name}", "membership")]

    def open(self, target: Target, audience: AudienceSettings, plan_id: str, total: int) -> Json:
        """Begin a session; its number must survive a crash, so that it can be closed."""
        del target, audience, plan_id, total
        return {"session": self._audience.begin()}

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        """Send rows of equal length; the answer is a count."""
        del target
        op, data = "DELETE" if batch.op == "remove" else "POST", [_cells(row) for row in batch.rows]
        received = self._audience.users(_session(handle), batch.sequence, op, data, last=batch.last)
        return Accepted(counts={"received": received})

    def close(self, target: Target, handle: Json) -> None:
        """End the session, however far it came."""
        del target
        self._audience.end(_session(handle))

    @property
    def _audience(self) -> CustomAudience:
        return AUDIENCES[self.settings.account]


def _cells(row: Row) -> Cells:
    return tuple(row.wire.get(name, "") for name in SCHEMA)


def _session(handle: Json) -> int:
    if isinstance(handle, Mapping):
        return int(str(handle["session"]))
    raise StopConnection("There is no session.")
