"""A simulated Data Manager with one Google Ads account, written from the documentation. See README.md, one up."""

import secrets
import time
from collections import deque
from collections.abc import Mapping, Sequence
from hashlib import sha256
from http import HTTPStatus
from typing import ClassVar

from hub.sdk.records import Json, Outcome
from hub.sdk.sandbox import DestinationSandbox, Reply, Request, ServiceAccountSandbox, route
from hub_google_ads.sandbox.checks import Flaw, Object, objects, of_member, of_request, texts
from hub_google_ads.sandbox.lists import Job, UserList
from hub_google_ads.sandbox.schema import INGEST, REMOVE, USER_LIST, Unknown, read

CUSTOMER, MANAGER = "1234567890", "9876543210"
_LISTS = "/v1/accountTypes/GOOGLE_ADS/accounts/{account}/userLists"
_NAME, _LOOKS, _A_MINUTE = "Customers", 2, 60.0
_MOST_SECONDS, _DAY = 540 * 86_400, 86_400


class GoogleAdsSandbox(ServiceAccountSandbox, DestinationSandbox):
    """One account and its user lists.

    `allowed`: whether the service account may use it. `per_minute`: requests in a minute. `blames`: whether a refusal
    names the member. `eea`: identifiers of people who live where consent is needed. `political`: the account has yet
    to declare whether it shows political ads. `page`: most lists in an answer.
    """

    name = "google_ads"
    writes = ("POST", "/v1/audienceMembers:*")
    scopes = frozenset({"https://www.googleapis.com/auth/datamanager"})
    verdicts: ClassVar[frozenset[Outcome]] = frozenset({"rejected"})
    consent = "ads"

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.allowed, self.blames, self.political = True, True, False
        self.per_minute, self.page = 300, 1000
        self.lists: dict[str, UserList] = {}
        self.jobs: dict[str, Job] = {}
        self.bad: set[str] = set()
        self.opted_out: set[str] = set()
        self.eea: set[str] = set()
        self._made = 0
        self._came: deque[float] = deque()

    # -- what the suite and tests do ----------------------------------------------------------------------------------

    def connection(self) -> Mapping[str, Json]:
        """Return a key that may use the account."""
        return self._connection("good")

    def refused(self) -> Mapping[str, Json]:
        """Return a key that Google does not know."""
        return self._connection("wrong")

    def target(self) -> Mapping[str, Json]:
        """Name the list."""
        return {"list": _NAME}

    def members(self) -> set[str]:
        """Return who is on the list."""
        return {each for held in self._named(_NAME) for each in held.people}

    def wire(self, address: str) -> str:
        """Hash an address, none of which is one of Gmail's."""
        return sha256(address.lower().encode()).hexdigest()

    def opt_out(self, wire: str) -> None:
        """Let somebody turn personalised ads off: they leave the list and do not come back, without a word."""
        self.opted_out.add(wire)
        self.take_off(wire)

    def spoil(self, wire: str, outcome: Outcome) -> None:  # noqa: ARG002 - there is one kind
        """Refuse somebody."""
        self.bad.add(wire)

    def mend(self) -> None:
        """Refuse nobody."""
        self.bad.clear()

    def delete_list(self) -> None:
        """Delete the list."""
        self.lists = {key: held for key, held in self.lists.items() if held.name != _NAME}

    def put_on(self, wire: str) -> None:
        """Put somebody on by another tool."""
        held = next(iter(self._named(_NAME)), None) or self.make_list(_NAME)
        held.add(frozenset({wire}))

    def take_off(self, wire: str) -> None:
        """Take somebody off by another tool."""
        for held in self._named(_NAME):
            held.remove(frozenset({wire}))

    def catch_up(self) -> None:
        """End all requests, in the order in which they came."""
        for job in self.jobs.values():
            job.apply(self.lists, self.opted_out, self.eea)

    def make_list(self, name: str, duration: str = "46656000s", kind: str = "CONTACT_ID") -> UserList:
        """Make a user list."""
        self._made += 1
        return self.lists.setdefault(
            str(7_000_000_000 + self._made), UserList(str(7_000_000_000 + self._made), name, duration, kind)
        )

    # -- what is asked ------------------------------------------------------------------------------------------------

    def state(self) -> Json:
        """Return the lists, with how many people are on each."""
        return {
            "lists": [
                {"id": held.id, "name": held.name, "members": len({*held.people.values()})}
                for held in self.lists.values()
            ],
            "requests": {name: job.status() for name, job in self.jobs.items()},
        }

    def authenticate(self, request: Request) -> Reply | None:
        """Refuse tokens that are not current, and accounts that may not be used."""
        if self.asks_for_token(request):
            return None
        if not self.knows(request):
            return error(HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if not self.allowed:
            return error(HTTPStatus.FORBIDDEN, "PERMISSION_DENIED", "The caller does not have permission.")
        return None

    def throttle(self, request: Request) -> Reply | None:
        """Refuse more than 300 requests in a minute; tokens are not counted."""
        now = time.monotonic()
        while self._came and self._came[0] <= now - _A_MINUTE:
            self._came.popleft()
        if self.asks_for_token(request):
            return None
        if len(self._came) >= self.per_minute:
            return error(HTTPStatus.TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED", "Quota exceeded.")
        self._came.append(now)
        return None

    def not_found(self, request: Request) -> Reply:  # noqa: ARG002 - the hook's signature
        """Answer a path that does not exist."""
        return error(HTTPStatus.NOT_FOUND, "NOT_FOUND", "Requested entity was not found.")

    def malformed(self, request: Request, problem: ValueError) -> Reply:  # noqa: ARG002 - the hook's signature
        """Answer a body that cannot be read, or holds an unknown field, naming the object's path."""
        violation: dict[str, Json] = {"description": str(problem)}
        if isinstance(problem, Unknown):
            violation["field"] = problem.path
        return error(HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT", str(problem), [violation])

    @route("POST", "/v1/audienceMembers:ingest")
    def ingest(self, request: Request) -> Reply:
        """Take people to be added."""
        body = _object(read(INGEST, request.json()))
        terms = body.get("termsOfService")
        signed = isinstance(terms, dict) and terms.get("customerMatchTermsOfServiceStatus") == "ACCEPTED"
        flaws = [] if signed else [Flaw("terms_of_service", "TERMS_AND_CONDITIONS_NOT_SIGNED")]
        return self._taken(body, flaws, removal=False)

    @route("POST", "/v1/audienceMembers:remove")
    def remove(self, request: Request) -> Reply:
        """Take people to be removed."""
        return self._taken(_object(read(REMOVE, request.json())), [], removal=True)

    @route("GET", "/v1/requestStatus:retrieve")
    def status(self, request: Request) -> Reply:
        """Show a request; it ends when it is looked at often enough, after all that came before it."""
        name = request.param("requestId")
        job = self.jobs.get(name)
        if job is None:
            flaw = [{"field": "request_id", "reason": "INVALID_REQUEST_ID"}]
            return error(HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT", "There is no such request.", flaw)
        job.looks += 1
        if job.looks >= _LOOKS:
            for known, each in self.jobs.items():
                each.apply(self.lists, self.opted_out, self.eea)
                if known == name:
                    break
        return Reply(json={"requestStatusPerDestination": job.status()})

    @route("GET", _LISTS)
    def user_lists(self, request: Request, account: str) -> Reply:
        """Page through the lists."""
        start = int(request.param("pageToken", "0"))
        size = min(int(request.param("pageSize", "0")) or 50, self.page)
        page = [*self.lists.values()][start : start + size]
        told: dict[str, Json] = {"userLists": [held.told(_parent(account)) for held in page]} if page else {}
        more = start + size < len(self.lists)
        return Reply(json={**told, **({"nextPageToken": str(start + size)} if more else {})})

    @route("GET", _LISTS + "/{list_id}")
    def user_list(self, request: Request, account: str, list_id: str) -> Reply:
        """Show a list."""
        held = self.lists.get(list_id)
        return Reply(json=held.told(_parent(account))) if held else self.not_found(request)

    @route("POST", _LISTS)
    def new_list(self, request: Request, account: str) -> Reply:
        """Make a list."""
        body = _object(read(USER_LIST, request.json()))
        name, seconds = str(body.get("displayName", "")), str(body.get("membershipDuration", "0s")).removesuffix("s")
        if self.political:
            flaw = Flaw("user_list", "EU_POLITICAL_ADVERTISING_DECLARATION_REQUIRED")
        elif not name:
            flaw = Flaw("user_list.display_name", "REQUIRED_FIELD_MISSING")
        elif self._named(name):
            flaw = Flaw("user_list.display_name", "DISPLAY_NAME_ALREADY_USED")
        elif not seconds.isdecimal() or int(seconds) % _DAY:
            flaw = Flaw("user_list.membership_duration", "INVALID_ARGUMENT")
        elif int(seconds) > _MOST_SECONDS:
            flaw = Flaw("user_list.membership_duration", "MEMBERSHIP_DURATION_TOO_LONG")
        else:
            return Reply(json=self.make_list(name, f"{seconds}s").told(_parent(account)))
        return refused([flaw])

    # -- how ----------------------------------------------------------------------------------------------------------

    def _connection(self, name: str) -> Mapping[str, Json]:
        return {
            "key": self.service_key(name),
            "customer": CUSTOMER,
            "customer_match_terms": "accepted",
            "base_url": self.url,
        }

    def _named(self, name: str) -> Sequence[UserList]:
        return [held for held in self.lists.values() if held.name == name]

    def _taken(self, body: Object, flaws: list[Flaw], *, removal: bool) -> Reply:
        """Refuse a request as a whole, or promise to do it."""
        flaws = [*flaws, *of_request(body), *self._of_destinations(body)] or self._of_members(body)
        if flaws:
            return refused(flaws)
        name = f"r-{len(self.jobs):06}-{secrets.token_hex(4)}"
        if not body.get("validateOnly"):
            self.jobs[name] = Job(body, removal)
        return Reply(json={"requestId": name})

    def _of_destinations(self, body: Object) -> list[Flaw]:
        flaws = []
        for place, each in enumerate(objects(body, "destinations")):
            owner, login, at = each.get("operatingAccount"), each.get("loginAccount"), f"destinations[{place}]"
            if not isinstance(owner, dict) or owner.get("accountId") != CUSTOMER:
                flaws.append(Flaw(f"{at}.operating_account", "INVALID_DESTINATION"))
            if isinstance(login, dict) and login.get("accountId") not in (CUSTOMER, MANAGER):
                flaws.append(Flaw(f"{at}.login_account", "OPERATING_ACCOUNT_LOGIN_ACCOUNT_MISMATCH"))
            held = self.lists.get(str(each.get("productDestinationId")))
            if held is None:
                flaws.append(Flaw(f"{at}.product_destination_id", "INVALID_USER_LIST_ID"))
            elif held.kind != "CONTACT_ID":  # told of member 0, though it is about the list
                flaws.append(Flaw("audience_members[0]", "INVALID_USER_LIST_TYPE"))
        return flaws

    def _of_members(self, body: Object) -> list[Flaw]:
        flaws: list[Flaw] = []
        for place, member in enumerate(objects(body, "audienceMembers")):
            at = f"audience_members[{place}]" if self.blames else "audience_members"
            flaws += of_member(member, at)
            if texts(member) & self.bad:
                flaws.append(Flaw(at, "INVALID_AUDIENCE_MEMBER"))
        return flaws


def refused(flaws: Sequence[Flaw]) -> Reply:
    """Answer 400 with field violations."""
    violations: list[Json] = [
        {"field": flaw.field, "description": f"{flaw.reason}.", "reason": flaw.reason} for flaw in flaws
    ]
    return error(HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT", "There was a problem with the request.", violations)


def error(status: int, code: str, message: str, violations: Sequence[Json] = ()) -> Reply:
    """Answer in the form of Google's errors."""
    about = "type.googleapis.com/google.rpc"
    domain = {"reason": code, "domain": "datamanager.googleapis.com"}
    details: list[Json] = [{"@type": f"{about}.ErrorInfo", **domain}]
    if violations:
        details.append({"@type": f"{about}.BadRequest", "fieldViolations": [*violations]})
    return Reply(status, json={"error": {"code": int(status), "message": message, "status": code, "details": details}})


def _parent(account: str) -> str:
    return f"accountTypes/GOOGLE_ADS/accounts/{account}"


def _object(value: Json) -> Object:
    return value if isinstance(value, dict) else {}
