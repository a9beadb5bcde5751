"""Nobody who opted out is ever subscribed through us: whatever their state, the settings and the faults."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.sdk.errors import HubError
from hub.sdk.records import Json
from hub.sdk.sandbox import Fault
from hub_mailchimp.sandbox import MailchimpSandbox
from tests.support.mailchimp import audience, batch, destination, row

STATES = (
    "absent",
    "subscribed",
    "pending",
    "transactional",
    "unsubscribed by the shop",
    "unsubscribed by themselves",
    "cleaned",
    "forgotten",
    "archived",
    "archived after unsubscribing",
)
LOST = STATES[4:]


def put(box: MailchimpSandbox, address: str, state: str) -> None:
    """Bring a contact into a state."""
    if state == "absent":
        return
    status = state if state in {"pending", "transactional"} else "subscribed"
    box.add(address.swapcase(), "unsubscribed" if state == "unsubscribed by the shop" else status)
    if state in {"unsubscribed by themselves", "archived after unsubscribing"}:
        box.unsubscribe(address)
    if state == "cleaned":
        box.clean(address)
    if state.startswith("archived"):
        box.archive(address)
    if state == "forgotten":
        box.forget(address)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    states=st.lists(st.sampled_from(STATES), min_size=1, max_size=12),
    consents=st.lists(st.booleans(), min_size=12, max_size=12),
    new_contacts=st.sampled_from(["never", "subscribed", "pending", "transactional"]),
    fields=st.sampled_from([{}, {"FNAME": "Zoë"}, {"FNAME": None, "LTV": 3}]),
    fault=st.sampled_from([None, "reset_after", "status_after"]),
    rounds=st.integers(1, 3),
)
def test_nobody_who_opted_out_becomes_subscribed(
    states: list[str],
    consents: list[bool],
    new_contacts: str,
    fields: dict[str, Json],
    fault: str | None,
    rounds: int,
) -> None:
    """Random members, settings, fields and lost answers: opted-out, bounced, archived and forgotten ones stay so."""
    with MailchimpSandbox() as box:
        addresses = [f"p{number}@shop.example" for number in range(len(states))]
        for address, state in zip(addresses, states, strict=True):
            put(box, address, state)
        before = {address.lower(): status for address, status in box.members().items()}
        if fault:
            box.faults.add(
                Fault.model_validate({"kind": fault, "method": "P*", "path": "/3.0/lists/*/members/*", "skip": 2})
            )
        for _ in range(rounds):
            deliver(box, new_contacts, [row(a, fields, consented=c) for a, c in zip(addresses, consents, strict=False)])
        after = {address.lower(): status for address, status in box.members().items()}
        for address, state, consented in zip(addresses, states, consents, strict=False):
            if state in LOST:
                assert before.get(address) == after.get(address)
            if state == "absent" and not consented:
                assert after.get(address) in {None, "transactional"}


def deliver(box: MailchimpSandbox, new_contacts: str, rows: list) -> None:  # type: ignore[type-arg]
    """Write contacts, tag them and take the tag off again, whatever goes wrong in between."""
    tool, wanted = destination(box), audience(new_contacts)
    for target in tool.targets(wanted):
        handle = tool.open(target, wanted, "p1", len(rows))
        for op in ("add", "remove") if target.kind == "membership" else ("add", "update"):
            try:
                tool.push(target, handle, batch(*rows, op=op))
            except HubError:
                continue


def test_no_request_carries_a_status() -> None:
    """The rule behind it: `status` is never sent, and the call that would overwrite statuses is never made."""
    with MailchimpSandbox() as box:
        for number, state in enumerate(STATES):
            put(box, f"p{number}@shop.example", state)
        for new_contacts in ("never", "subscribed", "pending", "transactional"):
            deliver(box, new_contacts, [row(f"p{number}@shop.example", {"FNAME": "Ada"}) for number in range(12)])
        writes = [exchange.request for exchange in box.requests if exchange.request.method != "GET"]
        assert not any(b'"status"' in request.body for request in writes)
        assert not any(request.path == f"/3.0/lists/{box.default.id}" for request in writes)
