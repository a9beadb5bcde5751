"""Toy vendors, one for each way in which vendors take people, and destinations for them, as plain as can be.

Counts     takes hashes, says how many came, and applies them later
Jobs       takes a job, runs it while it is asked for, and tells of each row at its end
Blaming    refuses a whole request because of one row, and says which; Halving: without saying which
Objects    holds contacts by id, and a list of ids; answers 207, each row with its own status
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import ClassVar

from hub.sdk.connector import Capabilities, Context, Destination
from hub.sdk.errors import HubError
from hub.sdk.http import Bearer, Http, Response
from hub.sdk.records import Accepted, Answer, Batch, Fact, Json, NotApplied, Outcome, Row, Suppression, Target, Verdict
from hub.sdk.sandbox import DestinationSandbox, Reply, Request, route
from hub.sdk.settings import AudienceSettings, BaseUrl, Secret, Settings

_OUTCOMES: Sequence[Outcome] = ("present", "absent", "rejected", "retry", "suppressed")
_LOOKS = 3  # a job has ended when it is looked at for the third time


class ToySettings(Settings):
    """The connection."""

    key: Secret
    base_url: BaseUrl


class Toy(DestinationSandbox):
    """One list; subclasses say how people get onto it."""

    name = "toy"
    writes = ("POST", "/list*")
    hashed: ClassVar[bool] = False

    def __init__(self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0, keep: int = 10_000) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.on: set[str] | None = None
        self.out: set[str] = set()
        self.bad: dict[str, Outcome] = {}
        self.keys = 0
        self.late: list[Json] = []

    def connection(self) -> Mapping[str, Json]:
        """Return good credentials."""
        return {"key": f"toy-key-{self.keys:04}", "base_url": self.url}

    def refused(self) -> Mapping[str, Json]:
        """Return bad ones."""
        return {"key": "toy-key-nobody", "base_url": self.url}

    def expire(self) -> None:
        """Change the key."""
        self.keys += 1

    def target(self) -> Mapping[str, Json]:
        """There is one list."""
        return {}

    def wire(self, address: str) -> str:
        """Hash where the vendor wants that."""
        return sha256(address.lower().encode()).hexdigest() if self.hashed else address

    def members(self) -> set[str]:
        """Return who is on the list."""
        return {*(self.on or ())}

    def opt_out(self, wire: str) -> None:
        """Keep somebody off."""
        self.out.add(wire)
        self.take_off(wire)

    def spoil(self, wire: str, outcome: Outcome) -> None:
        """Refuse somebody."""
        self.bad[wire] = outcome

    def mend(self) -> None:
        """Refuse nobody."""
        self.bad.clear()

    def delete_list(self) -> None:
        """Delete the list."""
        self.on = None

    def put_on(self, wire: str) -> None:
        """Put somebody on by hand."""
        self.on = {*(self.on or ()), wire}

    def take_off(self, wire: str) -> None:
        """Take somebody off by hand."""
        (self.on or set()).discard(wire)

    def catch_up(self) -> None:
        """Apply what was taken."""
        while self.late:
            self.apply(_mapping(self.late.pop(0)))

    def state(self) -> Json:
        """Return the list."""
        return {"on": sorted(self.on or ())}

    def authenticate(self, request: Request) -> Reply | None:
        """Refuse other keys."""
        right = request.headers.get("authorization") == f"Bearer toy-key-{self.keys:04}"
        return None if right else Reply(status=HTTPStatus.UNAUTHORIZED, json={"code": "key"})

    def said(self, wire: str) -> Outcome:
        """What is said of somebody who is to be added."""
        return "suppressed" if wire in self.out else self.bad.get(wire, "present")

    def apply(self, body: Mapping[str, Json]) -> dict[str, Outcome]:
        """Add or remove people; return what became of each."""
        wires = [str(each) for each in _list(body["people"])]
        if body["op"] == "remove":
            self.on = (self.on or set()) - {*wires}
            return dict.fromkeys(wires, "absent")
        said = {wire: self.said(wire) for wire in wires}
        self.on = (self.on or set()) | {wire for wire, outcome in said.items() if outcome == "present"}
        return said

    @route("GET", "/me")
    def me(self, _request: Request) -> Reply:
        """Say who this is."""
        return Reply(json={"name": "toy"})

    @route("PUT", "/list")
    def made(self, _request: Request) -> Reply:
        """Make the list where it is missing."""
        self.on = self.on or set()
        return Reply(json={"id": "1"})

    @route("POST", "/list")
    def posted(self, request: Request) -> Reply:
        """Take people."""
        if self.on is None:
            return Reply(status=HTTPStatus.NOT_FOUND, json={"code": "no_list"})
        return self.take(_mapping(request.json()))

    def take(self, body: Mapping[str, Json]) -> Reply:
        """Take people in the way of this vendor."""
        return Reply(json={"said": self.apply(body)})


class CountsToy(Toy):
    """Hashes in, counts out."""

    hashed = True

    def take(self, body: Mapping[str, Json]) -> Reply:
        """Promise to do it."""
        self.late.append(body)
        return Reply(json={"received": len(_list(body["people"]))})


class JobsToy(Toy):
    """Jobs."""

    verdicts = frozenset({"rejected", "retry", "unknown"})

    def __init__(self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0, keep: int = 10_000) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.jobs: list[tuple[Mapping[str, Json], dict[str, Outcome]]] = []
        self.looks: dict[str, int] = {}

    def take(self, body: Mapping[str, Json]) -> Reply:
        """Begin a job."""
        self.jobs.append((body, {}))
        return Reply(status=HTTPStatus.ACCEPTED, json={"job": str(len(self.jobs) - 1)})

    def catch_up(self) -> None:
        """End all jobs."""
        for body, done in self.jobs:
            done.update({} if done else self.apply(body))

    @route("GET", "/jobs/{job}")
    def job(self, _request: Request, job: str) -> Reply:
        """Show a job; it ends when it is looked at often enough."""
        self.looks[job] = self.looks.get(job, 0) + 1
        body, done = self.jobs[int(job)]
        if self.looks[job] >= _LOOKS and not done:
            done |= self.apply(body)
        return Reply(json={"state": "done" if done else "running", "said": done})


class BlamingToy(Toy):
    """One bad row refuses all."""

    verdicts = frozenset({"rejected"})
    names = True

    def take(self, body: Mapping[str, Json]) -> Reply:
        """Refuse the request where one person is bad."""
        wires = [str(each) for each in _list(body["people"])]
        bad: list[Json] = [place for place, wire in enumerate(wires) if self.said(wire) != "present"]
        if bad and body["op"] != "remove":
            return Reply(status=HTTPStatus.BAD_REQUEST, json={"code": "rows", "rows": bad if self.names else []})
        return super().take(body)


class HalvingToy(BlamingToy):
    """The same, without a word about which."""

    names = False


class ObjectsToy(Toy):
    """Contacts by id, and a list of ids."""

    writes = ("POST", "/*")
    verdicts = frozenset({"rejected", "retry", "unknown", "suppressed"})

    def __init__(self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0, keep: int = 10_000) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.ids: dict[str, str] = {}

    @route("POST", "/contacts")
    def contacts(self, request: Request) -> Reply:
        """Make contacts; 207 where some fail, which come without an id."""
        wires = [str(each) for each in _list(_mapping(request.json())["people"])]
        said = {wire: self.said(wire) for wire in wires}
        for wire, outcome in said.items():
            if outcome == "present":
                self.ids.setdefault(wire, f"c{len(self.ids)}")
        rows: list[Json] = [{"email": w, "said": said[w], "id": self.ids.get(w)} for w in sorted(wires)]
        rows = [row for row in rows if _mapping(row)["said"] != "unknown"]
        fine = set(said.values()) == {"present"}
        return Reply(status=HTTPStatus.OK if fine else HTTPStatus.MULTI_STATUS, json={"rows": rows})

    @route("GET", "/contacts/{wire}")
    def contact(self, _request: Request, wire: str) -> Reply:
        """Find a contact by the hash of their address."""
        found = {sha256(each.encode()).hexdigest(): known for each, known in self.ids.items()}
        return Reply(json={"id": found.get(wire)})

    def take(self, body: Mapping[str, Json]) -> Reply:
        """Change the list, by ids; those that nobody has are passed over."""
        known = {known: wire for wire, known in self.ids.items()}
        wires = [known[str(each)] for each in _list(body["people"]) if each in known]
        done = self.apply({**body, "people": wires})
        return Reply(json={"done": {self.ids[wire]: outcome for wire, outcome in done.items()}})


class ToyDestination(Destination[ToySettings, Settings]):
    """What all have in common."""

    name = "toy"
    settings_model = ToySettings
    capabilities: ClassVar = Capabilities(
        address_by=("email",), batch_rows=50, evidence="row", settles_within=timedelta(minutes=5)
    )

    def __init__(self, settings: ToySettings, context: Context) -> None:
        super().__init__(settings, context)
        self.http = Http(settings.base_url, auth=Bearer(settings.key.reveal()))

    def check(self) -> Iterator[Fact]:
        """Say who this is."""
        try:
            yield Fact("ok", str(self.http.get("/me").json_object()["name"]))
        except HubError as error:
            yield Fact("error", str(error))

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:  # noqa: ARG002 - the contract
        """One list."""
        return [Target("list", "membership")]

    def open(self, target: Target, audience: AudienceSettings, plan_id: str, total: int) -> Json:  # noqa: ARG002 - the contract
        """Make the list."""
        return self.http.put("/list", json={}).json_object()["id"]

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:  # noqa: ARG002 - the contract
        """Send people, and read what is said of each."""
        return self.judge(self.send(batch), batch)

    def send(self, batch: Batch, ok: Sequence[int] = ()) -> Response:
        """Send people."""
        people: list[Json] = [row.wire["email"] for row in batch.rows]
        return self.http.post("/list", json={"op": batch.op, "people": people}, ok=ok)

    def judge(self, response: Response, batch: Batch) -> Answer:
        """Read what is said of each."""
        return judged(_said(response), batch)


class CountsDestination(ToyDestination):
    """Counts are all that is known."""

    capabilities: ClassVar = Capabilities(
        address_by=("email",), batch_rows=50, evidence="request", settles_within=timedelta(minutes=5)
    )

    def judge(self, response: Response, batch: Batch) -> Answer:  # noqa: ARG002 - counts tell of nobody
        """Believe the count."""
        received = response.json_object().get("received")
        if isinstance(received, int):
            return Accepted(counts={"received": received})
        raise response.unreadable("has no count")


class JobsDestination(ToyDestination):
    """Ask until the job has ended."""

    def judge(self, response: Response, batch: Batch) -> Answer:  # noqa: ARG002 - the job knows
        """Remember the job."""
        job = response.json_object().get("job")
        if isinstance(job, str):
            return Accepted(job=job)
        raise response.unreadable("has no job")

    def poll(self, job: Json, batch: Batch) -> Sequence[Verdict] | Accepted | None:
        """Look at the job."""
        found = self.http.get(f"/jobs/{job}")
        return judged(_said(found), batch) if found.json_object().get("state") == "done" else None


class BlamingDestination(ToyDestination):
    """A refusal of all may name rows."""

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:  # noqa: ARG002 - the contract
        """Send people; a refusal is about some of them."""
        response = self.send(batch, ok=(400,))
        if response.status != HTTPStatus.BAD_REQUEST:
            return self.judge(response, batch)
        rows = _list(response.json_object().get("rows", []))
        return NotApplied([Verdict(row, "rejected", "bad_row") for row in rows if isinstance(row, int)], "bad_row")


class ObjectsDestination(ToyDestination):
    """Contacts first, then the list, by the ids that contacts have."""

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:  # noqa: ARG002 - the contract
        """Contacts and a list."""
        contacts = Target("contacts", "object", may_remove=False)
        return [contacts, Target("list", "membership", depends_on="contacts")]

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:  # noqa: ARG002 - the contract
        """Write contacts, or the list."""
        return self.contacts(batch) if target.kind == "object" else self.listed(batch)

    def contacts(self, batch: Batch) -> Answer:
        """Write contacts; a row that is missing in the answer is unknown."""
        response = self.http.post("/contacts", json={"people": [row.wire["email"] for row in batch.rows]})
        rows = {str(_mapping(row)["email"]): _mapping(row) for row in _list(_of(response, "rows"))}
        found = ((place, rows.get(row.wire["email"])) for place, row in enumerate(batch.rows))
        return [_contact(place, row) for place, row in found if row]

    def listed(self, batch: Batch) -> Answer:
        """Change the list; who has no contact cannot be on it."""
        ids: list[Json] = [row.vendor_id for row in batch.rows if row.vendor_id]
        response = self.http.post("/list", json={"op": batch.op, "people": ids})
        done = _mapping(_of(response, "done"))
        return [self.one(place, row, done, batch) for place, row in enumerate(batch.rows)]

    def one(self, place: int, row: Row, done: Mapping[str, Json], batch: Batch) -> Verdict:
        """Judge one row of the list."""
        if row.vendor_id is None:
            return Verdict(place, "absent") if batch.op == "remove" else Verdict(place, "rejected", "no_contact")
        return next(iter(judged({row.wire["email"]: done.get(row.vendor_id)}, batch, place)))

    def resolve(self, rows: Sequence[Row]) -> Mapping[str, str]:
        """Find ids that were lost."""
        found = {row.key: self._find(row.wire["email"]) for row in rows}
        return {key: known for key, known in found.items() if known}

    def _find(self, wire: str) -> str | None:
        digest = sha256(wire.encode()).hexdigest()
        known = self.http.get(f"/contacts/{digest}").json_object().get("id")
        return str(known) if known else None


def judged(said: Mapping[str, Json], batch: Batch, only: int | None = None) -> list[Verdict]:
    """Return a verdict for each row of which something is said."""
    places = range(len(batch.rows)) if only is None else [only]
    found = [(place, said.get(batch.rows[place].wire["email"])) for place in places]
    return [verdict(place, outcome) for place, outcome in found if outcome]


def verdict(place: int, said: Json) -> Verdict:
    """Return the verdict that a word of the vendor means."""
    outcome: Outcome = next(
        (o for o in ("present", "absent", "rejected", "retry", "suppressed") if o == said), "unknown"
    )
    opted_out = Suppression("email", "marketing") if outcome == "suppressed" else None
    return Verdict(place, outcome, "" if outcome in ("present", "absent") else outcome, suppression=opted_out)


def _contact(place: int, row: Mapping[str, Json]) -> Verdict:
    found = verdict(place, row["said"])
    known = row.get("id")
    return Verdict(place, found.outcome, found.code, None, str(known) if known else None, found.suppression)


def _said(response: Response) -> Mapping[str, Json]:
    return _mapping(_of(response, "said"))


def _of(response: Response, name: str) -> Json:
    """Return a part of an answer; one without it leaves us not knowing."""
    body = response.json_object()
    if name in body:
        return body[name]
    raise response.unreadable(f"has no {name}")


def _mapping(value: Json) -> Mapping[str, Json]:
    if isinstance(value, Mapping):
        return value
    raise ValueError("expected an object")


def _list(value: Json) -> Sequence[Json]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    raise ValueError("expected a list")
