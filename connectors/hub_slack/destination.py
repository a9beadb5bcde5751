"""The destination `slack`: one message for all who entered or left an audience, with their number and no names.

https://docs.slack.dev/reference/methods/chat.postMessage
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from hub.sdk.connector import ANY_ADDRESS, Capabilities, Context, Destination
from hub.sdk.errors import ConfigError, HubError, RetryLater, StopConnection
from hub.sdk.http import Bearer, Http, Rate, Response
from hub.sdk.records import Answer, Batch, Fact, Json, Outcome, Target, Verdict
from hub.sdk.settings import AudienceSettings
from hub_slack.settings import SlackSettings, SlackTarget

_CODE = re.compile(r"[a-z_]{1,60}")
_HINTS = {
    "channel_not_found": "Check `channel`; a private one is only seen by a bot that is in it.",
    "not_in_channel": "Invite the bot into the channel: /invite @its-name.",
    "is_archived": "The channel is archived; name another one.",
    "missing_scope": "Give the app the scope chat:write and install it again.",
}
_LATER = frozenset({"ratelimited", "rate_limited"})
_IN_DOUBT = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})


class SlackDestination(Destination[SlackSettings, SlackTarget]):
    """Says how many entered and how many left; a message that had no answer may come twice."""

    name = "slack"
    settings_model = SlackSettings
    target_model = SlackTarget
    capabilities: ClassVar = Capabilities(
        address_by=(ANY_ADDRESS,),
        batch_rows=100_000,
        batch_bytes=1_000_000_000,  # nothing of the rows is sent
        settles_within=timedelta(minutes=1),
        evidence="request",
    )

    def __init__(self, settings: SlackSettings, context: Context) -> None:
        super().__init__(settings, context)
        rate = Rate(f"{settings.base_url}/{context.connection}", 1)  # "no more than one per second per channel"
        self._http = Http(settings.base_url, auth=Bearer(settings.token.reveal()), describe=_code, rate=rate)

    def check(self) -> Iterable[Fact]:
        """Ask whose token it is, and whether it may write."""
        try:
            answer = self._http.post("/auth.test", idempotent=True)
            if found := _code(answer):
                yield Fact("error", f"{answer.request}: {found}.")
                return
            yield Fact("ok", f"workspace {_named(answer, 'team')}, as {_named(answer, 'user')}")
            if "chat:write" not in answer.headers.get("x-oauth-scopes", "chat:write").split(","):
                yield Fact("error", "the scope chat:write is missing: nothing can be said")
        except HubError as error:
            yield Fact("error", str(error))

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """The audience's place in the channel."""
        if not isinstance(audience.target, SlackTarget):
            raise ConfigError(f'audience "{audience.name}" has no channel.', hint='Give target = { channel = "..." }.')
        return [Target(f"channel/{audience.target.channel}/{audience.name}", "membership")]

    def open(self, target: Target, audience: AudienceSettings, plan_id: str, total: int) -> Json:  # noqa: ARG002 - the contract
        """Remember what is to be said: batches know nothing of the audience."""
        said = audience.target
        assert isinstance(said, SlackTarget)  # noqa: S101 - `targets` saw to it
        names = {"audience": audience.name, "segment": audience.segment}
        return {"channel": said.channel, "add": _filled(said.entered, names), "remove": _filled(said.left, names)}

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:  # noqa: ARG002 - the contract
        """Say how many these are; of who is there already, and where there is nothing to say, nothing is sent.

        Raises:
            RetryLater: too many messages.
            StopConnection: Slack refuses the token or the channel.
            Unanswered: it may or may not have been said.
        """
        said = handle if isinstance(handle, Mapping) else {}
        count = len(batch.rows)
        people = "1 person" if count == 1 else f"{count:,} people"
        text = _filled(str(said.get(batch.op) or ""), {"people": people, "count": f"{count:,}"})
        if text:
            self._say(str(said["channel"]), text)
        done: Outcome = "absent" if batch.op == "remove" else "present"
        return [Verdict(index, done) for index in range(count)]

    def _say(self, channel: str, text: str) -> None:
        answer = self._http.post("/chat.postMessage", json={"channel": channel, "text": text})
        code = _code(answer)
        if code in _LATER:
            raise RetryLater(f"{answer.request}: {code}.", after=timedelta(minutes=1))
        if code in _IN_DOUBT or answer.json_object().get("ok") not in (True, False):
            raise answer.unreadable(f"says {code or 'neither yes nor no'}")
        if code:
            raise StopConnection(f"{answer.request}: {code}.", hint=_HINTS.get(code, "Check token and channel."))


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Put values into their places, with the three characters that mean something to Slack made harmless."""
    for name, value in values.items():
        harmless = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        text = text.replace(f"{{{name}}}", harmless)
    return text


def _code(answer: Response) -> str:
    """Return Slack's code of an answer that says no, whatever its status; "" for a yes."""
    found = answer.json_object()
    code = found.get("error")
    if found.get("ok") is not False:
        return ""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "unknown_error"


def _named(answer: Response, name: str) -> str:
    value = answer.json_object().get(name)
    return value if isinstance(value, str) else "?"
