"""Refusals in the shape Mailchimp gives them: `application/problem+json`."""

from collections.abc import Sequence
from uuid import uuid4

from hub.sdk.records import Json
from hub.sdk.sandbox import Reply

_TYPE = "https://mailchimp.com/developer/marketing/docs/errors/"
_COMPLIANCE = "{} is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed."
_FORGOTTEN = "{} was permanently deleted and cannot be re-imported."
_EXISTS = "{} is already a list member. Use PUT to insert or update list members."
_FIELDWISE = "The resource submitted could not be validated. For field-specific details, see the 'errors' array."


class Problem(ValueError):
    """A refusal: HTTP status, title, detail, and (field, message) pairs. Titles and texts as recorded, see README."""

    def __init__(self, status: int, title: str, detail: str, errors: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = errors

    def reply(self) -> Reply:
        """Return it as an HTTP answer."""
        body: dict[str, Json] = {"type": _TYPE, "title": self.title, "status": self.status, "detail": self.detail}
        listed: dict[str, Json] = (
            {"errors": [{"field": field, "message": text} for field, text in self.errors]} if self.errors else {}
        )
        return Reply(
            self.status,
            json={**body, "instance": str(uuid4()), **listed},
            content_type="application/problem+json; charset=utf-8",
        )


def not_found() -> Problem:
    """Make the answer for a list, member, segment or batch that is not there."""
    return Problem(404, "Resource Not Found", "The requested resource could not be found.")


def invalid(field: str, message: str) -> Problem:
    """Make the answer for one bad property of the request."""
    return Problem(400, "Invalid Resource", _FIELDWISE, [(field, message)])


def rejected(detail: str, errors: Sequence[tuple[str, str]] = ()) -> Problem:
    """Make the answer for a well-formed request that makes no sense."""
    return Problem(400, "Invalid Resource", detail, errors)


def compliance(address: str) -> Problem:
    """Make the answer for subscribing somebody who opted out, bounced or is under review."""
    return Problem(400, "Member In Compliance State", _COMPLIANCE.format(address))


def forgotten(address: str) -> Problem:
    """Make the answer for an address that was deleted for good."""
    return Problem(400, "Forgotten Email Not Subscribed", _FORGOTTEN.format(address))


def exists(address: str) -> Problem:
    """Make the answer for creating a member who is there."""
    return Problem(400, "Member Exists", _EXISTS.format(address))
