"""Values by reference: `${NAME}` in any text; `keyring:name` and `file:path` besides where a secret belongs.

`${NAME}` is looked up in the environment and then in the project's `.env`, which is never exported. `$${` stands for a
plain `${`. What fills a secret is made known to the redaction of logs.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from hub.sdk.errors import HubError
from hub.sdk.redact import register_secret
from hub.settings import shape
from hub.settings.problems import Problem
from hub.settings.toml import Document, Loc

KEYRING_SERVICE = "hub"
_VARIABLE = re.compile(r"\$(\$\{)|\$\{([^}]*)\}")
_WHOLE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_BYTES = 1_000_000
_ANYONE = 0o077
_KINDS_OF_SECRET = ("key", "secret", "token", "password")


class _Missing(Exception):
    """A reference that leads nowhere; the text is the whole message."""


class References:
    """Looks references up for one project. `warnings` holds what was found but should be mended."""

    def __init__(self, project: Path, env: Mapping[str, str] | None = None) -> None:
        self.warnings: list[str] = []
        self._project = project
        self._env = os.environ if env is None else env
        self._dotenv = self._read_dotenv()

    def _read_dotenv(self) -> Mapping[str, str | None]:
        path = self._project / ".env"
        try:
            values = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
        except (OSError, ValueError):  # not readable, not UTF-8
            self.warnings.append(".env cannot be read as UTF-8 text; nothing in it is used.")
            return {}
        if values:
            self._warn_of_permissions(path, ".env")
        return values

    def _warn_of_permissions(self, path: Path, name: str) -> None:
        mode = path.stat().st_mode & 0o777
        if mode & _ANYONE:
            self.warnings.append(f"{name} may be read by other users (mode {mode:04o}). Run: chmod 600 {name}")

    def variable(self, name: str) -> str:
        """Return the value of `${name}`."""
        if not _NAME.fullmatch(name):
            raise _Missing(
                f'"${{{name}}}" is not a reference: a name has letters, digits and underscores. '
                'Write "$${" where the text itself is meant.'
            )
        value = self._env.get(name) or self._dotenv.get(name)
        if not value:
            raise _Missing(f"{name} is not set. Looked in: environment, .env. Set it there")
        return value

    def text(self, value: str) -> str:
        """Fill every `${NAME}` in a text that is no secret."""
        try:
            return _VARIABLE.sub(lambda found: found[1] or self.variable(found[2]), value)
        except _Missing as missing:
            raise HubError(f"{str(missing).rstrip('.')}.") from None

    def secret(self, value: object, connection: str, loc: Loc, *, alone: bool) -> str:
        """Return what a reference to a secret leads to, and make it known to the redaction of logs."""
        entry = connection if alone else f"{connection}_{_word(loc)}"
        found = self._secret(value, connection, loc, entry).rstrip("\r\n")
        if not found:
            raise HubError("this secret is empty.")
        register_secret(found)
        return found

    def _secret(self, value: object, connection: str, loc: Loc, entry: str) -> str:
        if isinstance(value, str) and (whole := _WHOLE.fullmatch(value.strip())):
            try:
                return self.variable(whole[1])
            except _Missing as missing:
                hint = "" if str(missing).endswith(".") else f', or use "keyring:{entry}".'
                raise HubError(f"{missing}{hint}") from None
        kind, _, name = value.partition(":") if isinstance(value, str) else ("", "", "")
        if kind == "keyring" and name:
            return _from_keyring(name)
        if kind == "file" and name:
            return self._from_file(name)
        raise HubError(_literal(connection, _word(loc)))

    def _from_file(self, name: str) -> str:
        path = self._project / name
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise HubError(f"the secret file {name} is larger than 1 MB.")
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            raise HubError(f"the secret file {name} is not UTF-8 text.") from None
        except FileNotFoundError:
            raise HubError(f"there is no secret file {name}. Paths are meant from the project's folder.") from None
        except (OSError, ValueError) as error:
            raise HubError(f"the secret file {name} cannot be read: {_reason(error)}.") from None
        self._warn_of_permissions(path, name)
        return text


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _word(loc: Loc) -> str:
    return next((part for part in reversed(loc) if isinstance(part, str)), "secret")


def _literal(connection: str, key: str) -> str:
    last = key.rsplit("_", 1)[-1]
    what = last if last in _KINDS_OF_SECRET else "secret"
    name = re.sub(r"\W", "_", f"{connection}_{key}").upper()
    return f'this is a literal {what}. Put it in .env, write "${{{name}}}", and make a new one: this one may be in git.'


def _from_keyring(name: str) -> str:
    try:
        import keyring  # noqa: PLC0415 - an optional dependency
    except ImportError:
        raise HubError("the keyring is not installed. Run \"pip install 'audience-hub[keyring]'\".") from None
    try:
        value = keyring.get_password(KEYRING_SERVICE, name)
    except Exception as error:  # noqa: BLE001 - every system's keyring raises its own
        text = f"the keyring of this system does not answer ({type(error).__name__})."
        raise HubError(f'{text} Write "${{NAME}}" or "file:path" instead.') from None
    if not value:
        raise HubError(f'"{name}" is not in the keyring. Run "keyring set {KEYRING_SERVICE} {name}".')
    return value


class Filler:
    """Replaces the references in one document. `problems` by place; what failed is filled with a placeholder."""

    def __init__(self, document: Document, connection: str, references: References) -> None:
        self.problems: dict[Loc, Problem] = {}
        self._document = document
        self._connection = connection
        self._references = references

    def fill(self, here: shape.Kinds, value: object, loc: Loc = (), *, alone: bool = True) -> object:
        """Return `value`, which stands at `loc` where `here` is allowed, with its references replaced."""
        if isinstance(value, dict):
            alone = sum(shape.is_secret(shape.kinds(info.annotation)) for info in shape.keys(here).values()) <= 1
            return {
                key: self.fill(shape.child(here, key), item, (*loc, key), alone=alone) for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.fill(shape.child(here, at), item, (*loc, at)) for at, item in enumerate(value)]
        try:
            return self._leaf(here, value, loc, alone=alone)
        except HubError as error:
            self.problems[loc] = self._document.problem(loc, str(error))
            return "unknown"

    def _leaf(self, here: shape.Kinds, value: object, loc: Loc, *, alone: bool) -> object:
        if shape.is_secret(here):
            return self._references.secret(value, self._connection, loc, alone=alone)
        return self._references.text(value) if isinstance(value, str) else value
