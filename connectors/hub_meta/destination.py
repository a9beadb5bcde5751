"""What the hub calls to keep custom audiences equal to audiences."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import ClassVar

from hub.sdk.connector import Capabilities, Context, Destination
from hub.sdk.errors import ConfigError, HubError
from hub.sdk.http import Response
from hub.sdk.records import Accepted, Answer, Batch, Fact, Json, Target
from hub.sdk.settings import AudienceSettings, need_consent
from hub_meta.audiences import audience_id
from hub_meta.client import Client
from hub_meta.settings import MetaSettings, MetaTarget
from hub_meta.wire import KEYS, VERSION, WIRE

CHANNEL = "ads"
_OPTIONS = "DATA_PROCESSING_OPTIONS"


class MetaDestination(Destination[MetaSettings, MetaTarget]):
    """One custom audience per audience. Meta tells how many it received and could not read, never who."""

    name = "meta"
    settings_model = MetaSettings
    target_model = MetaTarget
    capabilities: ClassVar = Capabilities(
        address_by=tuple(WIRE),
        wire=WIRE,
        wire_version=VERSION,
        batch_rows=10_000,
        evidence="request",
        settles_within=timedelta(hours=24),
        partition_by_consent=True,
    )

    def __init__(self, settings: MetaSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._client = Client(settings)

    def check(self) -> Iterable[Fact]:
        """Say which ad account it is, and whether it may be used."""
        try:
            found = self._client.get(f"/{self.settings.account}", {"fields": "name,account_status"}).json_object()
            yield Fact("ok", f"ad account {found.get('name')} ({self.settings.account})")
            if found.get("account_status") != 1:
                yield Fact("warning", f"the ad account is not active (status {found.get('account_status')})")
            count = sum(1 for _ in self._client.listed(f"/{self.settings.account}/customaudiences", {"fields": "id"}))
            yield Fact("ok", f"{count:,} custom audiences")
        except HubError as error:
            yield Fact("error", str(error))

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """Name the custom audience. Raises ConfigError for an audience that asks for no consent to ads."""
        target = _target(audience)
        need_consent(audience, CHANNEL, "Meta")
        return [Target(f"audience/{target.audience}", "membership")]

    def open(self, target: Target, audience: AudienceSettings, plan_id: str, total: int) -> Json:  # noqa: ARG002 - the contract
        """Find the custom audience, or make it; the handle is its id."""
        return audience_id(self._client, self.settings.account, _target(audience))

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:  # noqa: ARG002 - the contract
        """Send people by all that is known of them; each request is a session of its own."""
        sent, removal = frozenset().union(*(row.wire for row in batch.rows)), batch.op == "remove"
        names = [name for name in KEYS if name in sent]  # of all rows: the first one may lack what others have
        data = [[row.wire.get(name, "") for name in names] for row in batch.rows]
        options: list[Json] = [] if removal or not self.settings.limited_data_use else [["LDU"]]
        payload: Json = {
            "schema": [*(KEYS[name] for name in names), *([_OPTIONS] * len(options))],
            "data": [[*row, *options] for row in data],
        }
        session = {"session_id": secrets.randbits(62), "batch_seq": 1, "last_batch_flag": True}
        fields: dict[str, Json] = {"payload": payload, "session": {**session, "estimated_num_total": len(data)}}
        if not removal and all(row.consented for row in batch.rows):
            fields["customer_consent"] = True
        return _answer(self._client.write("DELETE" if removal else "POST", f"/{handle}/users", fields), len(data))


def _answer(response: Response, sent: int) -> Accepted:
    """Read the counts. Raises Unanswered where there are none, or of another number of people."""
    found = response.json_object()
    received, invalid = found.get("num_received"), found.get("num_invalid_entries")
    if type(received) is not int or type(invalid) is not int or received != sent:
        raise response.unreadable(f"does not say that it received {sent} people")
    return Accepted(counts={"received": received}, refused={"invalid_entries": invalid} if invalid else {})


def _target(audience: AudienceSettings) -> MetaTarget:
    if isinstance(audience.target, MetaTarget):
        return audience.target
    raise ConfigError(f'audience "{audience.name}" has no target for Meta.', hint='Give { audience = "..." }.')
