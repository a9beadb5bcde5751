"""What a database's error means for us; its own words may quote values, so few of them are passed on."""

from sqlalchemy.exc import CompileError, DBAPIError, NotSupportedError, ProgrammingError, SQLAlchemyError

from hub.sdk.errors import HubError, RetryLater, StopConnection

# SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
_SIGNED_IN, _WRONG = ("28", "3D"), ("0A", "21", "22", "25", "2F", "3F", "42", "54")
_QUOTABLE = ("0A", "42")  # names of columns and tables, syntax; no values
_TOO_LONG = "57014"
# https://mariadb.com/kb/en/mariadb-error-code-reference/
_MYSQL_SIGNED_IN = {1044, 1045, 1049, 1130, 1698, 1524}
_MYSQL_QUOTABLE = {1051, 1052, 1054, 1055, 1060, 1064, 1142, 1143, 1146, 1305, 1356, 1370, 1792}
_MYSQL_LATER = {1040, 1053, 1129, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1226, 1317, 1927, 1969, 3024}
_MYSQL_OWN = range(1000, 2000)  # the server's; 2000 and more are the client's: connection lost
# https://www.sqlite.org/rescode.html
_SQLITE_LATER = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_INTERRUPT", "SQLITE_NOMEM", "SQLITE_FULL")
_PASSWORD = ("authentication failed", "no password supplied", "access denied", "does not exist", "pg_hba.conf")


def failure(error: SQLAlchemyError, *, connecting: bool = False) -> HubError:
    """Return the error of the contract: mended by a person, or gone after a while."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    words = str(cause or "").strip()
    return _by_code(cause, words) or _by_words(error, words, connecting=connecting)


def _by_code(cause: BaseException | None, words: str) -> HubError | None:
    if cause is not None and cause.args and isinstance(cause.args[0], int):
        return _mysql(cause.args[0], str(cause.args[-1]))
    if state := getattr(cause, "sqlstate", None):
        return _postgresql(str(state), words)
    if name := getattr(cause, "sqlite_errorname", None):
        return _later(name) if name.startswith(_SQLITE_LATER) else _wrong(words.splitlines()[0])
    return None


def _by_words(error: SQLAlchemyError, words: str, *, connecting: bool) -> HubError:
    """Errors without a code: those of psycopg while it connects, and of drivers that we do not know."""
    if any(each in words.lower() for each in _PASSWORD):
        return _signed_in()
    if connecting:
        return RetryLater("the database cannot be reached.", hint="Is the host of url right, and the server up?")
    kind = type(getattr(error, "orig", None) or error).__name__
    if isinstance(error, ProgrammingError | NotSupportedError | CompileError):
        return _wrong(kind)
    return _later(kind)


def _postgresql(state: str, words: str) -> HubError:
    if state.startswith(_SIGNED_IN):
        return _signed_in()
    if state == _TOO_LONG:
        return RetryLater(f"the query took longer than statement_timeout ({state}).", hint="Has cursor an index?")
    if state.startswith(_WRONG):
        return _wrong(words.splitlines()[0] if state.startswith(_QUOTABLE) else f"SQLSTATE {state}")
    return _later(state)


def _mysql(number: int, words: str) -> HubError:
    if number in _MYSQL_SIGNED_IN:
        return _signed_in()
    if number in _MYSQL_OWN and number not in _MYSQL_LATER:
        return _wrong(words if number in _MYSQL_QUOTABLE else f"error {number}")
    return _later(str(number))


def _signed_in() -> HubError:
    return StopConnection(
        "the database refuses this user or password, or has no such database.", hint="Mend url, then: hub check."
    )


def _later(code: str) -> HubError:
    return RetryLater(f"the database did not answer to the end ({code}).", hint="It is read again later.")


def _wrong(why: str) -> HubError:
    return StopConnection(f"the database cannot run the query: {why}.", hint="Mend query, cursor or url.")
