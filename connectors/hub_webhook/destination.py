"""The destination `webhook`: changes of an audience, posted as signed JSON to an address of yours."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import ClassVar

from hub.sdk.connector import ANY_ADDRESS, Capabilities, Context, Destination
from hub.sdk.errors import ConfigError, HubError, Refused, RetryLater
from hub.sdk.http import Http, Response
from hub.sdk.records import Answer, Batch, Fact, Json, NotApplied, Outcome, Row, Suppression, Target, Verdict
from hub.sdk.settings import AudienceSettings
from hub_webhook.settings import WebhookSettings, WebhookTarget
from hub_webhook.signatures import signed

_OF_ROWS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY})
_CODE = re.compile(r"[a-z0-9_.-]{1,60}", re.IGNORECASE)  # a code; whatever else a receiver says may name somebody
_OUTCOMES: Mapping[Json, Outcome] = {"rejected": "rejected", "suppressed": "suppressed", "retry": "retry"}


class WebhookDestination(Destination[WebhookSettings, WebhookTarget]):
    """Posts each batch once; the receiver's status, or what it says of each row, is the verdict."""

    name = "webhook"
    settings_model = WebhookSettings
    target_model = WebhookTarget
    capabilities: ClassVar = Capabilities(
        address_by=(ANY_ADDRESS,), batch_rows=500, settles_within=timedelta(minutes=5), evidence="row"
    )

    def __init__(self, settings: WebhookSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._http = Http(settings.url, describe=_code_of) if settings.url else None

    def check(self) -> Iterable[Fact]:
        """Post a signed event of the type `ping`, which holds nobody."""
        try:
            answer = self._post("ping", f"ping-{self.context.now:%Y%m%dT%H%M%S}", {})
            if answer.status < HTTPStatus.MULTIPLE_CHOICES:
                yield Fact("ok", f"{answer.request}: takes signed requests")
            else:
                yield Fact("error", f"{answer.request}: does not take signed requests (status {answer.status})")
        except HubError as error:
            yield Fact("error", str(error))

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """One list."""
        if self.settings.url is None or not isinstance(audience.target, WebhookTarget):
            hint = 'Give url = "https://..." in [connection], and target = { list = "..." }.'
            raise ConfigError(f'audience "{audience.name}" cannot be sent anywhere.', hint=hint)
        return [Target(f"list/{audience.target.list}", "membership", fields=True)]

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:  # noqa: ARG002 - the contract
        """Post a batch; its id is that of the event and the idempotency key, the same whenever it is sent again.

        A status that speaks of the rows (400, 413, 422) is no verdict on all of them: the batch is halved.
        """
        data: Mapping[str, Json] = {
            "list": target.key.removeprefix("list/"),
            "op": batch.op,
            "rows": [_shown(row) for row in batch.rows],
        }
        answer = self._post("audience.changed", batch.id, data)
        if answer.status == HTTPStatus.CONFLICT:  # the same id is being worked on, or was
            raise RetryLater(f"{answer.request}: answered 409, it is at work on this id.")
        if answer.status in _OF_ROWS:
            code = _code_of(answer) or f"http_{answer.status}"
            blamed = [Verdict(0, "rejected", code)] if len(batch.rows) == 1 else []
            return NotApplied(blamed, code)
        done: Outcome = "absent" if batch.op == "remove" else "present"
        if self.settings.answers == "request":
            return [Verdict(index, done) for index in range(len(batch.rows))]
        return _verdicts(answer, batch, done)

    def _post(self, kind: str, name: str, data: Mapping[str, Json]) -> Response:
        if self._http is None:
            raise ConfigError("there is no url in [connection].", hint="Audiences are posted to it.")
        now = datetime.now(UTC)
        body = json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data}, allow_nan=False).encode()
        try:
            headers = {"Content-Type": "application/json", "Idempotency-Key": name}
            headers |= signed(self.settings, name, body, now)
        except Refused as error:
            raise ConfigError(error.message, where="secret") from None
        return self._http.post("", content=body, headers=headers, ok=(*_OF_ROWS, HTTPStatus.CONFLICT))


def _shown(row: Row) -> Mapping[str, Json]:
    return {"id": row.key, "match": dict(row.wire), "fields": dict(row.fields)}


def _verdicts(answer: Response, batch: Batch, done: Outcome) -> Sequence[Verdict]:
    """Read `{"results": [{"id", "status", "code"}]}`; a row that is not in it has no verdict.

    Raises:
        Unanswered: the answer is of another form.
    """
    results = answer.json_object().get("results")
    if not isinstance(results, list) or not all(isinstance(each, Mapping) for each in results):
        raise answer.unreadable("has no list of results")
    said = {each.get("id"): each for each in results}
    found = [(index, said[row.key]) for index, row in enumerate(batch.rows) if row.key in said]
    return [_verdict(index, result, done) for index, result in found]


def _verdict(index: int, result: Mapping[str, Json], done: Outcome) -> Verdict:
    if result.get("status") == "ok":
        return Verdict(index, done)
    outcome = _OUTCOMES.get(result.get("status"), "unknown")
    opted_out = None
    if outcome == "suppressed":
        opted_out = Suppression(_code(result.get("channel")) or "email", _code(result.get("purpose")) or "marketing")
    return Verdict(index, outcome, _code(result.get("code")), suppression=opted_out)


def _code(value: Json) -> str:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else ""


def _code_of(answer: Response) -> str:
    return _code(answer.json_object().get("code"))
