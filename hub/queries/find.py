"""Find a person by a profile id or an identifier."""

import re
from typing import NoReturn

from hub.engine import Engine
from hub.flow.identify import profile_id_of
from hub.project import Project
from hub.sdk.errors import HubError
from hub.sdk.identity import base_of, normalise_email, normalise_phone
from hub.sdk.streams import STREAMS

_ID = re.compile(r"[0-9a-f]{20}")
_SHOWN = 5


class NotFound(HubError):
    """Nobody answers to that key, or more than one person does."""


def find(project: Project, engine: Engine, key: str) -> str:
    """Return the profile id for KEY: a profile id, also an old one, or `namespace:value`.

    Raises:
        NotFound: nobody has it, or several do. The message does not repeat the key, which may be personal.
    """
    namespace, colon, value = key.strip().partition(":")
    if not colon:
        return _by_id(project, engine, namespace)
    found = _by_identifier(project, engine, namespace, value)
    if len(found) > 1:
        raise NotFound(
            f"{len(found)} people have this key.",
            hint=f"Give one of their ids: {', '.join(sorted(found)[:_SHOWN])}. `hub person ID` says why they are two.",
        )
    return found[0] if found else _nobody()


def _nobody() -> NoReturn:
    raise NotFound(
        "Nobody has this key.",
        hint='Give a profile id or "namespace:value", such as email:ann@example.com or customer@shop:42.',
    )


def _by_id(project: Project, engine: Engine, profile_id: str) -> str:
    if not _ID.fullmatch(profile_id):
        _nobody()
    if engine.run("select 1 from profiles where profile_id = ?", (profile_id,)):
        return profile_id
    return _by_former_id(project, engine, profile_id) or _nobody()


def _by_former_id(project: Project, engine: Engine, profile_id: str) -> str | None:
    """A profile that was merged away is found through the record that it was named by."""
    records = " union all ".join(
        f"select _node, concat(_connection, '/{name}/', _key) as record from current_{name} where _node is not null"
        for name, stream in STREAMS.items()
        if stream.has_person
    )
    rows = engine.run(
        f"select i.profile_id from ({records}) r join identity i using (_node)"
        f" where {profile_id_of('r.record', project.key)} = ? limit 1",
        (profile_id,),
    )
    return str(rows[0][0]) if rows else None


def _by_identifier(project: Project, engine: Engine, namespace: str, value: str) -> list[str]:
    rows = engine.run(
        "select distinct profile_id from identifiers"
        " where (namespace = ? or split_part(namespace, '@', 1) = ?) and value = ?",
        (namespace, namespace, _normal(project, namespace, value.strip())),
    )
    return [str(row[0]) for row in rows]


def _normal(project: Project, namespace: str, value: str) -> str:
    if base_of(namespace) == "email":
        return normalise_email(value) or value
    if base_of(namespace) == "phone":
        return normalise_phone(value, project.settings.hub.shop.country) or value
    return value
