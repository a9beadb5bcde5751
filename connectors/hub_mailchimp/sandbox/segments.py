"""Tags and static segments, which are the same thing, and merge fields."""

from collections.abc import Mapping, Sequence

from hub.sdk.records import Json
from hub.sdk.sandbox import Reply, Request, route
from hub_mailchimp.sandbox.account import body_of
from hub_mailchimp.sandbox.fields import MAX_FIELDS, MAX_TAG, TYPES, MergeField
from hub_mailchimp.sandbox.lists import MailingList, Member, Segment, digest
from hub_mailchimp.sandbox.members import MAX_BATCH, Members
from hub_mailchimp.sandbox.problems import invalid, not_found, rejected
from hub_mailchimp.sandbox.views import field_view, member_view, segment_view, shown, window


class Segments(Members):
    """Who carries which tag."""

    @route("GET", "/3.0/lists/{list_id}/segments")
    def get_segments(self, request: Request, list_id: str) -> Reply:
        """Page through segments; all are static here."""
        held = self.held(list_id)
        wanted = request.param("type", "static") == "static"
        found: list[Json] = [segment_view(held, segment) for segment in held.segments.values() if wanted]
        return shown(request, {"segments": found[window(request)], "list_id": held.id, "total_items": len(found)})

    @route("POST", "/3.0/lists/{list_id}/segments")
    def post_segment(self, request: Request, list_id: str) -> Reply:
        """Create a static segment with members."""
        held, body = self.held(list_id), body_of(request)
        if "static_segment" not in body:
            raise rejected('Must provide either an "options" field or a "static_segment" field')
        segment = held.add_segment(str(body.get("name", "")))
        held.tag(segment, _addresses(body, "static_segment"))
        return shown(request, segment_view(held, segment))

    @route("GET", "/3.0/lists/{list_id}/segments/{segment_id}")
    def get_segment(self, request: Request, list_id: str, segment_id: str) -> Reply:
        """Show a segment."""
        held = self.held(list_id)
        return shown(request, segment_view(held, held.segment(segment_id)))

    @route("DELETE", "/3.0/lists/{list_id}/segments/{segment_id}")
    def delete_segment(self, _request: Request, list_id: str, segment_id: str) -> Reply:
        """Delete a segment; its members stay on the list."""
        held = self.held(list_id)
        del held.segments[held.segment(segment_id).id]
        return Reply(status=204)

    @route("POST", "/3.0/lists/{list_id}/segments/{segment_id}")
    def post_segment_batch(self, request: Request, list_id: str, segment_id: str) -> Reply:
        """Add and remove up to 500 addresses each."""
        held, body = self.held(list_id), body_of(request)
        segment = held.segment(segment_id)
        added = held.tag(segment, _addresses(body, "members_to_add"))
        removed = held.untag(segment, _addresses(body, "members_to_remove"))
        report: Mapping[str, Json] = {
            "members_added": [member_view(held, member) for member in added],
            "members_removed": [member_view(held, member) for member in removed],
            "errors": [],
            "total_added": len(added),
            "total_removed": len(removed),
            "error_count": 0,
        }
        return shown(request, report)

    @route("GET", "/3.0/lists/{list_id}/segments/{segment_id}/members")
    def get_segment_members(self, request: Request, list_id: str, segment_id: str) -> Reply:
        """Page through a segment; some states only on request."""
        held = self.held(list_id)
        inside = [held.members[key] for key in held.segment(segment_id).members]
        found = [member for member in inside if _listed(request, member)]
        views: list[Json] = [member_view(held, member) for member in found[window(request)]]
        return shown(request, {"members": views, "total_items": len(found)})

    @route("POST", "/3.0/lists/{list_id}/segments/{segment_id}/members")
    def post_segment_member(self, request: Request, list_id: str, segment_id: str) -> Reply:
        """Add one member, who must be on the list."""
        held = self.held(list_id)
        member = held.member(digest(str(body_of(request).get("email_address"))))
        held.tag(held.segment(segment_id), [member.address])
        return shown(request, member_view(held, member))

    @route("DELETE", "/3.0/lists/{list_id}/segments/{segment_id}/members/{reference}")
    def delete_segment_member(self, _request: Request, list_id: str, segment_id: str, reference: str) -> Reply:
        """Take one member out."""
        held = self.held(list_id)
        if not held.untag(held.segment(segment_id), [held.member(reference).address]):
            raise not_found()
        return Reply(status=204)

    @route("GET", "/3.0/lists/{list_id}/members/{reference}/tags")
    def get_tags(self, request: Request, list_id: str, reference: str) -> Reply:
        """Show a member's tags."""
        held = self.held(list_id)
        tags = member_view(held, held.member(reference))["tags"]
        return shown(request, {"tags": tags, "total_items": len(tags) if isinstance(tags, list) else 0})

    @route("POST", "/3.0/lists/{list_id}/members/{reference}/tags")
    def post_tags(self, request: Request, list_id: str, reference: str) -> Reply:
        """Switch tags of one member on and off; missing ones are made."""
        held, body = self.held(list_id), body_of(request)
        member = held.member(reference)
        wanted = body.get("tags")
        for tag in wanted if isinstance(wanted, list) else []:
            _switch(held, member, tag)
        return Reply(status=204)

    @route("GET", "/3.0/lists/{list_id}/tag-search")
    def tag_search(self, request: Request, list_id: str) -> Reply:
        """Find tags by the start of their name."""
        start = request.param("name").casefold()
        found = [s for s in self.held(list_id).segments.values() if s.name.casefold().startswith(start)]
        return shown(request, {"tags": [{"id": s.id, "name": s.name} for s in found], "total_items": len(found)})


