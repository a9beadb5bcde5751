"""The account: who may call, its lists, and what tests do to contacts behind the API's back."""

import base64
import binascii
from collections.abc import Mapping

from hub.sdk.records import Json
from hub.sdk.sandbox import Reply, Request, Sandbox, people, route
from hub_mailchimp.sandbox.fields import MergeField
from hub_mailchimp.sandbox.lists import MailingList, Member, digest
from hub_mailchimp.sandbox.problems import Problem, invalid, not_found
from hub_mailchimp.sandbox.views import list_view, shown, window

_DENIED = "Your API key may be invalid, or you've attempted to access the wrong datacenter."


class Account(Sandbox):
    """Authentication, lists, and the helpers of tests."""

    name = "mailchimp"
    max_in_flight = 10
    api_key = "sandbox-us1"

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.role = "owner"
        self.lists: dict[str, MailingList] = {}
        self.default = self.add_list("Customers")
        for person in people(size, seed=seed):
            self.add(person.email, FNAME=person.first_name, LNAME=person.last_name)

    # -- what tests do behind the API's back ------------------------------------------------------------------------

    def add_list(self, name: str) -> MailingList:
        """Make an empty list with the merge fields that every new list has."""
        held = MailingList(digest(f"list/{len(self.lists)}/{name}")[:10], name)
        for number, (tag, label) in enumerate((("FNAME", "First Name"), ("LNAME", "Last Name")), start=1):
            held.fields[tag] = MergeField(number, tag, label, "text")
        self.lists[held.id] = held
        return held

    def add(self, address: str, status: str = "subscribed", **values: Json) -> Member:
        """Put a contact on the first list, as a sign-up or an import by hand would."""
        with self.lock:
            body: Mapping[str, Json] = {"email_address": address, "merge_fields": values}
            return self.default.create(body, status, skip=True)

    def unsubscribe(self, address: str) -> None:
        """Let a contact unsubscribe themselves."""
        self._lose(address, "unsubscribed")

    def clean(self, address: str) -> None:
        """Let an address bounce for good."""
        self._lose(address, "cleaned")

    def forget(self, address: str) -> None:
        """Delete a contact for good."""
        with self.lock:
            self.default.forget(self.default.member(address))

    def archive(self, address: str) -> None:
        """Archive a contact, as the shop can by hand."""
        with self.lock:
            self.default.archive(self.default.member(address))

    def members(self, list_name: str = "Customers", tag: str | None = None) -> dict[str, str]:
        """Return address -> status of a list, or of those who carry a tag."""
        with self.lock:
            held = next(held for held in self.lists.values() if held.name == list_name)
            segment = held.named(tag) if tag else None
            inside = held.members if tag is None else (segment.members if segment else {})
            return {member.address: member.status for key, member in held.members.items() if key in inside}

    def _lose(self, address: str, status: str) -> None:
        with self.lock:
            member = self.default.member(address)
            member.status, member.opted_out = status, True

    def state(self) -> Json:
        """Return every list with its contacts and tags."""
        return {
            held.name: {
                "members": {m.address: {"status": m.status, "merge_fields": m.values} for m in held.members.values()},
                "tags": {s.name: [held.members[key].address for key in s.members] for s in held.segments.values()},
            }
            for held in self.lists.values()
        }

    # -- hooks of the base ------------------------------------------------------------------------------------------

    def authenticate(self, request: Request) -> Reply | None:
        """Let in the key as a Basic password, whatever the user name, or as a Bearer token."""
        if request.path.startswith("/batch-results/"):
            return None  # the link to a batch's results is itself the secret
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        given = _password(value) if kind.lower() == "basic" else value if kind.lower() == "bearer" else ""
        return None if given == self.api_key else Problem(401, "API Key Invalid", _DENIED).reply()

    def not_found(self, _request: Request) -> Reply:
        """Answer an unknown path."""
        return not_found().reply()

    def not_allowed(self, _request: Request) -> Reply:
        """Answer a known path with another method."""
        return Problem(405, "Method Not Allowed", "The requested method and resource are not compatible.").reply()

    def malformed(self, _request: Request, problem: ValueError) -> Reply:
        """Answer refusals, and bodies that are not JSON."""
        if isinstance(problem, Problem):
            return problem.reply()
        return Problem(400, "JSON Parse Error", "We encountered an unspecified JSON parsing error.").reply()

    def held(self, list_id: str) -> MailingList:
        """Find a list, or refuse with 404."""
        if list_id not in self.lists:
            raise not_found()
        return self.lists[list_id]

    # -- routes -----------------------------------------------------------------------------------------------------

    @route("GET", "/3.0/")
    def root(self, request: Request) -> Reply:
        """Show the account."""
        total = sum(len(held.members) for held in self.lists.values())
        body: Mapping[str, Json] = {
            "account_id": digest("account")[:25],
            "account_name": "Sandbox",
            "role": self.role,
            "total_subscribers": total,
        }
        return shown(request, body)

    @route("GET", "/3.0/ping")
    def ping(self, request: Request) -> Reply:
        """Say that all is well."""
        return shown(request, {"health_status": "Everything's Chimpy!"})

    @route("GET", "/3.0/lists")
    def get_lists(self, request: Request) -> Reply:
        """Page through the lists."""
        found: list[Json] = [list_view(held) for held in self.lists.values()]
        return shown(request, {"lists": found[window(request)], "total_items": len(found)})

    @route("GET", "/3.0/lists/{list_id}")
    def get_list(self, request: Request, list_id: str) -> Reply:
        """Show one list."""
        return shown(request, list_view(self.held(list_id)))


def body_of(request: Request) -> Mapping[str, Json]:
    """Return a JSON object from a request. Raises Problem when it is another thing."""
    body = request.json()
    if not isinstance(body, Mapping):
        raise invalid("", "Schema describes object, something else found instead")
    return body


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
