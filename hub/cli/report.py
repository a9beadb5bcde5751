"""A run's report as people read it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hub.cli.show import COLOURS, line, rows, table, text

if TYPE_CHECKING:
    from hub.sdk.records import Json

STREAMS = ("source", "stream", "read", "landed", "quarantined")
GROUPS = ("name", "size", "entered", "left")
STAGES = ("name", "size")
AUDIENCES = ("name", "destination", "wanted", "planned", "added", "updated", "removed")
TROUBLE = ("accepted", "held", "rejected", "suppressed", "unknown")


def show_report(report: "Mapping[str, Json]") -> None:
    """Print status, what was read, who is in what, and what was delivered."""
    table("What was read", rows(report, "streams"), STREAMS)
    line(f"{text(report.get('profiles'))} people, {text(report.get('known'))} of them known by address or account")
    line("")
    table("Segments", rows(report, "segments"), GROUPS)
    table("Stages", rows(report, "stages"), STAGES)
    audiences = rows(report, "audiences")
    troubled = tuple(column for column in TROUBLE if any(row.get(column) for row in audiences))
    table("Audiences", audiences, AUDIENCES + troubled)
    show_ending(report)


def show_ending(report: "Mapping[str, Json]") -> None:
    """Print what is worth knowing, worst last, and how it went."""
    for kind, style in (("warnings", ""), ("concerns", "yellow"), ("failures", "red")):
        told = report.get(kind)
        for sentence in told if isinstance(told, list) else ():
            line(f"! {text(sentence)}", style)
    status = text(report.get("status"))
    line(f"Run {text(report.get('run'))} is {status}, {text(report.get('seconds'))} seconds.", COLOURS.get(status, ""))


def exit_code(report: "Mapping[str, Json]") -> int:
    """0 for a green run, 1 for any other."""
    return 0 if report.get("status") == "green" else 1
