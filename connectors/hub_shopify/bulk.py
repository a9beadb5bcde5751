"""Everything at once: a job at Shopify, and the file of JSON lines that it writes.

The job is asked to put the lines of an order right behind it, so that no more than one order is held in memory. The
file lies at another host: it gets no token, and comes in pieces.
"""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from hub.sdk.errors import BadData, HubError, RetryLater, StopConnection
from hub.sdk.http import Http, loads
from hub.sdk.http.retry import pace
from hub.sdk.records import Json, Page
from hub_shopify.client import Client
from hub_shopify.documents import CANCEL, JOB, START, Kind
from hub_shopify.values import Object, count, objects, part, text

PIECE = 8_000_000  # bytes of the file that are asked for at a time
_FIRST, _LONGEST = 1.0, 10.0  # seconds between two looks at a job
_PATIENCE = 600.0  # seconds without any progress
_WORKING = frozenset({"CREATED", "RUNNING"})
_BUSY = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})


def everything(client: Client, kind: Kind, document: str) -> Generator[Page, None, Iterator[Object]]:
    """Run a job; yield empty pages while it works, return its objects, each with its lines.

    Raises:
        RetryLater: it failed, stands still, or others of the app are in the way.
        StopConnection: Shopify refuses the job.
    """
    job = yield from _started(client, document)
    try:
        done = yield from _finished(client, kind, job)
    except GeneratorExit:  # the read was given up: nobody will fetch the file
        _cancel(client, job)
        raise
    return _objects(client, kind, done)


def _started(client: Client, document: str) -> Generator[Page, None, str]:
    for pause in _pauses():
        payload = part(client.ask(START, {"query": document}).data, "bulkOperationRunQuery")
        key = text(part(payload, "bulkOperation"), "id")
        codes = {text(each, "code") or "no code" for each in objects(payload.get("userErrors"))}
        if key is not None and not codes:
            return key
        if not codes & _BUSY:
            said = ", ".join(sorted(codes)) or "no id of it"
            raise (StopConnection if codes else BadData)(f"Shopify refused a bulk operation ({said}).")
        yield Page()
        time.sleep(pause)
    raise RetryLater("Other bulk operations of this app are in the way.", hint="Give each program an app of its own.")


def _finished(client: Client, kind: Kind, job: str) -> Generator[Page, None, Object]:
    """Look at a job until it is done, or stands still."""
    before, idle = "", _pauses()
    while True:
        found = part(client.ask(JOB, {"id": job}).data, "bulkOperation")
        status = text(found, "status")
        if status == "COMPLETED":
            return found
        if status not in _WORKING:
            raise _failed(kind, found)
        progress = f"{status} {found.get('objectCount')}"
        idle = idle if progress == before else _pauses()
        before = progress
        pause = next(idle, None)
        if pause is None:
            _cancel(client, job)
            raise RetryLater(f"The bulk operation of {kind.name} has not moved for {_PATIENCE / 60:.0f} minutes.")
        yield Page()
        time.sleep(pause)


def _cancel(client: Client, job: str) -> None:
    with suppress(HubError):
        client.ask(CANCEL, {"id": job})


def _failed(kind: Kind, found: Object) -> HubError:
    """A job that failed is no end of the list, whatever part of it was written."""
    if text(found, "status") is None:
        return BadData(f"Shopify does not know the bulk operation of {kind.name}.")
    code = f"{text(found, 'status')} {text(found, 'errorCode') or ''}".strip()
    if text(found, "errorCode") == "ACCESS_DENIED":
        return StopConnection(f"The bulk operation of {kind.name} ended: {code}.", hint="Check the app's scopes.")
    return RetryLater(f"The bulk operation of {kind.name} ended: {code}. It is begun anew with the next read.")


def _objects(client: Client, kind: Kind, done: Object) -> Iterator[Object]:
    """Yield the objects of a job that is done. Raises BadData where fewer came than Shopify counted."""
    address, lines, roots = text(done, "url"), 0, 0
    if address is not None:
        for node, children in _families(_lines(client.address, address, done)):
            lines, roots = lines + 1 + len(children), roots + 1
            yield {**node, "lineItems": {"nodes": children}} if kind.lines else node
    if (lines, roots) != (_number(done, "objectCount"), _number(done, "rootObjectCount")):
        raise BadData(f"Shopify counts other {kind.name} than it wrote into the file of its bulk operation.")


def _families(lines: Iterator[Object]) -> Iterator[tuple[Object, Sequence[Object]]]:
    """Yield each object with those that stand right behind it."""
    parent: Object | None = None
    children: list[Object] = []
    for line in lines:
        if "__parentId" not in line:
            if parent is not None:
                yield parent, children
            parent, children = line, []
        elif parent is None or line["__parentId"] != parent.get("id"):
            raise BadData("The file of a bulk operation holds a line that does not stand behind its parent.")
        else:
            children.append(line)
    if parent is not None:
        yield parent, children


def _lines(shop: str, address: str, done: Object) -> Iterator[Object]:
    rest = b""
    for piece in _pieces(shop, address, _number(done, "fileSize")):
        *whole, rest = (rest + piece).split(b"\n")
        yield from map(_line, filter(None, whole))
    if rest:
        yield _line(rest)


def _pieces(shop: str, address: str, size: int) -> Iterator[bytes]:
    """Yield the file in pieces; a server that does not know pieces gives it whole."""
    parts, own = urlsplit(address), urlsplit(shop)
    if parts.scheme != "https" and parts.netloc != own.netloc:
        raise BadData("The file of a bulk operation has an address that is not https.")
    with Http(f"{parts.scheme}://{parts.netloc}") as http:
        got = 0
        while got < size:
            wanted = {"Range": f"bytes={got}-{min(got + PIECE, size) - 1}", "Accept-Encoding": "identity"}
            body = http.get(address, headers=wanted).body
            if not body or got + len(body) > size:
                raise BadData("The file of a bulk operation has another size than Shopify says.")
            yield body
            got += len(body)


def _line(line: bytes) -> Object:
    try:
        found = loads(line)
    except (ValueError, RecursionError):
        raise BadData("The file of a bulk operation holds a line that is no JSON.") from None
    if isinstance(found, Mapping):
        return found
    raise BadData("The file of a bulk operation holds a line that is no object.")


def _number(found: Object, key: str) -> int:
    value: Json = found.get(key)
    return count(value, key) if isinstance(value, str | int) and str(value).isdigit() else 0


def _pauses() -> Iterator[float]:
    """Yield how long to wait, longer each time, until patience is used up."""
    pause, left = _FIRST, _PATIENCE
    while left > 0:
        yield pause * pace.get()
        left, pause = left - pause, min(pause * 2, _LONGEST)
