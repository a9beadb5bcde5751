"""What a user writes: the connection to one property, and what is read of it."""

from datetime import date, timedelta
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from hub.sdk.http.service_account import ServiceAccount
from hub.sdk.settings import BaseUrl, Duration, Settings, SourceSettings

Namespace = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(@[a-z0-9][a-z0-9_-]*)?$")]


class GoogleAnalyticsSettings(Settings):
    """The `[connection]` table."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input holds the key

    key: ServiceAccount = Field(
        description='Key of a service account, the JSON file as a whole: "file:google-key.json"'
    )
    property: Annotated[str, StringConstraints(pattern=r"^\d+$")] = Field(
        description='Id of the property, a number such as "123456789"'
    )
    start: date = Field(description="First day that is read, such as 2026-01-01")
    lookback: Duration = Field(
        timedelta(days=3), ge=timedelta(days=1), description="How many days are read again: Google restates them"
    )
    page_rows: int = Field(100_000, ge=1, le=250_000, description="Rows that are asked for at a time")
    base_url: BaseUrl = Field(
        "https://analyticsdata.googleapis.com", description="Another server, such as a sandbox on this machine"
    )
    admin_url: BaseUrl = Field(
        "https://analyticsadmin.googleapis.com", description="The same for the Admin API, which only `hub check` asks"
    )


class GoogleAnalyticsSourceSettings(SourceSettings):
    """One `[[source]]` entry."""

    user_id: Annotated[str, StringConstraints(pattern=r"^custom(User|Event):\w+$")] | None = Field(
        None, description='Custom dimension that holds your own id of a user, such as "customUser:crm_id"'
    )
    user_namespace: Namespace = Field(
        "user_id", description='Namespace of that id; "customer@shop" where it is the id of connection "shop"'
    )
    orders: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")] | None = Field(
        None, description='Connection whose orders the transactions are, by id or number, such as "shop"'
    )
    audiences: dict[str, Annotated[str, StringConstraints(pattern=r"^\d+$")]] = Field(
        default_factory=dict,
        description='Event = id of the audience whose members it is of, { in_spring_sale = "5551" }; then no reports',
    )
