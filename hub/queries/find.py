"""Find a person by a profile id or an identifier."""

from hub.engine import Engine
from hub.flow.identify import profile_id_of
from hub.project import Project
from hub.sdk.errors import HubError
from hub.sdk.identity import base_of, normalise_email, normalise_phone


class NotFound(HubError):
    """Nobody answers to that key."""


def find(project: Project, engine: Engine, key: str) -> str:
    """Return the profile id for KEY: a profile id, also an old one, or `namespace:value`.

    Raises:
        NotFound: nobody has it. The message does not repeat the key, which may be personal.
    """
    namespace, colon, value = key.strip().partition(":")
    found = _by_identifier(project, engine, namespace, value) if colon else _by_id(project, engine, namespace)
    if found is None:
        raise NotFound(
            "Nobody has this key.",
            hint='Give a profile id or "namespace:value", such as email:ann@example.com or customer@shop:42.',
        )
    return found


def _by_id(project: Project, engine: Engine, profile_id: str) -> str | None:
    if engine.run("select 1 from profiles where profile_id = ?", (profile_id,)):
        return profile_id
    return _by_former_id(project, engine, profile_id)


def _by_former_id(project: Project, engine: Engine, profile_id: str) -> str | None:
    """A profile that was merged away is found through the record that it was named by."""
    from_people = (
        "select _node, concat(_connection, '/people/', _key) as record from current_people where _node is not null"
    )
    rows = engine.run(
        f"select i.profile_id from ({from_people}) r join identity i using (_node)"
        f" where {profile_id_of('r.record', project.key)} = ?",
        (profile_id,),
    )
    return str(rows[0][0]) if rows else None


def _by_identifier(project: Project, engine: Engine, namespace: str, value: str) -> str | None:
    rows = engine.run(
        "select profile_id from identifiers where (namespace = ? or split_part(namespace, '@', 1) = ?) and value = ?"
        " order by rank limit 1",
        (namespace, namespace, _normal(project, namespace, value.strip())),
    )
    return str(rows[0][0]) if rows else None


def _normal(project: Project, namespace: str, value: str) -> str:
    if base_of(namespace) == "email":
        return normalise_email(value) or value
    if base_of(namespace) == "phone":
        return normalise_phone(value, project.settings.hub.shop.country) or value
    return value
