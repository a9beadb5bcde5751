"""Two connectors as their authors would declare them, and projects made of a few lines of TOML."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Literal

from pydantic import Field

from hub.sdk.settings import Duration, Secret, Settings, SourceSettings
from hub.settings import ConnectorModels, ProjectSettings, load


class ShopSettings(Settings):
    """The account of a made-up shop."""

    shop: str = Field(description="Address of the shop", examples=["acme.shop.example"])
    client_secret: Secret = Field(description="Secret of the app")
    pause: Duration = Field(timedelta(seconds=2), description="Pause between requests")


class Format(Settings):
    """How files are written."""

    delimiter: str = Field(",", description="Between cells")
    decimal: Literal[",", "."] = Field(".", description="Decimal mark")


class ShopSource(SourceSettings):
    """Keys of the shop's `[[source]]`."""

    since: date | None = Field(None, description="Oldest day to ask for")
    format: Format = Field(default_factory=Format, description="How exports are written")
    attributes: dict[str, str] = Field(default_factory=dict, description="Trait = field of the shop")


class MailSettings(Settings):
    """The account of a made-up mail tool with two secrets."""

    api_key: Secret = Field(description="Key of the account")
    webhook_token: Secret | None = Field(None, description="Proof of pushed events")


class MailTarget(Settings):
    """Where an audience stands in the mail tool."""

    list: str = Field(description="Name of the list")
    tag: str | None = Field(None, description="Tag within the list")
    new_contacts: Literal["never", "pending", "subscribed"] = Field("never", description="Whether to add contacts")


CONNECTORS: Mapping[str, ConnectorModels] = {
    "shop": ConnectorModels(ShopSettings, ShopSource, None, ("people", "orders", "order_lines")),
    "mail": ConnectorModels(MailSettings, SourceSettings, MailTarget, ("messages",), ("email", "phone")),
    "folder": ConnectorModels(Settings, None, Settings),
}

GOOD: Mapping[str, str] = {
    "hub": """
        [shop]
        timezone = "Europe/Berlin"
        currency = "EUR"
        country = "DE"

        [schedule]
        full_at = "04:15"

        [web]
        listen = "127.0.0.1:8765"

        [safety]
        max_removals_per_run = "10 %, at least 50"
        max_removals_per_day = "20 %"
        max_quarantine = "0.5 %"

        [limits]
        per_person = "2 audiences in 7 days"
        never = ["open_complaint"]

        [consent]
        email = ["main", "letters"]
    """,
    "identity": """
        one_person = ["user_id", "shopify_customer"]
        shared = ["email", "phone"]

        [max_per_person]
        email = 7

        [block]
        email = ["*@tills.example", "noreply@*"]

        [prefer]
        default = ["main"]
        first_name = ["letters", "main"]
    """,
    "segments": """
        [segment.vip]
        description = "Spent most"
        owner = "mia@shop.example"
        where = '''
        monetary_score = 5
        and not did('cart_started', within => '7 days')  -- "quoted"
        '''
        goal = { event = "order_placed", within = "30 days" }
        split = { offer = 90, holdout = 10 }
        review = 2027-01-31

        [segment.open_complaint]
        where = "csat <= 2"
    """,
    "stages": """
        [[stage]]
        name = "retention"
        when = "orders >= 2"
        do = "Reward"

        [[stage]]
        name = "awareness"
        when = "true"
    """,
    "traits": """
        [spend_12m]
        description = "Paid in the last year"
        type = "number"
        from = "orders"
        value = "sum(total - refunded)"
        where = "status <> 'cancelled'"
        within = "365 days"

        [spends_much]
        value = "spend_12m > 1000"
    """,
    "main": """
        [connection]
        connector = "shop"
        shop = "${SHOP}"
        client_secret = "${SHOP_SECRET}"

        [[source]]
        stream = "all"
        every = "15 minutes"
        since = 2022-01-01

        [source.attributes]
        roast = "custom.roast"

        [[source]]
        stream = "orders"
        format = { delimiter = ";", decimal = "," }
    """,
    "letters": """
        [connection]
        connector = "mail"
        api_key = "${MAIL_KEY}"

        [[audience]]
        name = "win-back"
        segment = "vip"
        target = { list = "Customers", tag = "win-back" }
        match_on = ["email"]
        fields = { FNAME = "first_name", OFFER = "split_arm" }
        consent = { channel = "email", purpose = "marketing" }
        mode = "mirror"
        exclude = ["open_complaint"]
        priority = 10
        min_size = 200
        every = "1 hour"
    """,
}

ENV: Mapping[str, str] = {
    "SHOP": "acme.shop.example",
    "SHOP_SECRET": "made-up-secret-1",
    "MAIL_KEY": "made-up-secret-2",
}


def project(folder: Path, files: Mapping[str, str]) -> Path:
    """Write `config/<stem>.toml` for each entry, without the indentation; return the project's folder."""
    config = folder / "config"
    config.mkdir(parents=True, exist_ok=True)
    for stem, text in files.items():
        (config / f"{stem}.toml").write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return folder


def good(folder: Path, **changed: str) -> ProjectSettings:
    """Load the good project with some files replaced."""
    return load(project(folder, {**GOOD, **changed}), CONNECTORS, ENV)
