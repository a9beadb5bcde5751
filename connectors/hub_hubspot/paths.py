"""Where things are: HubSpot's date-based addresses, and the older ones with numbers."""

from dataclasses import dataclass

LEGACY = "v3"


@dataclass(frozen=True, slots=True)
class Paths:
    """Addresses of one API version, below the base; what takes and gives is the same in all of them."""

    version: str

    def objects(self, kind: str, rest: str = "") -> str:
        """Return where contacts, companies or deals are listed, or what is below it."""
        return f"/crm/v3/objects/{kind}{rest}" if self._legacy else f"/crm/objects/{self.version}/{kind}{rest}"

    def associations(self, source: str, target: str) -> str:
        """Return where it is asked what many objects of a kind are associated with."""
        between = f"{source}/{target}/batch/read"
        return f"/crm/v4/associations/{between}" if self._legacy else f"/crm/associations/{self.version}/{between}"

    def properties(self, kind: str) -> str:
        """Return where the properties of a kind are described."""
        return f"/crm/v3/properties/{kind}" if self._legacy else f"/crm/properties/{self.version}/{kind}"

    def lists(self, rest: str) -> str:
        """Return what is below the lists."""
        return f"/crm/v3/lists{rest}" if self._legacy else f"/crm/lists/{self.version}{rest}"

    @property
    def all_lists(self) -> str:
        """Where lists are made; the address with a number ends in a slash."""
        return self.lists("/" if self._legacy else "")

    @property
    def statuses(self) -> str:
        """Where it is asked what many addresses are subscribed to."""
        return f"/communication-preferences/{'v4' if self._legacy else self.version}/statuses/batch/read"

    @property
    def account(self) -> str:
        """Where the account is described."""
        return f"/account-info/{self.version}/details"

    @property
    def token(self) -> str:
        """Where OAuth tokens are renewed."""
        return f"/oauth/{self.version}/token"

    @property
    def _legacy(self) -> bool:
        return self.version == LEGACY


PRIVATE_TOKEN_INFO = "/oauth/v2/private-apps/get/access-token-info"  # noqa: S105 - an address; it has no dated form
