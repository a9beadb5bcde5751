"""What the account holds: its lists, their tags and merge fields. Names become ids here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from hub.sdk.errors import RetryLater, StopConnection, Unanswered
from hub.sdk.records import Json, Row
from hub_mailchimp.client import Client, Reply
from hub_mailchimp.merge_fields import missing

MAX_FIELDS = 80  # on the largest plan; smaller plans allow fewer, and Mailchimp says so when a field is made


@dataclass(frozen=True, slots=True)
class MailingList:
    """A list, which Mailchimp's pages call an audience."""

    id: str
    name: str
    contacts: int


class Account:
    """One account. Remembers the merge fields of its lists, since every batch needs them."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._types: dict[str, dict[str, str]] = {}
        self._lock = Lock()

    def lists(self) -> Sequence[MailingList]:
        """Return all lists of the account."""
        fields = "lists.id,lists.name,lists.stats.member_count,total_items"
        return [_list(found) for found in self.client.pages("/lists", "lists", {"fields": fields})]

    def find(self, wanted: str) -> MailingList:
        """Find a list by its id or name. Raises StopConnection when there is none, or more than one."""
        lists = self.lists()
        found = [one for one in lists if one.id == wanted] or [one for one in lists if one.name == wanted]
        if len(found) == 1:
            return found[0]
        known = ", ".join(f'"{one.name}" ({one.id})' for one in found or lists)
        if found:
            raise StopConnection(f'Mailchimp has {len(found)} lists named "{wanted}": {known}.', hint="Give the id.")
        raise StopConnection(f'Mailchimp has no list "{wanted}". It has: {known or "none"}.', hint="Mend target.list.")

    def segment(self, list_id: str, tag: str) -> int:
        """Return the id of a tag's segment, made when it is missing; upper and lower case are the same."""
        path = f"/lists/{list_id}/segments"
        params = {"type": "static", "fields": "segments.id,segments.name,total_items"}
        for segment in self.client.pages(path, "segments", params):
            if str(segment.get("name")).casefold() == tag.casefold():
                return int(str(segment["id"]))
        made = self._made(path, {"name": tag, "static_segment": []})
        if made.status != Reply.OK:
            raise StopConnection(
                f'Mailchimp did not make the tag "{tag}" (status {made.status}).', hint="Make it there."
            )
        return int(str(made.body["id"]))

    def check_room(self, list_id: str, names: Iterable[str]) -> None:
        """Raise StopConnection when the list cannot hold the fields that an audience maps."""
        with self._lock:
            known = self._types[list_id] = self._read_types(list_id)
        new = [name for name in names if name not in known]
        if new and len(known) + len(new) > MAX_FIELDS:
            raise StopConnection(
                f"List {list_id} has {len(known)} merge fields; {', '.join(new)} would make more than {MAX_FIELDS}.",
                hint="Delete fields in Mailchimp or map fewer.",
            )

    def fields_for(self, list_id: str, rows: Sequence[Row]) -> Mapping[str, str]:
        """Return tag -> type of the list's merge fields, after making those that rows need."""
        with self._lock:
            types = self._types.get(list_id) or self._read_types(list_id)
            if missing(rows, types):
                types = self._read_types(list_id)
            for name, kind in missing(rows, types).items():
                self._make(list_id, name, kind)
                types[name] = kind
            self._types[list_id] = types
            return dict(types)

    def _read_types(self, list_id: str) -> dict[str, str]:
        fields = "merge_fields.tag,merge_fields.type,total_items"
        found = self.client.pages(f"/lists/{list_id}/merge-fields", "merge_fields", {"fields": fields})
        return {str(field["tag"]): str(field["type"]) for field in found}

    def _make(self, list_id: str, name: str, kind: str) -> None:
        body: Json = {"tag": name, "name": name, "type": kind, "public": False, "required": False}
        answer = self._made(f"/lists/{list_id}/merge-fields", body)
        if answer.status != Reply.OK:
            raise StopConnection(
                f"Mailchimp did not make the merge field {name} ({kind}) in list {list_id} (status {answer.status}).",
                hint="The list may have as many fields as its plan allows: delete some or map fewer.",
            )

    def _made(self, path: str, body: Json) -> Reply:
        """Make something that is looked for before it is made, so that a lost answer does no harm."""
        try:
            return self.client.write("POST", path, body)
        except Unanswered as error:
            raise RetryLater(error.message, hint="Looked for again later.") from None


def _list(found: Mapping[str, Json]) -> MailingList:
    stats = found.get("stats")
    count = stats.get("member_count") if isinstance(stats, Mapping) else 0
    return MailingList(str(found["id"]), str(found["name"]), count if isinstance(count, int) else 0)
