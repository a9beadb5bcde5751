"""What is said in Slack, how its refusals are understood, and its own SDK at the sandbox."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from hub.sdk.connector import Context
from hub.sdk.errors import RetryLater, StopConnection, Unanswered
from hub.sdk.records import Batch, Op, Row, Verdict
from hub.sdk.sandbox import Fault
from hub.sdk.settings import AudienceSettings
from hub_slack.destination import SlackDestination
from hub_slack.sandbox import SlackSandbox
from hub_slack.settings import SlackSettings, SlackTarget


@pytest.fixture
def box() -> Iterator[SlackSandbox]:
    """Serve a workspace."""
    with SlackSandbox() as box:
        yield box


def audience(**target: str) -> AudienceSettings:
    """An audience in a channel."""
    told = SlackTarget.model_validate({"channel": "marketing", **target})
    return AudienceSettings(name="at-risk", segment="at_risk", target=told)


def tool(box: SlackSandbox, token: str = SlackSandbox.token) -> SlackDestination:
    """The destination, which speaks to the workspace."""
    settings = SlackSettings.model_validate({**box.connection(), "token": token})
    return SlackDestination(settings, Context("slack", Path(), datetime.now(UTC)))


def push(box: SlackSandbox, op: Op = "add", count: int = 2, **target: str) -> object:
    """Push people to the channel."""
    made, wanted = tool(box), audience(**target)
    [place] = made.targets(wanted)
    rows = [Row(f"key-{number}", {"email": f"p{number}@shop.example"}) for number in range(count)]
    return made.push(place, made.open(place, wanted, "plan", count), Batch("b1", 1, True, op, rows))


def test_numbers_are_said_and_nobody_is_named(box: SlackSandbox) -> None:
    """One message for all who came; each of them is there now."""
    assert [Verdict(0, "present"), Verdict(1, "present")] == push(box)
    assert [Verdict(0, "absent")] == push(box, "remove", 1)
    assert ["2 people entered at-risk.", "1 person left at-risk."] == box.channels["marketing"]
    assert not any(b"shop.example" in each.request.body for each in box.requests)


def test_own_words(box: SlackSandbox) -> None:
    """Places are filled; what means something to Slack is made harmless; nothing to say sends nothing."""
    push(box, entered="+{count} in {segment} & <more>", count=1_200)
    push(box, "remove", left="")
    assert ["+1,200 in at_risk & <more>"] == box.channels["marketing"]
    with pytest.raises(ValidationError, match="is not known here"):
        audience(entered="{name} came")


def test_of_who_is_there_already_nothing_is_said(box: SlackSandbox) -> None:
    """An update is no coming."""
    assert [Verdict(0, "present"), Verdict(1, "present")] == push(box, "update")
    assert [] == box.channels["marketing"]


@pytest.mark.parametrize("code", ["not_in_channel", "is_archived", "missing_scope", "token_revoked", "what_is_this"])
def test_a_no_with_status_200_stops_the_connection(box: SlackSandbox, code: str) -> None:
    """The code is told, and what to do."""
    box.closed["marketing"] = code
    with pytest.raises(StopConnection, match=code) as caught:
        push(box)
    assert caught.value.hint


def test_another_channel_or_token_stops_the_connection(box: SlackSandbox) -> None:
    """Neither is a matter of trying again."""
    with pytest.raises(StopConnection, match="channel_not_found"):
        push(box, channel="nowhere")
    assert ["error"] == [fact.level for fact in tool(box, "xoxb-wrong-0123456789").check()]


def test_too_fast_is_later_and_in_doubt_is_unknown(box: SlackSandbox) -> None:
    """A 429 was not applied; an error of Slack's own, or no answer, may have been."""
    box.closed["marketing"] = "internal_error"
    with pytest.raises(Unanswered):
        push(box)
    box.closed.clear()
    box.faults.add(Fault(kind="reset_after"))
    with pytest.raises(Unanswered):
        push(box)
    box.faults.add(Fault(kind="status", status=429, retry_after="3600"))
    with pytest.raises(RetryLater):
        push(box)


def test_check_says_whose_token_it_is_and_what_it_lacks(box: SlackSandbox) -> None:
    """The workspace and the bot; a token that may not write is an error."""
    assert ["workspace Sandbox shop, as hub"] == [fact.text for fact in tool(box).check()]
    box.scopes = "channels:read"
    assert ["ok", "error"] == [fact.level for fact in tool(box).check()]


def test_slacks_own_sdk_works_against_the_sandbox(box: SlackSandbox) -> None:
    """It says who it is, writes, and raises its own error for a channel that is not there."""
    client = WebClient(SlackSandbox.token, base_url=f"{box.url}/api/")
    assert "hub" == client.auth_test()["user"]
    assert client.chat_postMessage(channel="#marketing", text="Hello")["ok"]
    assert ["Hello"] == box.channels["marketing"]
    with pytest.raises(SlackApiError, match="channel_not_found"):
        client.chat_postMessage(channel="nowhere", text="Hello")
