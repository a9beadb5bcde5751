"""What a user writes: the connection to one shop, and what is read beside the usual fields."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from hub.sdk.settings import BaseUrl, Duration, Secret, Settings, SourceSettings

_DOMAIN = ".myshopify.com"

Shop = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*(\.myshopify\.com)?$")]
Metafield = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_$:-]+\.[A-Za-z0-9_-]+$")]


class ShopifySettings(Settings):
    """The `[connection]` table: a token that stays, an app's id and secret, or those and a refresh token."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input holds the token

    shop: Shop = Field(description='The shop: "my-shop" or "my-shop.myshopify.com"')
    access_token: Secret | None = Field(None, description="Token of an older custom app, which does not expire")
    client_id: str | None = Field(None, description="Client id of the app")
    client_secret: Secret | None = Field(None, description='Client secret of the app: "${SHOPIFY_CLIENT_SECRET}"')
    refresh_token: Secret | None = Field(None, description="The first refresh token of an app whose tokens expire")
    token_file: Path | None = Field(
        None, description="Where the refresh token that follows is kept; readable by us only"
    )
    webhook_secret: Secret | None = Field(None, description="What events are signed with; default: client_secret")
    webhook_secret_old: Secret | None = Field(None, description="Taken as well while the secret is being changed")
    lookback: Duration = Field(timedelta(minutes=10), description="How much is read again each time")
    base_url: BaseUrl | None = Field(None, description="Another server, such as a sandbox on this machine")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        app = self.client_id is not None and self.client_secret is not None
        if (self.access_token is None) == (self.client_id is None):
            raise ValueError("expected either access_token, or client_id and client_secret")
        if self.client_id is not None and not app:
            raise ValueError("expected client_secret beside client_id")
        if (self.refresh_token is None) != (self.token_file is None) or (self.refresh_token and not app):
            raise ValueError("expected refresh_token and token_file together, beside client_id and client_secret")
        return self

    @property
    def domain(self) -> str:
        """The shop's own domain at Shopify."""
        return self.shop if self.shop.endswith(_DOMAIN) else self.shop + _DOMAIN

    @property
    def address(self) -> str:
        """Where the shop is."""
        return self.base_url or f"https://{self.domain}"

    @property
    def signing_secrets(self) -> tuple[str, ...]:
        """What an event may be signed with."""
        new = self.webhook_secret or self.client_secret
        return tuple(each.reveal() for each in (new, self.webhook_secret_old) if each)


class Metafields(Settings):
    """Names of metafields, `namespace.key`, by the object that has them; they land in `attributes`."""

    customers: tuple[Metafield, ...] = Field((), description='Of customers, such as ["loyalty.tier"]')
    orders: tuple[Metafield, ...] = Field((), description="Of orders")
    products: tuple[Metafield, ...] = Field((), description="Of products")

    def of(self, kind: str) -> tuple[str, ...]:
        """Return those of a kind of object, none for checkouts."""
        found = {"customers": self.customers, "orders": self.orders, "products": self.products}
        return found.get(kind, ())


class ShopifySourceSettings(SourceSettings):
    """One `[[source]]` entry."""

    metafields: Metafields = Field(default_factory=Metafields, description="Metafields to read, by kind of object")
    test_orders: bool = Field(False, description="true: read test orders as well")
