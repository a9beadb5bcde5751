"""The shop's own list of people, for walks that need somebody to deliver: read whole each time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from hub.sdk.connector import Source
from hub.sdk.records import Fact, Json, Page
from hub.sdk.settings import Settings, SourceSettings
from hub.sdk.tables import table_of
from tests.support.walks.accounts import Accounts


@dataclass
class Roster:
    """People by number: name, address, phone; and who may be written to and shown to."""

    people: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    granted: set[str] = field(default_factory=set)

    def add(self, number: int, *, consent: bool = True) -> None:
        """Add somebody, `person-N@shop.example`."""
        self.people[str(number)] = (f"Name {number}", f"person-{number}@shop.example", f"+4930{number:07d}")
        if consent:
            self.granted.add(str(number))

    def rename(self, number: int, name: str) -> None:
        """Change a name."""
        self.people[str(number)] = (name, *self.people[str(number)][1:])

    def readdress(self, number: int, address: str) -> None:
        """Change an address."""
        name, _, phone = self.people[str(number)]
        self.people[str(number)] = (name, address, phone)


ROSTERS = Accounts(Roster)


class RosterSettings(Settings):
    """Whose list."""

    account: str


class RosterSource(Source[RosterSettings, SourceSettings]):
    """People and their consent to e-mail and ads."""

    name = "walk_roster"
    streams = ("people", "consents")
    settings_model = RosterSettings

    def check(self) -> Iterable[Fact]:
        """Say how many there are."""
        yield Fact("ok", f"{len(ROSTERS[self.settings.account].people)} people.")

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Yield everybody, every time."""
        del streams, since
        roster = ROSTERS[self.settings.account]
        people = [
            {"record_id": number, "first_name": name, "identifiers": {"card": number, "email": email, "phone": phone}}
            for number, (name, email, phone) in roster.people.items()
        ]
        consents = [
            {"channel": channel, "purpose": "marketing", "state": "granted", "identifiers": {"card": number}}
            for number in sorted(roster.granted & roster.people.keys())
            for channel in ("email", "ads")
        ]
        yield Page({"people": table_of("people", people), "consents": table_of("consents", consents)}, complete=True)
