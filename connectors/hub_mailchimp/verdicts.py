"""What Mailchimp's answers mean for one row. Codes are ours and stable; the vendor's texts echo addresses."""

from collections.abc import Mapping
from datetime import datetime

from hub.sdk.records import Json, Row, Suppression, Verdict

HERE = frozenset({"subscribed", "pending", "transactional"})
OPTED_OUT = "unsubscribed"
_TITLES = {
    "Member In Compliance State": "member_in_compliance_state",
    "Forgotten Email Not Subscribed": "forgotten_email_not_subscribed",
}
_BAD_ADDRESS = ("looks fake or invalid", "valid email address")


def opt_out(member: Mapping[str, Json]) -> Suppression:
    """Make the suppression of an unsubscribed member; `last_changed` is the latest it can have happened."""
    changed = member.get("last_changed")
    when = datetime.fromisoformat(changed) if isinstance(changed, str) and changed else None
    return Suppression("email", "marketing", when)


def vendor_id(member: Mapping[str, Json]) -> str | None:
    """Return the contact id, which stays when the address changes."""
    found = member.get("contact_id")
    return found if isinstance(found, str) else None


def of_member(index: int, member: Mapping[str, Json]) -> Verdict:
    """Judge by the member that Mailchimp shows after a write."""
    status = member.get("status")
    if status in HERE:
        return Verdict(index, "present", vendor_id=vendor_id(member))
    if status == OPTED_OUT:
        return Verdict(index, "suppressed", OPTED_OUT, suppression=opt_out(member))
    if status in {"cleaned", "archived"}:
        return Verdict(index, "rejected", str(status))
    return Verdict(index, "unknown", "unexpected_status")


def of_problem(index: int, row: Row, status: int, problem: Mapping[str, Json]) -> Verdict:
    """Judge by a refusal that concerns this row alone; an unknown one may pass next time."""
    code = _TITLES.get(str(problem.get("title")))
    if code:
        return Verdict(index, "suppressed", code, suppression=Suppression("email", "marketing"))
    if problem.get("title") == "Member Exists":
        return Verdict(index, "rejected", "member_exists")
    if any(text in str(problem.get("detail")) for text in _BAD_ADDRESS):
        return Verdict(index, "rejected", "invalid_address")
    if problem.get("title") == "Invalid Resource":
        return Verdict(index, "rejected", _field_code(row, problem))
    return Verdict(index, "retry", f"http_{status}")


def _field_code(row: Row, problem: Mapping[str, Json]) -> str:
    errors = problem.get("errors")
    listed = [error for error in errors if isinstance(error, Mapping)] if isinstance(errors, list) else []
    named = {str(error.get("field")).removeprefix("merge_fields.") for error in listed}
    bad = sorted(named & row.fields.keys())
    return f"invalid_merge_field:{bad[0]}" if bad else "invalid_resource"
