"""How the sandbox shows what it holds: members, collections with paging, and the `fields` filter."""

from collections.abc import Iterable, Mapping, Sequence

from hub.sdk.records import Json
from hub.sdk.sandbox import Reply, Request
from hub_mailchimp.sandbox.fields import MergeField
from hub_mailchimp.sandbox.lists import MailingList, Member, Segment
from hub_mailchimp.sandbox.problems import invalid, rejected

MAX_COUNT = 1000
_DEFAULT_COUNT = 10


def member_view(held: MailingList, member: Member) -> dict[str, Json]:
    """Show a member as recorded traffic does."""
    tags: list[Json] = [{"id": s.id, "name": s.name} for s in held.segments.values() if member.id in s.members]
    values: dict[str, Json] = {tag: member.values.get(tag, "") for tag in held.fields}
    return {
        "id": member.id,
        "email_address": member.address,
        "unique_email_id": member.contact_id[:10],
        "contact_id": member.contact_id,
        "full_name": f"{values.get('FNAME', '')} {values.get('LNAME', '')}".strip(),
        "web_id": member.number,
        "email_type": "html",
        "status": member.status,
        "merge_fields": values,
        "last_changed": member.changed.isoformat(timespec="seconds"),
        "language": "",
        "vip": False,
        "tags_count": len(tags),
        "tags": tags,
        "list_id": held.id,
    }


def list_view(held: MailingList) -> dict[str, Json]:
    """Show a list with its statistics."""
    counted = [member.status for member in held.members.values()]
    stats: dict[str, Json] = {
        "member_count": counted.count("subscribed"),
        "total_contacts": len(counted),
        "unsubscribe_count": counted.count("unsubscribed"),
        "cleaned_count": counted.count("cleaned"),
        "merge_field_count": len(held.fields),
    }
    return {"id": held.id, "web_id": int(held.id, 16) % 10**6, "name": held.name, "double_optin": False, "stats": stats}


def segment_view(held: MailingList, segment: Segment) -> dict[str, Json]:
    """Show a segment."""
    return {
        "id": segment.id,
        "name": segment.name,
        "member_count": len(segment.members),
        "type": "static",
        "list_id": held.id,
    }


def field_view(held: MailingList, field: MergeField) -> dict[str, Json]:
    """Show a merge field."""
    return {
        "merge_id": field.merge_id,
        "tag": field.tag,
        "name": field.name,
        "type": field.type,
        "required": field.required,
        "default_value": field.default_value,
        "public": field.public,
        "options": field.options,
        "list_id": held.id,
    }


def window(request: Request) -> slice:
    """Read `count` and `offset`. Raises Problem when they are out of bounds."""
    count = _number(request, "count", _DEFAULT_COUNT)
    offset = _number(request, "offset", 0)
    if count > MAX_COUNT:
        raise invalid("count", f"Data presented is greater than the maximum of {MAX_COUNT}.")
    return slice(offset, offset + count)


def shown(request: Request, body: Mapping[str, Json]) -> Reply:
    """Answer with `body`, reduced to the wanted `fields`, which only reads take."""
    reads = request.method == "GET"
    wanted = _paths(request.param("fields") if reads else "")
    unwanted = _paths(request.param("exclude_fields") if reads else "")
    if wanted and unwanted:
        raise rejected("Give fields or exclude_fields, not both.")
    chosen = _only(body, wanted) if wanted else body
    return Reply(json=_without(chosen, unwanted), content_type="application/json; charset=utf-8")


def _number(request: Request, name: str, default: int) -> int:
    text = request.param(name, str(default))
    if not text.isdecimal():
        raise invalid(name, "Data presented is not a number of zero or more.")
    return int(text)


def _paths(text: str) -> list[list[str]]:
    return [path.split(".") for path in text.split(",") if path]


def _only(body: Json, paths: Sequence[Sequence[str]]) -> Json:
    if isinstance(body, Mapping):
        return {
            key: value if [key] in paths else _only(value, below)
            for key, value in body.items()
            if (below := _below(paths, key)) or [key] in paths
        }
    if isinstance(body, Sequence) and not isinstance(body, str):
        return [_only(item, paths) for item in body]
    return body


def _without(body: Json, paths: Sequence[Sequence[str]]) -> Json:
    if not paths:
        return body
    if isinstance(body, Mapping):
        return {key: _without(value, _below(paths, key)) for key, value in body.items() if [key] not in paths}
    if isinstance(body, Sequence) and not isinstance(body, str):
        return [_without(item, paths) for item in body]
    return body


def _below(paths: Iterable[Sequence[str]], key: str) -> list[Sequence[str]]:
    return [path[1:] for path in paths if len(path) > 1 and path[0] == key]
