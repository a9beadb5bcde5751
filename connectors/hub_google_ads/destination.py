"""What the hub calls to keep customer match lists equal to audiences."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import ClassVar

from hub.sdk.connector import Capabilities, Context, Destination
from hub.sdk.errors import ConfigError, StopConnection
from hub.sdk.records import Accepted, Answer, Batch, Fact, Json, NotApplied, Row, Target, Verdict
from hub.sdk.settings import AudienceSettings, need_consent
from hub_google_ads.client import Client
from hub_google_ads.lists import all_lists, list_id
from hub_google_ads.members import identifiers, permission, request
from hub_google_ads.outcome import outcome
from hub_google_ads.problems import refusal
from hub_google_ads.settings import GoogleAdsSettings, GoogleAdsTarget
from hub_google_ads.wire import VERSION, WIRE

CHANNEL = "ads"
_NO_STATUS = "no_status"


class GoogleAdsDestination(Destination[GoogleAdsSettings, GoogleAdsTarget]):
    """One user list per audience. Google tells how many were taken, never who."""

    name = "google_ads"
    settings_model = GoogleAdsSettings
    target_model = GoogleAdsTarget
    capabilities: ClassVar = Capabilities(
        address_by=tuple(WIRE),
        wire=WIRE,
        wire_version=VERSION,
        batch_rows=10_000,
        evidence="request",
        settles_within=timedelta(hours=24),
        partition_by_consent=True,
        job_check_after=timedelta(minutes=30),
    )

    def __init__(self, settings: GoogleAdsSettings, context: Context) -> None:
        super().__init__(settings, context)
        self.client = Client(settings)

    def check(self) -> Iterable[Fact]:
        """Say that the account can be reached, and how many lists it has."""
        count = sum(1 for _ in all_lists(self.client))
        yield Fact("ok", f"Google Ads account {self.settings.customer}: {count:,} user lists.")

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """Name the list. Raises ConfigError for an audience that asks for no consent to ads."""
        target = _target(audience)
        because = "Google drops people of the EEA and the UK who have not granted it, without a word"
        need_consent(audience, CHANNEL, "Google Ads", because)
        return [Target(f"list/{target.list}", "membership")]

    def open(self, target: Target, audience: AudienceSettings, plan_id: str, total: int) -> Json:  # noqa: ARG002 - the contract
        """Find the list, or make it. The handle holds its id."""
        return {"list": list_id(self.client, _target(audience))}

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:  # noqa: ARG002 - the contract
        """Send people, all of whom have granted consent where they are added; what came of it is asked later."""
        ours = _refused(batch)
        if ours:
            return NotApplied(ours, ours[0].code)
        removal = batch.op == "remove"
        body = {**request(self._destination(handle), batch.rows), **({} if removal else permission())}
        response = self.client.send("remove" if removal else "ingest", body)
        if response.status == HTTPStatus.BAD_REQUEST:
            return refusal(response, len(batch.rows))
        job = response.json_object().get("requestId")
        if isinstance(job, str) and job:
            return Accepted(job=job)
        raise response.unreadable("has no requestId")

    def poll(self, job: Json, batch: Batch) -> Sequence[Verdict] | Accepted | None:
        """Ask what became of a request. One of which Google knows nothing any more leaves us not knowing."""
        response = self.client.status(str(job))
        if response.status != HTTPStatus.OK:
            return [Verdict(index, "unknown", _NO_STATUS) for index in range(len(batch.rows))]
        return outcome(response, len(batch.rows))

    def _destination(self, handle: Json) -> Mapping[str, Json]:
        if not isinstance(handle, Mapping):
            raise StopConnection("Google Ads got no handle from open().", hint="This is an error of the hub.")
        owner = _account(self.settings.account)
        login = {"loginAccount": _account(self.settings.login)} if self.settings.login else {}
        return {**login, "operatingAccount": owner, "productDestinationId": handle["list"]}


def _account(account: str) -> Mapping[str, Json]:
    return {"accountType": "GOOGLE_ADS", "accountId": account}


def _refused(batch: Batch) -> Sequence[Verdict]:
    """Judge rows that are not sent at all: added without consent, or with nothing to recognise them by."""
    codes = ((index, _code(row, batch)) for index, row in enumerate(batch.rows))
    return [Verdict(index, "rejected", code) for index, code in codes if code]


def _code(row: Row, batch: Batch) -> str:
    if batch.op != "remove" and not row.consented:
        return "no_consent"
    return "" if identifiers(row) else "no_identifiers"


def _target(audience: AudienceSettings) -> GoogleAdsTarget:
    if isinstance(audience.target, GoogleAdsTarget):
        return audience.target
    raise ConfigError(f'audience "{audience.name}" has no target for Google Ads.', hint='Give { list = "..." }.')
