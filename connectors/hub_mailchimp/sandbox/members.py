"""Members of a list: one at a time, and up to 500 in one call."""

from collections.abc import Mapping, Sequence

from hub.sdk.records import Json
from hub.sdk.sandbox import Reply, Request, route
from hub_mailchimp.sandbox.account import Account, body_of
from hub_mailchimp.sandbox.lists import SETTABLE, MailingList, Member, digest
from hub_mailchimp.sandbox.problems import Problem, exists, invalid
from hub_mailchimp.sandbox.views import member_view, shown, window

MAX_BATCH = 500
_FIXED = frozenset({"cleaned", "pending", "archived"})


class Members(Account):
    """Reading and writing contacts."""

    @route("GET", "/3.0/lists/{list_id}/members")
    def get_members(self, request: Request, list_id: str) -> Reply:
        """Page through members, archived ones only on request."""
        held = self.held(list_id)
        status = request.param("status")
        since = request.param("since_last_changed")
        found = [
            member
            for member in held.members.values()
            if (member.status == status if status else member.status != "archived")
            and (not since or member.changed.isoformat(timespec="seconds") > since)
        ]
        views: list[Json] = [member_view(held, member) for member in found[window(request)]]
        return shown(request, {"members": views, "list_id": held.id, "total_items": len(found)})

    @route("POST", "/3.0/lists/{list_id}/members")
    def post_member(self, request: Request, list_id: str) -> Reply:
        """Create a member; refuse one who exists."""
        held, body = self.held(list_id), body_of(request)
        found = held.find(digest(str(body.get("email_address"))))
        if found is not None and found.status != "archived":
            raise exists(found.address)
        return shown(request, member_view(held, held.create(body, body.get("status"), skip=_skips(request))))

    @route("GET", "/3.0/lists/{list_id}/members/{reference}")
    def get_member(self, request: Request, list_id: str, reference: str) -> Reply:
        """Show one member."""
        held = self.held(list_id)
        return shown(request, member_view(held, held.member(reference)))

    @route("PUT", "/3.0/lists/{list_id}/members/{reference}")
    def put_member(self, request: Request, list_id: str, reference: str) -> Reply:
        """Create or update a member."""
        held = self.held(list_id)
        made = held.upsert(reference, body_of(request), skip=_skips(request))
        return shown(request, member_view(held, made))

    @route("PATCH", "/3.0/lists/{list_id}/members/{reference}")
    def patch_member(self, request: Request, list_id: str, reference: str) -> Reply:
        """Update a member who exists."""
        held = self.held(list_id)
        changed = held.change(held.member(reference), body_of(request), skip=_skips(request))
        return shown(request, member_view(held, changed))

    @route("DELETE", "/3.0/lists/{list_id}/members/{reference}")
    def delete_member(self, _request: Request, list_id: str, reference: str) -> Reply:
        """Archive a member."""
        held = self.held(list_id)
        member = held.member(reference)
        if member.status in _FIXED:
            raise Problem(405, "Method Not Allowed", "This list member cannot be removed. Please contact support.")
        held.archive(member)
        return Reply(status=204)

    @route("POST", "/3.0/lists/{list_id}/members/{reference}/actions/delete-permanent")
    def delete_permanent(self, _request: Request, list_id: str, reference: str) -> Reply:
        """Delete a member for good."""
        held = self.held(list_id)
        held.forget(held.member(reference))
        return Reply(status=204)

    @route("POST", "/3.0/lists/{list_id}")
    def post_members(self, request: Request, list_id: str) -> Reply:
        """Write up to 500 members, with a verdict for each; always 200 when the envelope is valid."""
        held, body = self.held(list_id), body_of(request)
        rows = _rows(body)
        work = _Bulk(held, update=body.get("update_existing") is True, skip=_skips(request))
        duplicates_are_fine = request.param("skip_duplicate_check") == "true"
        for row in rows:
            work.write(row, twice_is_fine=duplicates_are_fine)
        return shown(request, work.report())


class _Bulk:
    """One call of the batch endpoint."""

    def __init__(self, held: MailingList, *, update: bool, skip: bool) -> None:
        self.held = held
        self.update = update
        self.skip = skip
        self.seen: set[str] = set()
        self.new: list[Member] = []
        self.updated: list[Member] = []
        self.errors: list[Json] = []

    def write(self, row: Mapping[str, Json], *, twice_is_fine: bool) -> None:
        address = str(row.get("email_address", ""))
        try:
            if digest(address) not in self.seen:
                self._write(row, self.held.find(digest(address)))
            elif not twice_is_fine:
                raise Problem(400, "Invalid Resource", "Duplicate items found in this request.")  # noqa: TRY301
        except Problem as problem:
            self.errors.append(_error(address, problem))
        self.seen.add(digest(address))

    def _write(self, row: Mapping[str, Json], found: Member | None) -> None:
        if found is None or found.status == "archived":
            self.new.append(self.held.create(row, row.get("status"), skip=self.skip))
        elif self.update:
            self.updated.append(self.held.change(found, row, skip=self.skip))
        else:
            raise exists(found.address)

    def report(self) -> dict[str, Json]:
        return {
            "new_members": [member_view(self.held, member) for member in self.new],
            "updated_members": [member_view(self.held, member) for member in self.updated],
            "errors": self.errors,
            "total_created": len(self.new),
            "total_updated": len(self.updated),
            "error_count": len(self.errors),
        }


def _rows(body: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    rows = body.get("members")
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise invalid("members", "Schema describes array, something else found instead")
    if len(rows) > MAX_BATCH:
        raise invalid("members", f"Array contains more items than the maximum of {MAX_BATCH}.")
    for place, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise invalid(f"members.item:{place}", "Schema describes object, something else found instead")
        if "status" in row and row["status"] not in SETTABLE:
            raise invalid(f"members.item:{place}.status", "Data presented is not one of the accepted values.")
    return [row for row in rows if isinstance(row, Mapping)]


def _error(address: str, problem: Problem) -> Json:
    field, message = problem.errors[0] if problem.errors else ("", "")
    code = "ERROR_CONTACT_EXISTS" if problem.title == "Member Exists" else "ERROR_GENERIC"
    return {
        "email_address": address,
        "error": problem.detail,
        "error_code": code,
        "field": field,
        "field_message": message,
    }


def _skips(request: Request) -> bool:
    return request.param("skip_merge_validation").lower() == "true"
