"""Nobody is named in logs, errors, codes and addresses of requests."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5, sha1, sha256

from hub.sdk.errors import HubError
from hub.testing.checks.credentials import secrets_of
from hub.testing.delivering.registry import check, errors_of
from hub.testing.delivering.trouble import LOST
from hub.testing.desk import Desk
from hub.testing.registry import must

_NAME, _PHONE = "Ada Lovelace-Planted", "+12025550147"
_STATUSES = (400, 401, 403, 404, 409, 413, 422, 500)
_TRACES = 15  # the deepest chain of errors that is looked at


@check
def nobody_is_named_in_an_error(desk: Desk) -> None:
    """Neither credentials nor addresses, phones, names and digests are in errors, codes or logs, whatever happens."""
    wanted = desk.people(3)
    told = [str(fact.text) for fact in desk.destination().check()]
    faults = [*LOST, *desk.box.too_fast, *({"kind": "status", "status": status} for status in _STATUSES)]
    with _logged() as lines:
        for keys in faults:
            for body in _echoes(wanted[0]):
                with desk.fault(**{"body": body, "times": None, **keys}):
                    told += _told_by(desk, wanted)
    _names_nobody(desk, [*told, *lines], wanted)


@check
def a_refused_row_names_nobody(desk: Desk) -> None:
    """The vendor's own words about a row, which quote the person, come through neither as a code nor in a log."""
    wanted = desk.people(4)
    with _logged() as lines:
        for outcome in sorted(desk.box.verdicts):
            desk.box.spoil(wanted[0], outcome)
            told = _told_by(desk, wanted)
            desk.box.mend()
            _names_nobody(desk, told, wanted)
    _names_nobody(desk, lines, wanted)


@check
def requests_name_nobody_in_their_address(desk: Desk) -> None:
    """Whoever is added, updated and removed, no address of a request holds theirs, nor a secret."""
    wanted = desk.people(3)
    desk.deliver("add", wanted)
    desk.deliver("update", wanted)
    desk.deliver("remove", wanted)
    for each in desk.box.requests:
        text = f"{each.request.path}?{dict(each.request.query)}"
        must("@" not in text and "%40" not in text, "somebody's address is in the address of a request")
        secrets = [*secrets_of(desk.destination().settings)]
        must(not any(secret in text for secret in secrets), "a secret is in the address of a request")


def _told_by(desk: Desk, wanted: list[str]) -> list[str]:
    """Return everything that a delivery says: the error with its causes, and each verdict's code."""
    codes: list[str] = []
    error = errors_of(desk, lambda: codes.extend(each.code for each in desk.deliver("add", wanted).values()))
    return [*codes, *_chain(error)]


def _chain(error: HubError | None) -> Iterator[str]:
    """Yield what a traceback would show: `raise ... from None` hides what came before."""
    now: BaseException | None = error
    for _ in range(_TRACES):
        if now is None:
            return
        yield str(now)
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)


def _echoes(wire: str) -> list[str]:
    """The bodies with which vendors repeat what they were sent."""
    quoted = {"email_address": wire, "phone": _PHONE, "name": _NAME, "hash": md5(wire.encode()).hexdigest()}  # noqa: S324
    text = f"{wire} ({_NAME}, {_PHONE}) is not valid"
    error = {"code": "invalid", "message": text, "title": text, "detail": text, "error": text, "context": quoted}
    return [json.dumps({**error, "errors": [error]}), json.dumps({**error, "code": wire, "category": wire}), text]


def _names_nobody(desk: Desk, told: list[str], wanted: list[str]) -> None:
    secrets = [*secrets_of(desk.destination().settings)]
    people = [form for wire in wanted for form in _forms(wire)]
    for text in told:
        lower = text.lower()
        must(not any(form in lower for form in people), "somebody's address, or a digest of it, is in a text")
        must(_PHONE not in text and _PHONE[1:] not in text, "a phone number is in a text")
        must("lovelace" not in lower, "somebody's name is in a text")
        must(not any(secret in text for secret in secrets), "a secret is in a text")


def _forms(wire: str) -> list[str]:
    raw = wire.lower().encode()
    digests = [make(raw).hexdigest() for make in (md5, sha1, sha256)]
    return [wire.lower(), wire.lower().replace("@", "%40"), *digests]


@contextmanager
def _logged() -> Iterator[list[str]]:
    """Collect every line that is logged, at any level, with what goes along."""
    lines: list[str] = []
    handler, root = logging.Handler(), logging.getLogger()
    handler.emit = lambda record: lines.append(str(record.__dict__))  # type: ignore[method-assign]
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
