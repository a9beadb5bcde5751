"""The simulated shop: its routes, who is let in, and what the conformance suite asks of it."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from http import HTTPStatus
from typing import ClassVar, cast

from hub.sdk.records import Json
from hub.sdk.sandbox import Change, Reply, Request, SourceSandbox, people, route
from hub_shopify.sandbox import records
from hub_shopify.sandbox.cost import MOST, Bucket, cost, extra
from hub_shopify.sandbox.execute import Denial, Execution, look_for_graphql, operation_of, parsed
from hub_shopify.sandbox.jobs import Jobs
from hub_shopify.sandbox.lists import Many, Refusal
from hub_shopify.sandbox.records import Record, gid, typed

VERSION = "2026-10"
_DAY = 86_399  # seconds that a minted token lives
_HOUR = 3_600  # seconds that a refreshed token lives
_RECENT = timedelta(days=60)
_SCOPES = ("read_customers", "read_orders", "read_all_orders", "read_products")
_ROOTS = {"customers": "people", "orders": "orders", "products": "products", "abandonedCheckouts": "carts"}
_NEEDS = {
    "customers": "read_customers",
    "orders": "read_orders",
    "products": "read_products",
    "abandonedCheckouts": "read_orders",
}


class ShopifySandbox(SourceSandbox):
    """One shop.

    `scopes`: what the app was granted. `hidden`: `Type.field` that is protected from the app. `version`: the one that
    answers, whichever is asked for. `most_jobs`: bulk operations that may run at once. `bucket_size` and `restore_rate`
    are those of the Standard plan.
    """

    name = "shopify"
    kinds: ClassVar[Mapping[str, frozenset[Change]]] = {
        "people": frozenset({"touch"}),
        "orders": frozenset({"touch"}),
        "order_lines": frozenset({"touch"}),
        "products": frozenset({"touch"}),
        "carts": frozenset({"touch"}),
    }
    renews: ClassVar[bool] = True
    one_page: ClassVar[int] = 50
    bucket_size: ClassVar[float] = 2_000
    restore_rate: ClassVar[float] = 100
    static_token: ClassVar[str] = "shpat_sandbox"  # noqa: S105 - a made-up one

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        look_for_graphql()
        self.shop = "sandbox"
        self.client_id, self.client_secret = "sandbox-client-id", "sandbox-client-secret"
        self.refresh_token = "shprt_0"  # noqa: S105 - the same
        self.minted: set[str] = set()
        self.scopes = set(_SCOPES)
        self.hidden: frozenset[str] = frozenset()
        self.version = VERSION
        self.most_jobs = 5
        self.bucket = Bucket(self.bucket_size, self.restore_rate)
        self.jobs = Jobs(self)
        self.objects: dict[str, dict[str, Record]] = {stream: {} for stream in _ROOTS.values()}
        self._numbers, self._ended = 1_000, 0
        for stream in ("people", "products", "orders", "carts"):
            self.make(stream, size)

    # -- what the suite and tests do ----------------------------------------------------------------------------------

    def connection(self) -> Mapping[str, Json]:
        """Return good credentials."""
        app: dict[str, Json] = {"client_id": self.client_id, "client_secret": self.client_secret}
        return {"shop": self.shop, "base_url": self.url, **app}

    def refused(self) -> Mapping[str, Json]:
        """Return the secret of another app."""
        return {**self.connection(), "client_secret": "secret-of-nobody"}

    def expire(self) -> None:
        """Let all tokens that were minted end."""
        self.minted.clear()
        self._ended += 1

    def make(self, stream: str, count: int = 1) -> Sequence[str]:
        """Let objects come into being; lines do so with an order of their own."""
        return [self._made(stream) for _ in range(count)]

    def touch(self, stream: str, key: str, text: str) -> None:
        """Change an object; of a line its title, with its order."""
        if stream == "order_lines":
            found = self.objects["orders"][key.partition("/")[0]]
            self._lines(found)[0]["title"] = text
        else:
            found = self.objects[stream][key]
            field = {"people": "lastName", "products": "title", "carts": "note"}.get(stream)
            found |= {field: text} if field else {"tags": [text]}
        found["updatedAt"] = self.stamp()

    def remove(self, stream: str, key: str) -> None:
        """Delete an object; no list tells of it."""
        del self.objects[stream][key]

    def keys(self, stream: str) -> Sequence[str]:
        """Return the numbers of all objects of a stream."""
        if stream == "order_lines":
            return [self._line_key(order) for order in self.objects["orders"].values()]
        return list(self.objects[stream])

    def rows(self, body: Json) -> list[Json] | None:
        """Return the objects of a page."""
        data = body.get("data") if isinstance(body, Mapping) else None
        for found in data.values() if isinstance(data, Mapping) else ():
            listed = found.get("nodes") if isinstance(found, Mapping) else None
            if isinstance(listed, list):
                return listed
        return None

    def signed(self, topic: str, body: bytes, event: str = "event-1") -> Mapping[str, str]:
        """Return the headers of an event as Shopify sends it."""
        digest = hmac.digest(self.client_secret.encode(), body, "sha256")
        return {
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
            "X-Shopify-Shop-Domain": f"{self.shop}.myshopify.com",
            "X-Shopify-API-Version": self.version,
            "X-Shopify-Webhook-Id": f"webhook-{event}",
            "X-Shopify-Event-Id": event,
            "X-Shopify-Triggered-At": self.now().isoformat(),
        }

    def state(self) -> Json:
        """Return how many objects there are."""
        return {stream: len(found) for stream, found in self.objects.items()}

    def stamp(self) -> str:
        """Return the shop's time as Shopify writes it, to the second."""
        return self.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    # -- what Shopify does --------------------------------------------------------------------------------------------

    def authenticate(self, request: Request) -> Reply | None:
        """Ask for a token at the API; the file of a job is signed by its address."""
        if not request.path.startswith("/admin/api/"):
            return None
        token = request.headers.get("x-shopify-access-token", "")
        if token in self.minted or token == self.static_token:
            return None
        return Reply(
            status=HTTPStatus.UNAUTHORIZED,
            json={"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"},
        )

    @route("POST", "/admin/oauth/access_token")
    def token(self, request: Request) -> Reply:
        """Mint a token, or use a refresh token up."""
        kind = request.headers.get("content-type", "")
        given = request.json() if kind.startswith("application/json") else request.form()
        given = given if isinstance(given, Mapping) else {}
        if (given.get("client_id"), given.get("client_secret")) != (self.client_id, self.client_secret):
            return _refusal("invalid_client")
        if given.get("grant_type") == "client_credentials":
            return self._token(_DAY, {})
        if given.get("grant_type") != "refresh_token" or given.get("refresh_token") != self.refresh_token:
            return _refusal("invalid_grant")
        self.refresh_token = f"shprt_{len(self.refresh_token)}{self.refresh_token[6:]}"
        return self._token(_HOUR, {"refresh_token": self.refresh_token, "refresh_token_expires_in": 7_776_000})

    @route("POST", "/admin/api/{version}/graphql.json")
    def graphql(self, request: Request, version: str) -> Reply:
        """Answer a query, or say why not, with status 200."""
        del version
        asked = request.json()
        if not isinstance(asked, Mapping) or not isinstance(asked.get("query"), str):
            return Reply(status=HTTPStatus.BAD_REQUEST, json={"errors": {"query": "Required parameter missing"}})
        headers = {"X-Shopify-API-Version": self.version}
        try:
            return Reply(json=self._answered(asked), headers=headers)
        except Refusal as refusal:
            errors: Json = [{"message": str(refusal), "extensions": {"code": refusal.code}}]
            return Reply(json={"errors": errors}, headers=headers)

    @route("GET", "/files/{name}")
    def file(self, request: Request, name: str) -> Reply:
        """Give the file of a job, or a piece of it."""
        found = self.jobs.files.get(name)
        if found is None or not request.param("signature"):
            return Reply(status=HTTPStatus.FORBIDDEN, body=b"<Error/>", content_type="application/xml")
        first, last = _range(request.headers.get("range", ""), len(found))
        if first is None:
            return Reply(body=found, content_type="application/jsonl")
        headers = {"Content-Range": f"bytes {first}-{last}/{len(found)}"}
        return Reply(
            status=HTTPStatus.PARTIAL_CONTENT,
            body=found[first : last + 1],
            content_type="application/jsonl",
            headers=headers,
        )

    def root(self) -> Record:
        """Return what a query begins at."""
        lists = {name: self._listed(name) for name in _ROOTS}
        app = typed("App", title="Audience hub", handle="audience-hub")
        granted = [typed("AccessScope", handle=each, description=each) for each in sorted(self.scopes)]
        versions = [typed("ApiVersion", handle=each, displayName=each, supported=True) for each in (VERSION, "2026-07")]
        return typed(
            "QueryRoot",
            **lists,
            shop=typed(
                "Shop", id=gid("Shop", 1), name="Sandbox Shop", myshopifyDomain=f"{self.shop}.myshopify.com",
                ianaTimezone="America/New_York", currencyCode=records.CURRENCY, email="owner@shop.example",
            ),
            currentAppInstallation=typed("AppInstallation", id=gid("App", 1), app=app, accessScopes=granted),
            publicApiVersions=versions,
            bulkOperation=lambda args: self.jobs.all.get(str(args["id"])),
            node=lambda args: self._node(str(args["id"])),
            nodes=lambda args: [self._node(str(each)) for each in cast("list[object]", args["ids"])],
            **{f"{name}Count": self._count(name) for name in ("customers", "orders")},
        )  # fmt: skip

    def _changes(self) -> Record:
        return typed("Mutation", bulkOperationRunQuery=self._start, bulkOperationCancel=self._cancel)

    def _answered(self, asked: Mapping[str, Json]) -> Json:
        document = parsed(str(asked["query"]))
        name = asked.get("operationName")
        operation = operation_of(document, name if isinstance(name, str) else None)
        variables = asked.get("variables")
        run = Execution(document, variables if isinstance(variables, dict) else {}, self.hidden)
        points = cost(operation, document, run)
        if operation.operation.value == "query":
            self.jobs.work()
        extensions: dict[str, Json] = {"cost": {"requestedQueryCost": points, "actualQueryCost": None}}
        if points > MOST:
            limits: Json = {"code": "MAX_COST_EXCEEDED", "cost": points, "maxCost": MOST}
            return {"errors": [{"message": f"Query cost is {points}, which exceeds {MOST}", "extensions": limits}]}
        if not self.bucket.pay(points):
            extensions = {"cost": {**_mapping(extensions["cost"]), "throttleStatus": self.bucket.status()}}
            return {
                "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}], "extensions": extensions,
            }  # fmt: skip
        data = run.run(operation, self._changes() if operation.operation.value == "mutation" else self.root())
        actual = min(run.spent + extra(operation), points)
        self.bucket.refund(points - actual)
        spent: Json = {"requestedQueryCost": points, "actualQueryCost": actual, "throttleStatus": self.bucket.status()}
        errors: dict[str, Json] = {"errors": run.errors} if run.errors else {}
        return {"data": data, **errors, "extensions": {"cost": spent}}

    def _start(self, args: Mapping[str, object]) -> Record:
        job, code = self.jobs.start(str(args["query"]), grouped=args.get("groupObjects") is True)
        message = typed("BulkOperationUserError", field=["query"], message=code, code=code)
        return typed("Payload", bulkOperation=job, userErrors=[message] if code else [])

    def _cancel(self, args: Mapping[str, object]) -> Record:
        return typed("Payload", bulkOperation=self.jobs.cancel(str(args["id"])), userErrors=[])

    def _listed(self, name: str) -> Many | Denial:
        if _NEEDS[name] not in self.scopes:
            return Denial()
        found = list(self.objects[_ROOTS[name]].values())
        if name == "orders" and "read_all_orders" not in self.scopes:
            since = (self.now() - _RECENT).strftime("%Y-%m-%dT%H:%M:%SZ")
            found = [each for each in found if str(each["createdAt"]) >= since]
        return Many(found, whole_days=name == "customers", sort="PROCESSED_AT" if name == "orders" else "ID")

    def _count(self, name: str) -> object:
        listed = self._listed(name)
        if isinstance(listed, Denial):
            return listed
        return typed("Count", count=len(listed.items), precision="EXACT")

    def _node(self, key: str) -> Record | None:
        number = key.rpartition("/")[2]
        found = (stream.get(number) for stream in self.objects.values())
        return next((each for each in found if each and each["id"] == key), None)

    def _token(self, seconds: int, more: Mapping[str, Json]) -> Reply:
        token = f"shpat_minted_{self._ended:06}"
        self.minted.add(token)
        scope = ",".join(sorted(self.scopes))
        return Reply(json={"access_token": token, "scope": scope, "expires_in": seconds, **more})

    def _made(self, stream: str) -> str:
        self._numbers += 1
        number, now = self._numbers, self.stamp()
        if stream == "people":
            [person] = people(1, seed=self.seed, start=len(self.objects["people"]))
            self.objects[stream][str(number)] = records.customer(number, person, now)
        elif stream == "products":
            self.objects[stream][str(number)] = records.product(number, now)
        elif stream == "carts":
            self.objects[stream][str(number)] = records.checkout(
                number, self._newest("people"), now, f"https://{self.shop}.example"
            )
        else:
            lines = [records.line(number + 500_000, self._newest("products"))]
            order = records.order(number, self._newest("people"), lines, now)
            self.objects["orders"][str(number)] = order
            return self._line_key(order) if stream == "order_lines" else str(number)
        return str(number)

    def _newest(self, stream: str) -> Record | None:
        found = self.objects[stream]
        return found[next(reversed(found))] if found else None

    def _line_key(self, order: Record) -> str:
        return f"{_number_of(order)}/{_number_of(self._lines(order)[0])}"

    def _lines(self, order: Record) -> list[Record]:
        return cast("list[Record]", order["lineItems"])


def _number_of(record: Record) -> str:
    """Return the number of an object's id."""
    return str(record["id"]).rpartition("/")[2]


def _refusal(code: str) -> Reply:
    return Reply(status=HTTPStatus.BAD_REQUEST, json={"error": code, "error_description": "refused"})


def _range(header: str, size: int) -> tuple[int | None, int]:
    if not header.startswith("bytes="):
        return None, 0
    first, _, last = header.removeprefix("bytes=").partition("-")
    return int(first), min(int(last), size - 1)


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
