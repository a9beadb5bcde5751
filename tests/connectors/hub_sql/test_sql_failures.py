"""Errors by their codes: what a person has to mend, and what is over after a while."""

import sqlite3

import psycopg
import pymysql
import pytest
from sqlalchemy.exc import CompileError, OperationalError, ProgrammingError, SQLAlchemyError

from hub.sdk.errors import HubError, RetryLater, StopConnection
from hub_sql.failures import failure

VALUE = "value-of-somebody"


def postgresql(state: str) -> SQLAlchemyError:
    """An error of a server, with a value in its words."""
    return OperationalError("select", {}, psycopg.errors.lookup(state)(VALUE))


def mariadb(number: int) -> SQLAlchemyError:
    """The same of a MariaDB."""
    return OperationalError("select", {}, pymysql.err.OperationalError(number, VALUE))


def sqlite(name: str) -> SQLAlchemyError:
    """The same of a file."""
    error = sqlite3.OperationalError("no such table: x")
    error.sqlite_errorname = name
    return OperationalError("select", {}, error)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (postgresql("28P01"), StopConnection, "user or password"),
        (postgresql("3D000"), StopConnection, "no such database"),
        (postgresql("42P01"), StopConnection, VALUE),  # names of tables
        (postgresql("22P02"), StopConnection, "SQLSTATE 22P02"),
        (postgresql("57014"), RetryLater, "longer than statement_timeout"),
        (postgresql("40001"), RetryLater, "40001"),
        (postgresql("40P01"), RetryLater, "40P01"),
        (postgresql("57P01"), RetryLater, "57P01"),
        (postgresql("53300"), RetryLater, "53300"),
        (postgresql("08006"), RetryLater, "08006"),
        (postgresql("XX000"), RetryLater, "XX000"),
        (mariadb(1045), StopConnection, "user or password"),
        (mariadb(1049), StopConnection, "no such database"),
        (mariadb(1054), StopConnection, VALUE),
        (mariadb(1292), StopConnection, "error 1292"),
        (mariadb(1205), RetryLater, "1205"),
        (mariadb(1213), RetryLater, "1213"),
        (mariadb(1040), RetryLater, "1040"),
        (mariadb(1927), RetryLater, "1927"),
        (mariadb(2006), RetryLater, "2006"),
        (mariadb(2013), RetryLater, "2013"),
        (mariadb(4031), RetryLater, "4031"),
        (sqlite("SQLITE_BUSY"), RetryLater, "SQLITE_BUSY"),
        (sqlite("SQLITE_IOERR_READ"), RetryLater, "SQLITE_IOERR_READ"),
        (sqlite("SQLITE_ERROR"), StopConnection, "no such table: x"),
        (sqlite("SQLITE_CORRUPT"), StopConnection, "no such table: x"),
        (OperationalError("select", {}, psycopg.OperationalError('role "x" does not exist')), StopConnection, "user"),
        (ProgrammingError("select", {}, Exception(VALUE)), StopConnection, "Exception"),
        (OperationalError("select", {}, Exception(VALUE)), RetryLater, "Exception"),
        (CompileError(VALUE), StopConnection, "CompileError"),
    ],
)
def test_an_error_is_one_of_the_contract(error: SQLAlchemyError, kind: type[HubError], words: str) -> None:
    """By its code where it has one; a value is never told."""
    found = failure(error)
    assert (type(found), True) == (kind, words in str(found))
    assert words == VALUE or VALUE not in str(found)


def test_a_server_that_is_not_there_is_asked_again_later() -> None:
    """Without a code, while we connect."""
    found = failure(OperationalError("", {}, psycopg.OperationalError("Connection refused, geheim")), connecting=True)
    assert (RetryLater, False) == (type(found), "geheim" in str(found))
    assert "cannot be reached" in str(found)
