"""The config file for a file that a connector was shown; what it did not use stands below as comments."""

import re
from collections.abc import Iterator, Mapping

from hub.sdk.proposal import Proposal
from hub.sdk.records import Json
from hub.settings.schema import SCHEMA_FOLDER
from hub.settings.template import to_toml

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def proposed(connector: str, proposal: Proposal) -> str:
    """Return the text of `config/<connection>.toml`."""
    lines = [
        f"#:schema ./{SCHEMA_FOLDER}/{connector}.json",
        "# Proposed by looking at the file; change what is wrong, then: hub check",
        "[connection]",
        f'connector = "{connector}"',
        *_pairs(proposal.connection),
    ]
    for number, source in enumerate(proposal.sources):
        lines += [*_source(source), *(_unused(proposal) if number == 0 else ())]
    return "\n".join([*lines, ""])


def _source(source: Mapping[str, Json]) -> Iterator[str]:
    tables = {key: value for key, value in source.items() if isinstance(value, Mapping)}
    yield from ("", "[[source]]", *_pairs({key: value for key, value in source.items() if key not in tables}))
    for name, table in tables.items():
        yield from ("", f"[source.{name}]", *_pairs(table))


def _pairs(table: Mapping[str, object]) -> Iterator[str]:
    return (f"{_key(key)} = {to_toml(value)}" for key, value in table.items())


def _unused(proposal: Proposal) -> Iterator[str]:
    """Take the first # away from columns that are wanted as traits."""
    if proposal.unused:
        yield from (
            "",
            "# Columns without a place of their own; name those that you want in traits.",
            "# [source.attributes]",
        )
    for header in proposal.unused:
        name = re.sub(r"\W+", "_", header).strip("_").lower() or "column"
        yield f"# {_key(name)} = {to_toml(header)}"


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else to_toml(key)
