"""The paths below `/_sandbox/`: look inside, and order faults, from outside the process."""

from typing import TYPE_CHECKING

from pydantic import ValidationError

from hub.sdk.records import Json
from hub.sdk.sandbox.faults import Fault
from hub.sdk.sandbox.messages import Reply, Request

if TYPE_CHECKING:
    from hub.sdk.sandbox.base import Exchange, Sandbox


def control(box: "Sandbox", request: Request) -> Reply:
    """Answer `GET state`, `GET requests` and `GET`, `POST`, `DELETE faults`."""
    match request.method, request.path.removeprefix("/_sandbox/"):
        case "GET", "state":
            with box.lock:
                return Reply(json=box.state())
        case "GET", "requests":
            with box.lock:
                return Reply(json=[_line(exchange) for exchange in box.requests])
        case "GET", "faults":
            return Reply(json=[fault.model_dump() for fault in box.faults.waiting()])
        case "POST", "faults":
            return _order(box, request)
        case "DELETE", "faults":
            box.faults.clear()
            return Reply(status=204)
    return Reply(status=404, json={"error": "known here: state, requests, faults"})


def _order(box: "Sandbox", request: Request) -> Reply:
    try:
        box.faults.add(Fault.model_validate_json(request.body))
    except ValidationError as error:
        return Reply(status=400, json={"error": str(error)})
    return Reply(status=201, json={"waiting": len(box.faults.waiting())})


def _line(exchange: "Exchange") -> Json:
    asked = exchange.request
    return {
        "method": asked.method,
        "path": asked.path,
        "query": {key: list(values) for key, values in asked.query.items()},
        "status": exchange.status,
        "body": asked.body.decode("utf-8", "replace"),
        "at": exchange.at.isoformat(),
        "fault": exchange.fault,
    }
