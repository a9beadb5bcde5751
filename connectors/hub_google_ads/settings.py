"""What a user writes: the connection to one Google Ads account, and the user list of an audience."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from hub.sdk.http.service_account import ServiceAccount
from hub.sdk.settings import BaseUrl, Settings

MOST_DAYS = 540
"""Longest membership in a customer match list, since 2025-04-07 [doc]."""

AccountId = Annotated[str, StringConstraints(pattern=r"^\d{3}-?\d{3}-?\d{4}$")]


class GoogleAdsSettings(Settings):
    """The `[connection]` table."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input holds the key

    key: ServiceAccount = Field(
        description='Key of a service account, the JSON file as a whole: "file:google-key.json"'
    )
    customer: AccountId = Field(description='Account that owns the user lists, such as "123-456-7890"')
    manager: AccountId | None = Field(
        None, description="Manager account in which the service account is a user, where that is another one"
    )
    customer_match_terms: Literal["accepted"] = Field(
        description='"accepted": you have accepted Google\'s terms for customer match; nothing is sent without that'
    )
    requests_per_minute: int = Field(
        300, ge=2, description="Google counts 300 for a Cloud project; fewer where other tools use the same project"
    )
    base_url: BaseUrl = Field(
        "https://datamanager.googleapis.com", description="Another server, such as a sandbox on this machine"
    )

    @property
    def account(self) -> str:
        """The customer's id, digits only, as the API wants it."""
        return self.customer.replace("-", "")

    @property
    def login(self) -> str | None:
        """The manager's id, digits only."""
        return self.manager.replace("-", "") if self.manager else None


class GoogleAdsTarget(Settings):
    """The `target` of an audience."""

    list: str = Field(min_length=1, max_length=255, description="Id or name of the user list; made when it is missing")
    membership_days: int = Field(
        MOST_DAYS, ge=1, le=MOST_DAYS, description="How long people stay on a list that is made, in days"
    )

    @property
    def id(self) -> str | None:
        """The list's id, where it is given by id: digits only."""
        return self.list if self.list.isascii() and self.list.isdigit() else None
