"""HubSpot does what every destination must do."""

from collections.abc import Mapping
from typing import ClassVar

from hub.sdk.records import Json, Outcome
from hub.sdk.sandbox import DestinationSandbox
from hub.testing import destination_suite
from hub_hubspot.destination import HubspotDestination
from hub_hubspot.sandbox import HubspotSandbox

_LIST = "Suite"
_SECONDLY = '{"status":"error","category":"RATE_LIMITS","policyName":"SECONDLY"}'
_DAILY = '{"status":"error","category":"RATE_LIMITS","policyName":"DAILY"}'
_MOODS = {"rejected": "VALIDATION_ERROR", "retry": "INTERNAL_ERROR", "unknown": ""}


class DeliveryBox(HubspotSandbox, DestinationSandbox):
    """What the suite asks of HubSpot: a list whose contacts are created, and who may still be written to."""

    writes = ("P[OU]*", "/crm/*/[bm][ae][tm]*/[ua][pd]*")  # batch/update, batch/upsert, memberships/add-and-remove
    verdicts = frozenset({"rejected", "retry", "suppressed", "unknown"})
    field = "firstname"
    too_fast = (
        {"kind": "status", "status": 429, "body": _SECONDLY},
        {"kind": "status", "status": 423, "retry_after": "1"},
    )
    spent: ClassVar[Mapping[str, object]] = {"kind": "status", "status": 429, "body": _DAILY}

    def target(self) -> Mapping[str, Json]:
        """Name the list."""
        return {"list": _LIST, "new_contacts": "consented"}

    def members(self) -> set[str]:
        """Return who is on the list and has not opted out; HubSpot leaves who opted out on it, and writes to nobody."""
        with self.lock:
            there = [self.crm["contacts"].objects[key].properties for key in self.on_list(_LIST)]
            return {each["email"] for each in there if each.get("hs_email_optout") != "true"}

    def opt_out(self, wire: str) -> None:
        """Opt out of all e-mail, perhaps without having been a contact."""
        with self.lock:
            self.change("contacts", self._key(wire), {"hs_email_optout": "true"})

    def value(self, wire: str) -> Json:
        """Return the first name."""
        held = self.contact_of(wire)
        return held.properties.get("firstname") if held else None

    def spoil(self, wire: str, outcome: Outcome) -> None:
        """Have HubSpot refuse a contact, or say nothing of it."""
        if outcome == "suppressed":
            self.opt_out(wire)
        else:
            self.moods[wire] = _MOODS[outcome]

    def mend(self) -> None:
        """Take everybody again."""
        self.moods.clear()

    def delete_list(self) -> None:
        """Delete the list."""
        with self.lock:
            self.lists.clear()

    def put_on(self, wire: str) -> None:
        """Put somebody on the list by hand."""
        with self.lock:
            found = next((each for each in self.lists.values() if each.name == _LIST), None) or self.add_list(_LIST)
            found.members[self._key(wire)] = self.now()

    def take_off(self, wire: str) -> None:
        """Take somebody off by hand."""
        with self.lock:
            self._leave_lists(self._key(wire))

    def _key(self, wire: str) -> str:
        held = self.contact_of(wire)
        return held.key if held else self.create("contacts", {"email": wire})


TestHubspotDestination = destination_suite(HubspotDestination, sandbox=DeliveryBox)
