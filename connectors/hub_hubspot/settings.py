"""What a user writes: the connection to one HubSpot account, and what is read of it."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from hub.sdk.settings import BaseUrl, Duration, Secret, Settings, SourceSettings, is_local

Property = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$")]
Namespace = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class HubspotSettings(Settings):
    """The `[connection]` table: either `token`, or the three keys of OAuth."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input holds the token

    token: Secret | None = Field(None, description='Token of a private app or service key: "${HUBSPOT_TOKEN}"')
    client_id: str | None = Field(None, description="OAuth: id of the app")
    client_secret: Secret | None = Field(None, description="OAuth: secret of the app")
    refresh_token: Secret | None = Field(None, description="OAuth: refresh token of the account's installation")
    api: Literal["2026-03", "2026-09", "v3"] = Field("2026-03", description="Version of the API")
    lookback: Duration = Field(
        timedelta(minutes=15), description="How much is read again each time: the search index lags behind"
    )
    calls_per_10_seconds: int = Field(100, ge=10, description="What the account's plan allows a private app")
    webhook_url: str | None = Field(None, description="Address that HubSpot pushes to, as it is entered there")
    webhook_secret: Secret | None = Field(None, description="Client secret of the app that pushes events")
    webhook_secret_old: Secret | None = Field(None, description="Taken as well while the secret is being changed")
    base_url: BaseUrl = Field("https://api.hubapi.com", description="Another server, such as a sandbox on this machine")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        oauth = [self.client_id, self.client_secret, self.refresh_token]
        if any(oauth) if self.token else not all(oauth):
            raise ValueError("expected either token, or client_id, client_secret and refresh_token")
        if self.webhook_url is None and (self.webhook_secret or self.webhook_secret_old):
            raise ValueError("webhook_secret needs webhook_url: what HubSpot signs begins with its address")
        return self

    @property
    def local(self) -> bool:
        """Whether the API is a server on this machine, which nobody counts requests for."""
        return is_local(self.base_url)

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """What events may be signed with: the app's client secret, by either key that holds it."""
        named = (self.webhook_secret, self.webhook_secret_old)
        return tuple(each.reveal() for each in (named if any(named) else (self.client_secret,)) if each)


class HubspotSourceSettings(SourceSettings):
    """One `[[source]]` entry."""

    contact_properties: tuple[Property, ...] = Field((), description="More properties of contacts, as attributes")
    company_properties: tuple[Property, ...] = Field((), description="More properties of companies, as attributes")
    deal_properties: tuple[Property, ...] = Field((), description="More properties of deals, as attributes")
    phones: tuple[Property, ...] = Field(
        ("phone", "mobilephone"), description="Properties that hold a person's own number, never a switchboard's"
    )
    identifiers: dict[Namespace, Property] = Field(
        default_factory=dict, description='Namespace = property, such as { loyalty_card = "card_number" }'
    )
    purposes: dict[str, str] = Field(
        default_factory=dict,
        description='Name or id of a subscription type = purpose, such as { "Newsletter" = "marketing" }',
    )
    consent_bases: tuple[str, ...] = Field(
        ("CONSENT_WITH_NOTICE",), description="Legal bases that prove a consent; any other subscription proves nothing"
    )


class HubspotTarget(Settings):
    """The `target` of an audience."""

    list: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="Name or id of a static list of contacts; a name is made when missing. None: contacts alone",
    )
    id_property: Property = Field(
        "email", description="Property that people are matched by: email, or one whose values are unique in HubSpot"
    )
    new_contacts: Literal["never", "consented", "all"] = Field(
        "never", description="Who is created when HubSpot does not know them; consented: only with proven consent"
    )
    create_properties: bool = Field(True, description="Whether properties that fields name are made when missing")
    subscription: str | None = Field(
        None, description="Name or id of a subscription type; who unsubscribed from it is kept off the list"
    )

    @model_validator(mode="after")
    def _subscribed_to_a_list(self) -> Self:
        if self.subscription and self.list is None:
            raise ValueError("subscription needs list: it says who is kept off it")
        return self