class Fields(Segments):
    """Merge fields."""

    @route("GET", "/3.0/lists/{list_id}/merge-fields")
    def get_fields(self, request: Request, list_id: str) -> Reply:
        """Page through merge fields."""
        held = self.held(list_id)
        found: list[Json] = [field_view(held, field) for field in held.fields.values()]
        return shown(request, {"merge_fields": found[window(request)], "list_id": held.id, "total_items": len(found)})

    @route("POST", "/3.0/lists/{list_id}/merge-fields")
    def post_field(self, request: Request, list_id: str) -> Reply:
        """Create a merge field."""
        held, body = self.held(list_id), body_of(request)
        made = _new_field(held, body)
        held.fields[made.tag] = made
        return shown(request, field_view(held, made))

    @route("GET", "/3.0/lists/{list_id}/merge-fields/{merge_id}")
    def get_field(self, request: Request, list_id: str, merge_id: str) -> Reply:
        """Show one merge field."""
        held = self.held(list_id)
        return shown(request, field_view(held, _field(held, merge_id)))

    @route("PATCH", "/3.0/lists/{list_id}/merge-fields/{merge_id}")
    def patch_field(self, request: Request, list_id: str, merge_id: str) -> Reply:
        """Rename a merge field, or make it required or not."""
        held, body = self.held(list_id), body_of(request)
        field = _field(held, merge_id)
        field.name = str(body.get("name", field.name))
        field.required = body.get("required", field.required) is True
        return shown(request, field_view(held, field))

    @route("DELETE", "/3.0/lists/{list_id}/merge-fields/{merge_id}")
    def delete_field(self, _request: Request, list_id: str, merge_id: str) -> Reply:
        """Delete a merge field with all its values."""
        held = self.held(list_id)
        field = held.fields.pop(_field(held, merge_id).tag)
        for member in held.members.values():
            member.values.pop(field.tag, None)
        return Reply(status=204)


def _addresses(body: Mapping[str, Json], key: str) -> Sequence[Json]:
    given = body.get(key, [])
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise invalid(key, "Schema describes array, something else found instead")
    if len(given) > MAX_BATCH:
        raise invalid(key, f"Array contains more items than the maximum of {MAX_BATCH}.")
    return given


def _listed(request: Request, member: Member) -> bool:
    optional = member.status in {"cleaned", "transactional", "unsubscribed"}
    asked = request.param(f"include_{member.status}").lower() == "true"
    return member.status != "archived" and (asked or not optional)


def _switch(held: MailingList, member: Member, tag: Json) -> None:
    if not isinstance(tag, Mapping) or tag.get("status") not in {"active", "inactive"}:
        raise invalid("tags.item:0.status", "Data presented is not one of the accepted values: active, inactive.")
    name = str(tag.get("name", ""))
    segment: Segment = held.named(name) or held.add_segment(name)
    if tag["status"] == "active":
        held.tag(segment, [member.address])
    else:
        held.untag(segment, [member.address])


def _field(held: MailingList, merge_id: str) -> MergeField:
    found = next((field for field in held.fields.values() if str(field.merge_id) == merge_id), None)
    if found is None:
        raise not_found()
    return found


def _new_field(held: MailingList, body: Mapping[str, Json]) -> MergeField:
    number = max((field.merge_id for field in held.fields.values()), default=0) + 1
    tag, kind = str(body.get("tag") or f"MMERGE{number}").upper(), str(body.get("type", ""))
    if kind not in TYPES:
        raise invalid("type", f"Data presented is not one of the accepted values: {', '.join(TYPES)}.")
    if not body.get("name"):
        raise invalid("name", "This value should not be blank.")
    if len(tag) > MAX_TAG:
        raise invalid("tag", f"This value is too long. It should have {MAX_TAG} characters or less.")
    if tag in held.fields:
        raise rejected(f'A Merge Field with the tag "{tag}" already exists for this list.')
    if len(held.fields) >= MAX_FIELDS:
        raise rejected(f"You cannot create more than {MAX_FIELDS} merge fields.")
    options = body.get("options")
    return MergeField(
        number,
        tag,
        str(body["name"]),
        kind,
        required=body.get("required") is True,
        default_value=str(body.get("default_value", "")),
        public=body.get("public") is True,
        options=options if isinstance(options, Mapping) else {},
    )
