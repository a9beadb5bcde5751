"""Base of the simulated vendors that serve `hub sandbox NAME`, the demo and the tests of connectors.

A sandbox is a small HTTP server on a real socket, so that time-outs, resets and cut bodies are real ones:

    class Shop(Sandbox):
        name = "shop"

        @route("GET", "/v1/customers/{customer_id}")
        def customer(self, request: Request, customer_id: str) -> Reply:
            return Reply(json=self.customers[customer_id])

        def state(self) -> Json:
            return {"customers": len(self.customers)}

    with Shop(seed=7) as box:
        box.faults.add(Fault(kind="reset_after", path="/v1/customers*"))
        ...  # talk to box.url, then look at box.requests and box.state()
"""

from hub.sdk.sandbox.base import Exchange, Sandbox, route
from hub.sdk.sandbox.destination import DestinationSandbox
from hub.sdk.sandbox.faults import Fault, Faults
from hub.sdk.sandbox.messages import Reply, Request
from hub.sdk.sandbox.people import Person, people
from hub.sdk.sandbox.service_account import ServiceAccountSandbox
from hub.sdk.sandbox.source import Change, SourceSandbox

__all__ = [
    "Change",
    "DestinationSandbox",
    "Exchange",
    "Fault",
    "Faults",
    "Person",
    "Reply",
    "Request",
    "Sandbox",
    "ServiceAccountSandbox",
    "SourceSandbox",
    "people",
    "route",
]
