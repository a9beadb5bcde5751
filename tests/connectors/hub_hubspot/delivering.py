"""The destination, audiences and rows for its tests."""

# ruff: noqa: ANN401 - keys of a target are of any type

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.sdk.connector import Context
from hub.sdk.records import Answer, Batch, Json, Op, Row, Target, Verdict
from hub.sdk.settings import AudienceSettings
from hub_hubspot.destination import HubspotDestination
from hub_hubspot.sandbox import HubspotSandbox
from hub_hubspot.settings import HubspotSettings, HubspotTarget

ADA, BEA, CAT = "ada@shop.example", "bea@shop.example", "cat@shop.example"


def destination(box: HubspotSandbox, table: Mapping[str, Json] | None = None) -> HubspotDestination:
    """The destination; `table` is laid over a good connection."""
    settings = HubspotSettings.model_validate({**box.connection(), **(table or {})})
    return HubspotDestination(settings, Context("crm", Path(), box.now()))


def audience(
    fields: Mapping[str, str] | None = None, match_on: tuple[str, ...] = ("email",), **target: Any
) -> AudienceSettings:
    """An audience of a list that makes contacts of everybody, unless the target says otherwise."""
    wanted = HubspotTarget.model_validate({"list": "VIP", "new_contacts": "all", **target})
    consent: Any = {"channel": "email", "purpose": "news"}
    return AudienceSettings.model_validate(
        {"name": "a1", "segment": "s1", "fields": fields or {}, "match_on": match_on, "consent": consent}
    ).model_copy(update={"target": wanted})


def row(
    value: str, fields: Mapping[str, Json] | None = None, key: str | None = None, *, consented: bool = True, **wire: str
) -> Row:
    """One person, by an address unless other wire ids are given; `key`: the record id that is remembered."""
    return Row(f"key-{value}", wire or {"email": value}, fields or {}, key, consented)


def batch(*rows: Row, op: Op = "add") -> Batch:
    """Rows of one batch."""
    return Batch("b1", 1, last=True, op=op, rows=rows)


class Push:
    """One delivery of an audience: pushes to its contacts, and to its list."""

    def __init__(self, box: HubspotSandbox, wanted: AudienceSettings, table: Mapping[str, Json] | None = None) -> None:
        self.tool = destination(box, table)
        self.wanted = wanted
        self.targets = self.tool.targets(wanted)
        self.handles = {each.key: self.tool.open(each, wanted, "p1", 1) for each in self.targets}

    def contacts(self, *rows: Row, op: Op = "add") -> Answer:
        """Write contacts."""
        return self.to(self.targets[0], *rows, op=op)

    def list(self, *rows: Row, op: Op = "add") -> Answer:
        """Change the list."""
        return self.to(self.targets[1], *rows, op=op)

    def to(self, target: Target, *rows: Row, op: Op = "add") -> Answer:
        """Push one batch."""
        return self.tool.push(target, self.handles[target.key], batch(*rows, op=op))


def said(answer: Answer) -> dict[int, tuple[str, str]]:
    """Outcome and code of each row."""
    return {each.index: (each.outcome, each.code) for each in verdicts(answer)}


def verdicts(answer: Answer) -> Sequence[Verdict]:
    """The verdicts of an answer that tells of each row."""
    assert isinstance(answer, Sequence), answer
    return sorted(answer, key=lambda each: each.index)


def contact(box: HubspotSandbox, address: str) -> Mapping[str, str]:
    """What HubSpot holds of an address."""
    held = box.contact_of(address)
    assert held is not None
    return held.properties


def writes(box: HubspotSandbox) -> list[str]:
    """The ends of the addresses of batches that wrote."""
    paths = [each.request.path for each in box.requests]
    return [path.rpartition("/")[2] for path in paths if path.endswith(("/batch/update", "/batch/upsert"))]
