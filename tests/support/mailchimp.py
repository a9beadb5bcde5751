"""Helpers for tests of the Mailchimp connector and its sandbox."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import md5 as _md5
from pathlib import Path

from mailchimp_marketing import Client

from hub.sdk.connector import Context
from hub.sdk.records import Batch, Json, Op, Row
from hub.sdk.settings import AudienceSettings, Secret
from hub_mailchimp.destination import MailchimpDestination
from hub_mailchimp.sandbox import MailchimpSandbox
from hub_mailchimp.settings import MailchimpSettings, MailchimpTarget


def md5(address: str) -> str:
    """Return the subscriber hash of an address."""
    return _md5(address.lower().encode(), usedforsecurity=False).hexdigest()


def sdk(box: MailchimpSandbox, api_key: str | None = None) -> Client:
    """Make Mailchimp's own client speak to a sandbox."""
    client = Client()
    client.set_config({"api_key": api_key or box.api_key})
    client.api_client.host = f"{box.url}/3.0"
    return client


def destination(box: MailchimpSandbox, api_key: str | None = None) -> MailchimpDestination:
    """Make the connector speak to a sandbox."""
    settings = MailchimpSettings(api_key=Secret(api_key or box.api_key), base_url=box.url)
    return MailchimpDestination(settings, Context("mailchimp", Path(), datetime(2018, 1, 1, tzinfo=UTC)))


def audience(
    new_contacts: str = "never", fields: Mapping[str, str] | None = None, list_name: str = "Customers", tag: str = "vip"
) -> AudienceSettings:
    """Make an audience whose target is a tag on a list."""
    target = MailchimpTarget.model_validate({"list": list_name, "tag": tag, "new_contacts": new_contacts})
    return AudienceSettings(name="a1", segment="s1", target=target, fields=dict(fields or {}))


def row(address: str, fields: Mapping[str, Json] | None = None, *, consented: bool = True) -> Row:
    """Make one row for an address."""
    return Row(f"key-{md5(address)[:6]}", {"email": address}, fields or {}, consented=consented)


def batch(*rows: Row, op: Op = "add") -> Batch:
    """Make a batch of rows."""
    return Batch("b1", 1, True, op, rows)
