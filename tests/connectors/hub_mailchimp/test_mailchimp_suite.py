"""The destination does what every destination must do."""

from collections.abc import Mapping

from hub.sdk.records import Json, Outcome
from hub.sdk.sandbox import DestinationSandbox
from hub.testing import destination_suite
from hub_mailchimp.destination import MailchimpDestination
from hub_mailchimp.sandbox import MailchimpSandbox
from hub_mailchimp.sandbox.lists import digest

_HERE = ("subscribed", "pending", "transactional")


class SuiteBox(MailchimpSandbox, DestinationSandbox):
    """What the suite asks of Mailchimp: a tag on a list whose new contacts are subscribed."""

    writes = ("P[UOA]*", "/3.0/lists/*/*/*")  # PUT and PATCH of members, POST to segments
    verdicts = frozenset({"suppressed"})
    field = "FNAME"
    too_fast = (
        {"kind": "status", "status": 429},
        {"kind": "status", "status": 403},
    )
    _keys = 0

    def connection(self) -> Mapping[str, Json]:
        """Return the key of today."""
        return {"api_key": self.api_key, "base_url": self.url}

    def refused(self) -> Mapping[str, Json]:
        """Return a key that nobody has."""
        return {"api_key": "nobody-us1", "base_url": self.url}

    def expire(self) -> None:
        """Change the key."""
        self._keys += 1
        self.api_key = f"sandbox{self._keys}-us1"

    def target(self) -> Mapping[str, Json]:
        """Name the list and the tag."""
        return {"list": "Customers", "tag": "suite", "new_contacts": "subscribed"}

    def members(self, list_name: str = "", tag: str | None = None) -> set[str]:  # type: ignore[override]  # noqa: ARG002
        """Return who carries the tag and may be written to."""
        if "Customers" not in {held.name for held in self.lists.values()}:
            return set()
        found = super().members("Customers", "suite")
        return {address for address, status in found.items() if status in _HERE}

    def opt_out(self, wire: str) -> None:
        """Unsubscribe somebody, who may never have been on the list."""
        if self.default.find(digest(wire)) is None:
            self.add(wire)
        self.unsubscribe(digest(wire))

    def value(self, wire: str) -> Json:
        """Return the first name."""
        return self.default.member(digest(wire)).values.get("FNAME")

    def spoil(self, wire: str, outcome: Outcome) -> None:  # noqa: ARG002 - there is one kind
        """Delete somebody for good, so that nobody can put them back."""
        if self.default.find(digest(wire)) is None:
            self.add(wire)
        self.forget(digest(wire))

    def mend(self) -> None:
        """Let them come back, which Mailchimp itself does not do."""
        self.default.forgotten.clear()

    def delete_list(self) -> None:
        """Delete the list."""
        del self.lists[self.default.id]

    def put_on(self, wire: str) -> None:
        """Tag somebody by hand."""
        if self.default.find(digest(wire)) is None:
            self.add(wire)
        self.default.tag(self.default.named("suite") or self.default.add_segment("suite"), [wire])

    def take_off(self, wire: str) -> None:
        """Take the tag off by hand."""
        segment = self.default.named("suite")
        if segment:
            self.default.untag(segment, [wire])


TestMailchimpDestination = destination_suite(MailchimpDestination, sandbox=SuiteBox)
