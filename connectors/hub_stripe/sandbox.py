"""A simulated Stripe: customers, charges, refunds, subscriptions, and the log of their events. See README.md."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import ClassVar

from hub.sdk.records import Json
from hub.sdk.sandbox import Change, Person, Reply, Request, SourceSandbox, people, route

_SHOWN = 10  # items within a subscription
_KEPT = timedelta(days=30)  # how far back the log of events goes
_LANDS = {
    "people": ("customers", "customer"),
    "orders": ("charges", "charge"),
    "subscriptions": ("subscriptions", "customer.subscription"),
}  # the list of a stream, and of what its events speak
_LISTS = ("customers", "charges", "subscriptions", "events", "refunds")


class StripeSandbox(SourceSandbox):
    """One account in test mode."""

    name = "stripe"
    api_key = "rk_test_sandbox"
    kinds: ClassVar[Mapping[str, frozenset[Change]]] = {
        "people": frozenset({"touch", "remove"}),
        "orders": frozenset({"touch"}),
        "subscriptions": frozenset({"touch"}),
    }

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.objects: dict[str, dict[str, dict[str, Json]]] = {name: {} for name in _LISTS}
        self.items: dict[str, list[Json]] = {}
        self._number = 0
        for person in people(size, seed=seed):
            self._customer(person)

    # -- what the conformance suite asks ----------------------------------------------------------------------------

    def connection(self) -> Mapping[str, Json]:
        """Return good credentials."""
        return {"api_key": self.api_key, "base_url": self.url}

    def refused(self) -> Mapping[str, Json]:
        """Return a key that nobody has."""
        return {"api_key": "rk_test_that_nobody_has", "base_url": self.url}

    def expire(self) -> None:
        """Roll the key."""
        self._number += 1
        self.api_key = f"rk_test_sandbox_{self._number}"

    def make(self, stream: str, count: int = 1) -> Sequence[str]:
        """Let customers, charges or subscriptions come into being."""
        with self.lock:
            return [self._one_more(stream) for _ in range(count)]

    def touch(self, stream: str, key: str, text: str) -> None:
        """Change where a customer lives, or what is noted with a charge or a subscription."""
        values: dict[str, Json] = {"address": {"line1": text}} if stream == "people" else {"description": text}
        kind, event = _LANDS[stream]
        with self.lock:
            self._changed(kind, key, values, f"{event}.updated")

    def remove(self, stream: str, key: str) -> None:
        """Delete a customer."""
        del stream
        with self.lock:
            self._event("customer.deleted", self.objects["customers"].pop(key))

    def keys(self, stream: str) -> Sequence[str]:
        """Return the ids of what is there."""
        return [*self.objects[_LANDS[stream][0]]]

    def rows(self, body: Json) -> list[Json] | None:
        """Return the objects of a list."""
        found = body.get("data") if isinstance(body, Mapping) else None
        return found if isinstance(found, list) else None

    # -- what the vendor does ---------------------------------------------------------------------------------------

    def state(self) -> Json:
        """Return every object by list and id."""
        return {name: dict(found) for name, found in self.objects.items()}

    def authenticate(self, request: Request) -> Reply | None:
        """Refuse another key than the account's."""
        if secrets.compare_digest(request.headers.get("authorization", ""), f"Bearer {self.api_key}"):
            return None
        return _error(HTTPStatus.UNAUTHORIZED, "invalid_request_error", "", "Invalid API Key provided")

    def malformed(self, request: Request, problem: ValueError) -> Reply:  # noqa: ARG002 - the hook's signature
        """Answer as for a parameter that is wrong."""
        return _error(HTTPStatus.BAD_REQUEST, "invalid_request_error", "", str(problem))

    @route("GET", "/v1/subscription_items")
    def subscription_items(self, request: Request) -> Reply:
        """List all items of a subscription."""
        items = self.items.get(request.param("subscription"), [])
        return Reply(json={"object": "list", "data": items, "has_more": False, "url": "/v1/subscription_items"})

    @route("GET", "/v1/{kind}")
    def listed(self, request: Request, kind: str) -> Reply:
        """List the newest first, behind `starting_after`."""
        if kind not in self.objects:
            return self.not_found(request)
        limit, after = int(request.param("limit", "10")), request.param("starting_after")
        if not 1 <= limit <= 100:  # noqa: PLR2004 - the documented limits
            raise ValueError("limit must be between 1 and 100")
        oldest = self._now() - int(_KEPT.total_seconds()) if kind == "events" else 0
        found = [each for each in reversed(self.objects[kind].values()) if _wanted(each, request, oldest)]
        ids = [each["id"] for each in found]
        if after and after not in ids:
            return _missing(after)
        rest = found[ids.index(after) + 1 :] if after else found
        page: list[Json] = [*rest[:limit]]
        return Reply(json={"object": "list", "data": page, "has_more": len(rest) > limit, "url": f"/v1/{kind}"})

    @route("GET", "/v1/{kind}/{key}")
    def one(self, _request: Request, kind: str, key: str) -> Reply:
        """Return an object; a deleted customer is still known by its id."""
        found = self.objects.get(kind, {}).get(key)
        if found is not None:
            return Reply(json=found)
        gone = any(each["id"] == key for each in self._deleted())
        return Reply(json={"id": key, "object": "customer", "deleted": True}) if gone else _missing(key)

    @route("POST", "/v1/customers")
    def create_customer(self, request: Request) -> Reply:
        """Create a customer."""
        return Reply(json=self._made("customers", "cus", "customer", dict(request.form())))

    @route("POST", "/v1/customers/{key}")
    def update_customer(self, request: Request, key: str) -> Reply:
        """Change a customer."""
        return self._changed("customers", key, request.form(), "customer.updated")

    @route("DELETE", "/v1/customers/{key}")
    def delete_customer(self, _request: Request, key: str) -> Reply:
        """Delete a customer."""
        found = self.objects["customers"].pop(key, None)
        if found is None:
            return _missing(key)
        self._event("customer.deleted", found)
        return Reply(json={"id": key, "object": "customer", "deleted": True})

    @route("POST", "/v1/charges")
    def create_charge(self, request: Request) -> Reply:
        """Charge at once; it succeeds."""
        form = request.form()
        captured = form.get("capture") != "false"
        return Reply(json=self._charge(int(form["amount"]), form["currency"], form.get("customer"), captured=captured))

    @route("POST", "/v1/charges/{key}/capture")
    def capture_charge(self, request: Request, key: str) -> Reply:
        """Take the money that was held, or a part of it."""
        amount = int(request.form().get("amount", str(self.objects["charges"].get(key, {}).get("amount", 0))))
        return self._changed("charges", key, {"captured": True, "amount_captured": amount}, "charge.captured")

    @route("POST", "/v1/refunds")
    def create_refund(self, request: Request) -> Reply:
        """Refund a charge, in part where an amount is given."""
        form = request.form()
        charge = self.objects["charges"].get(form["charge"])
        if charge is None:
            return _missing(form["charge"])
        amount = int(form.get("amount", str(charge["amount"])))
        charge["amount_refunded"] = int(str(charge["amount_refunded"])) + amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self._event("charge.refunded", charge)
        return Reply(json=self._made("refunds", "re", "refund", {"charge": form["charge"], "amount": amount}))

    @route("POST", "/v1/subscriptions")
    def create_subscription(self, request: Request) -> Reply:
        """Begin a subscription to monthly prices of 9.00 euros each; its first ten items are shown in it."""
        form = request.form()
        prices = [value for name, value in form.items() if name.endswith("[price]")]
        return Reply(json=self._subscription(form, prices))

    @route("POST", "/v1/subscriptions/{key}")
    def update_subscription(self, request: Request, key: str) -> Reply:
        """Change a subscription."""
        return self._changed("subscriptions", key, request.form(), "customer.subscription.updated")

    @route("DELETE", "/v1/subscriptions/{key}")
    def cancel_subscription(self, _request: Request, key: str) -> Reply:
        """End a subscription; it stays, as canceled."""
        ended: dict[str, Json] = {"status": "canceled", "ended_at": self._now()}
        return self._changed("subscriptions", key, ended, "customer.subscription.deleted")

    def fail_refund(self, key: str) -> None:
        """Let the bank refuse a refund: the money is back on the charge."""
        with self.lock:
            refund = self.objects["refunds"][key]
            charge = self.objects["charges"][str(refund["charge"])]
            charge["amount_refunded"] = int(str(charge["amount_refunded"])) - int(str(refund["amount"]))
            charge["refunded"] = False
            self._event("refund.failed", refund)

    def _now(self) -> int:
        return int(self.now().timestamp())

    def _customer(self, person: Person) -> Mapping[str, Json]:
        name = f"{person.first_name} {person.last_name}"
        values: dict[str, Json] = {"email": person.email, "name": name, "phone": person.phone}
        return self._made("customers", "cus", "customer", values)

    def _one_more(self, stream: str) -> str:
        self._number += 1
        [person] = people(1, seed=self.seed, start=self._number)
        match stream:
            case "people":
                made = self._customer(person)
            case "orders":
                made = self._charge(1_900, "eur", None)
            case _:
                made = self._subscription({"customer": "cus_00000001"}, ["price_monthly"])
        return str(made["id"])

    def _charge(self, amount: int, currency: str, customer: str | None, *, captured: bool = True) -> Mapping[str, Json]:
        values: dict[str, Json] = {"amount": amount, "currency": currency, "status": "succeeded"}
        values |= {"captured": captured, "amount_captured": amount if captured else 0}
        values |= {"customer": customer, "amount_refunded": 0, "refunded": False}
        return self._made("charges", "ch", "charge", values, "charge.succeeded")

    def _subscription(self, form: Mapping[str, str], prices: Sequence[str]) -> Mapping[str, Json]:
        items: list[Json] = [_item(number, price) for number, price in enumerate(prices)]
        shown: Json = {"object": "list", "data": items[:_SHOWN], "has_more": len(items) > _SHOWN}
        values: dict[str, Json] = {"customer": form["customer"], "currency": "eur", "status": "active", "items": shown}
        values |= {"start_date": self._now(), "ended_at": None}
        made = self._made("subscriptions", "sub", "subscription", values, "customer.subscription.created")
        self.items[str(made["id"])] = items
        return made

    def _made(
        self, kind: str, prefix: str, name: str, values: Mapping[str, Json], event: str = ""
    ) -> Mapping[str, Json]:
        self._number += 1
        key = f"{prefix}_{self._number:08}"
        found: dict[str, Json] = {"id": key, "object": name, "created": self._now(), "livemode": False, **values}
        self.objects[kind][key] = found
        if name != "refund":
            self._event(event or f"{name}.created", found)
        return found

    def _changed(self, kind: str, key: str, values: Mapping[str, Json], event: str) -> Reply:
        found = self.objects[kind].get(key)
        if found is None:
            return _missing(key)
        found.update(values)
        self._event(event, found)
        return Reply(json=found)

    def _event(self, kind: str, found: Mapping[str, Json]) -> None:
        self._number += 1
        key = f"evt_{self._number:08}"
        data: Json = {"object": dict(found)}
        self.objects["events"][key] = {
            "id": key, "object": "event", "type": kind, "created": self._now(), "livemode": False, "data": data,
        }  # fmt: skip

    def _deleted(self) -> list[Mapping[str, Json]]:
        events = [each for each in self.objects["events"].values() if each["type"] == "customer.deleted"]
        datas = [each["data"] for each in events]
        return [found for data in datas if isinstance(data, Mapping) and isinstance(found := data["object"], Mapping)]


def _item(number: int, price: str) -> Json:
    """One of a monthly price."""
    monthly: Json = {"id": price, "unit_amount": 900, "recurring": {"interval": "month", "interval_count": 1}}
    return {"id": f"si_{number}", "object": "subscription_item", "price": monthly, "quantity": 1}


def _wanted(found: Mapping[str, Json], request: Request, oldest: int) -> bool:
    types = request.query.get("types[]", []) or [
        v for k, each in request.query.items() if k.startswith("types[") for v in each
    ]
    if types and found.get("type") not in types:
        return False
    if found["object"] == "subscription" and found["status"] == "canceled" and request.param("status") != "all":
        return False
    return int(str(found["created"])) >= max(oldest, int(request.param("created[gte]", "0")))


def _missing(key: str) -> Reply:
    return _error(HTTPStatus.NOT_FOUND, "invalid_request_error", "resource_missing", f"No such object: '{key}'")


def _error(status: int, kind: str, code: str, message: str) -> Reply:
    return Reply(status=status, json={"error": {"type": kind, "code": code, "message": message}})
