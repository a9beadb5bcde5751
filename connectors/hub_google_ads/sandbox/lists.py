"""A user list and the requests that change it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.sdk.records import Json
from hub_google_ads.sandbox.checks import Object, identifiers, objects, texts

EEA = frozenset(
    [
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS"),
        *("IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK", "GB"),
    ]
)
"""The European Economic Area and the United Kingdom."""

_NEEDED = ("adUserData", "adPersonalization")


@dataclass
class UserList:
    """A customer match list. `people`: identifier -> number of a person. `kind`: what may be uploaded."""

    id: str
    name: str
    duration: str
    kind: str = "CONTACT_ID"
    people: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def add(self, known: frozenset[str]) -> None:
        """Put a person on the list; whoever shares an identifier is the same one."""
        self.count += 1
        number = next((self.people[each] for each in known if each in self.people), self.count)
        self.people |= dict.fromkeys(known, number)

    def remove(self, known: frozenset[str]) -> None:
        """Take everybody off who has one of these identifiers."""
        gone = {self.people[each] for each in known if each in self.people}
        if gone:
            self.people = {each: number for each, number in self.people.items() if number not in gone}

    def told(self, parent: str) -> dict[str, Json]:
        """Return the resource."""
        return {
            "name": f"{parent}/userLists/{self.id}",
            "id": self.id,
            "displayName": self.name,
            "membershipStatus": "OPEN",
            "membershipDuration": self.duration,
            "ingestedUserListInfo": {"uploadKeyTypes": [self.kind]},
        }


@dataclass
class Job:
    """A request that was taken. `done`: what became of it for each of its destinations, once it was applied."""

    body: Object
    removal: bool
    looks: int = 0
    done: list[Json] | None = None

    def status(self) -> list[Json]:
        """Return its state per destination."""
        running: list[Json] = [
            {"destination": each, "requestStatus": "PROCESSING"} for each in objects(self.body, "destinations")
        ]
        return running if self.done is None else self.done

    def apply(self, lists: Mapping[str, UserList], opted_out: set[str], eea: set[str]) -> None:
        """Do it, once."""
        if self.done is None:
            self.done = [self._applied(each, lists, opted_out, eea) for each in objects(self.body, "destinations")]

    def _applied(self, destination: Object, lists: Mapping[str, UserList], opted_out: set[str], eea: set[str]) -> Json:
        members = objects(self.body, "audienceMembers")
        held = lists.get(str(destination.get("productDestinationId")))
        if held is None:
            return _ended(destination, self.removal, [], {"PROCESSING_ERROR_REASON_INTERNAL_ERROR": len(members)})
        taken, errors = [], dict[str, int]()
        for member in members:
            error = "" if self.removal else self._consent(member, eea)
            if error:
                errors[error] = errors.get(error, 0) + 1
                continue
            taken.append(member)
            if self.removal:
                held.remove(texts(member))
            elif not texts(member) & opted_out:
                held.add(texts(member))
        return _ended(destination, self.removal, taken, errors)

    def _consent(self, member: Object, eea: set[str]) -> str:
        """Return why somebody is passed over: only people of the EEA and the UK must have granted consent."""
        addresses = [each["address"] for each in identifiers(member) if isinstance(each.get("address"), dict)]
        regions = {str(each.get("regionCode")) for each in addresses if isinstance(each, dict)}
        if not (regions & EEA or texts(member) & eea):
            return ""
        consent = member.get("consent") or self.body.get("consent")
        said = [consent.get(name) for name in _NEEDED] if isinstance(consent, dict) else [None]
        if "CONSENT_DENIED" in said:
            return "PROCESSING_ERROR_REASON_DENIED_CONSENT"
        return "" if set(said) == {"CONSENT_GRANTED"} else "PROCESSING_ERROR_REASON_NO_CONSENT"


def _ended(destination: Object, removal: bool, taken: list[Object], errors: Mapping[str, int]) -> Json:  # noqa: FBT001 - internal
    counts = {
        "recordCount": str(len(taken)),
        "userIdentifierCount": str(sum(len(identifiers(each)) for each in taken)),
    }
    told: dict[str, Json] = {
        "destination": destination,
        "requestStatus": "SUCCESS" if not errors else "PARTIAL_SUCCESS" if taken else "FAILED",
    }
    if errors:
        told["errorInfo"] = {
            "errorCounts": [{"reason": reason, "recordCount": str(count)} for reason, count in errors.items()]
        }
    if removal:
        return {**told, "audienceMembersRemovalStatus": {"userDataRemovalStatus": counts}}
    rate = {"uploadMatchRateRange": "MATCH_RATE_RANGE_NOT_ELIGIBLE"}
    return {**told, "audienceMembersIngestionStatus": {"userDataIngestionStatus": {**counts, **rate}}}
