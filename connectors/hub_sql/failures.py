"""What a database's error means for us; its own words may quote values, so few of them are passed on."""

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from hub.sdk.errors import HubError, RetryLater, StopConnection

# SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
_SIGNED_IN, _WRONG = ("28",), ("0A", "22", "25", "3D", "3F", "42")
_QUOTABLE = ("0A", "42")  # names of columns and tables, syntax; no values
# https://mariadb.com/kb/en/mariadb-error-code-reference/
_MYSQL_SIGNED_IN, _MYSQL_WRONG = {1044, 1045, 1698}, {1049, 1054, 1064, 1142, 1146, 1792}
_SQLITE_WRONG = ("no such", "syntax error", "unable to open", "not a database", "readonly", "incomplete input")
_PASSWORD = ("authentication failed", "no password supplied", "access denied", "does not exist")


def failure(error: SQLAlchemyError) -> HubError:
    """Return the error of the contract: mended by a person, or gone after a while."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    state, text = getattr(cause, "sqlstate", None), str(cause or "").strip()
    number = cause.args[0] if cause is not None and cause.args and isinstance(cause.args[0], int) else None
    if (state and state.startswith(_SIGNED_IN)) or number in _MYSQL_SIGNED_IN:
        return _signed_in()
    if state and state.startswith(_WRONG):
        return _wrong(text.splitlines()[0] if state.startswith(_QUOTABLE) else f"SQLSTATE {state}")
    if number in _MYSQL_WRONG:
        return _wrong(str(cause.args[1]) if cause is not None and len(cause.args) > 1 else f"error {number}")
    return _later(str(state or number)) if state or number else _by_words(text)


def _by_words(text: str) -> HubError:
    """Drivers that give no code: SQLite always, psycopg while it connects."""
    low = text.lower()
    if any(words in low for words in _SQLITE_WRONG):
        return _wrong(text.splitlines()[0])
    return _signed_in() if any(words in low for words in _PASSWORD) else _later("no code")


def _signed_in() -> HubError:
    return StopConnection(
        "the database refuses this user or password, or has no such database.", hint="Mend url, then: hub check."
    )


def _later(code: str) -> HubError:
    return RetryLater(f"the database did not answer to the end ({code}).", hint="It is read again later.")


def _wrong(why: str) -> HubError:
    return StopConnection(f"the database cannot run the query: {why}.", hint="Mend query, cursor or url.")
