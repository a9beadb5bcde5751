"""The destination `example`: lists of customers, by e-mail."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from hub.scaffold.destination.client import Client
from hub.scaffold.destination.settings import ExampleSettings, ExampleTarget
from hub.sdk.connector import Capabilities, Context, Destination
from hub.sdk.errors import ConfigError, HubError, StopConnection
from hub.sdk.records import Answer, Batch, Fact, Json, Observed, Outcome, Row, Suppression, Target, Verdict
from hub.sdk.settings import AudienceSettings

_OUTCOMES: Mapping[Json, Outcome] = {
    "added": "present",
    "removed": "absent",
    "unsubscribed": "suppressed",
    "invalid": "rejected",
}


class ExampleDestination(Destination[ExampleSettings, ExampleTarget]):
    """Keeps lists equal to audiences."""

    name = "example"
    settings_model = ExampleSettings
    target_model = ExampleTarget
    capabilities: ClassVar = Capabilities(
        address_by=("email",),
        wire={"email": "lower(value)"},
        batch_rows=100,
        evidence="row",
        settles_within=timedelta(minutes=5),
        read_back="full",
    )

    def __init__(self, settings: ExampleSettings, context: Context) -> None:
        super().__init__(settings, context)
        self.client = Client(settings)

    def check(self) -> Iterable[Fact]:
        """Say who we are."""
        try:
            yield Fact("ok", f"authenticated as {self.client.account()}")
        except HubError as error:
            yield Fact("error", str(error))

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """One list."""
        if not isinstance(audience.target, ExampleTarget):
            raise ConfigError(f'audience "{audience.name}" names no list.', hint='Give target = { list = "..." }.')
        return [Target(f"list/{audience.target.list}", "membership", fields=True)]

    def open(self, target: Target, audience: AudienceSettings, plan_id: str, total: int) -> Json:  # noqa: ARG002 - the contract
        """Find or make the list; the handle is its id."""
        return self.client.list_id(target.key.removeprefix("list/"))

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:  # noqa: ARG002 - the contract
        """Add or remove the batch's people, and judge by what the vendor says of each."""
        if not isinstance(handle, str):
            raise StopConnection("the list's id is missing.", hint="This is an error of the hub.")
        results = self.client.change(handle, [_change(batch, row) for row in batch.rows], batch.id)
        said = {result.get("email"): result.get("status") for result in results}
        wires = [row.wire["email"] for row in batch.rows]
        return [_verdict(index, said[wire]) for index, wire in enumerate(wires) if wire in said]

    def read_back(self, target: Target, handle: Json) -> Iterator[Observed]:  # noqa: ARG002 - the contract
        """Yield who is on the list."""
        return (Observed({"email": str(each.get("email"))}, "present") for each in self.client.members(str(handle)))


def _change(batch: Batch, row: Row) -> Mapping[str, Json]:
    op = "remove" if batch.op == "remove" else "add"
    return {"op": op, "email": row.wire["email"], "fields": dict(row.fields)}


def _verdict(index: int, status: Json) -> Verdict:
    """Judge by a status; one that nobody knows leaves us not knowing."""
    outcome = _OUTCOMES.get(status, "unknown")
    opted_out = Suppression("email", "marketing") if outcome == "suppressed" else None
    return Verdict(index, outcome, code="" if outcome in ("present", "absent") else str(status), suppression=opted_out)
