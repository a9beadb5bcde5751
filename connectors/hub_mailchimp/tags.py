"""Writing tags: a tag is a static segment, to which 500 members are added, or taken from, in one request."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from hub.sdk.errors import HubError, StopConnection
from hub.sdk.records import Answer, Batch, Json, NotApplied, Row, Verdict
from hub_mailchimp.client import CONNECTIONS, Client, Reply, items
from hub_mailchimp.contacts import member_path
from hub_mailchimp.verdicts import HERE, of_member, vendor_id

_KEYS = {"add": "members_to_add", "update": "members_to_add", "remove": "members_to_remove"}
_DONE = {"add": "members_added", "update": "members_added", "remove": "members_removed"}


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of one list, by its segment id."""

    client: Client
    list_id: str
    segment_id: int

    def write(self, batch: Batch) -> Answer:
        """Add or remove the tag. Members that the answer passes over in silence are looked up one by one."""
        answer = self._sent(batch)
        if answer.status != Reply.OK:
            return NotApplied(code=f"http_{answer.status}")
        reported = {str(m.get("email_address")).lower(): m for m in items(answer.body, _DONE[batch.op])}
        verdicts = [self._confirmed(i, batch.op, reported[a]) for i, a in _addresses(batch.rows) if a in reported]
        open_rows = [(i, batch.rows[i]) for i, a in _addresses(batch.rows) if a not in reported]
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            return [*verdicts, *pool.map(lambda pair: self._looked_up(pair[0], pair[1], batch.op), open_rows)]

    def _sent(self, batch: Batch) -> Reply:
        answer = self.client.write(
            "POST",
            f"/lists/{self.list_id}/segments/{self.segment_id}",
            {_KEYS[batch.op]: [row.wire["email"] for row in batch.rows]},
        )
        if answer.status == Reply.MISSING:
            raise StopConnection(
                f"Mailchimp no longer knows segment {self.segment_id} of list {self.list_id}.",
                hint="Run again; a tag that was deleted is made anew then.",
            )
        return answer

    def _confirmed(self, index: int, op: str, member: Mapping[str, Json]) -> Verdict:
        if op == "remove":
            return Verdict(index, "absent")
        return Verdict(index, "present", vendor_id=vendor_id(member))

    def _looked_up(self, index: int, row: Row, op: str) -> Verdict:
        try:
            fields = "contact_id,status,last_changed,tags"
            answer = self.client.read(member_path(self.list_id, row.wire["email"]), {"fields": fields})
        except HubError:
            return Verdict(index, "unknown", "not_confirmed")
        if answer.status == Reply.MISSING:
            return Verdict(index, "absent") if op == "remove" else Verdict(index, "rejected", "not_in_list")
        return self._judged(index, op, answer.body)

    def _judged(self, index: int, op: str, member: Mapping[str, Json]) -> Verdict:
        tagged = any(tag.get("id") == self.segment_id for tag in items(member, "tags"))
        if tagged != (op == "remove"):
            return self._confirmed(index, op, member)
        if op == "remove" or member.get("status") in HERE:
            return Verdict(index, "unknown", "not_confirmed")
        return of_member(index, member)


def _addresses(rows: Sequence[Row]) -> list[tuple[int, str]]:
    return [(index, row.wire["email"].lower()) for index, row in enumerate(rows)]
