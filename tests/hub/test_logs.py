import io
import json
import logging
import sys
import threading
import warnings
from typing import Any

import pytest
import structlog

from hub.logs import configure, get_logger, report_crashes
from hub.sdk.errors import ConfigError
from hub.sdk.redact import register_secret
from tests.support.http_logs import captured_logs

SECRET = "canary-secret-of-the-logs"
PERSON = "canary@shop.example"


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    """Read JSON lines."""
    return [json.loads(line) for line in out.getvalue().splitlines()]


def raise_canary() -> None:
    """Fail with a person's address in the message."""
    raise ValueError(f"no row for {PERSON}")


def test_an_event_is_one_line_with_its_bound_keys() -> None:
    """Name, level, logger, time and what was bound, as JSON where nobody looks."""
    with captured_logs() as out:
        get_logger("hub.flow").bind(connection="mailchimp").info("batch_sent", batch=41, ratio=0.5, last=True)
        (line,) = lines(out)
    assert line.pop("timestamp").endswith("Z")
    expected = {"event": "batch_sent", "level": "info", "logger": "hub.flow", "connection": "mailchimp"}
    assert {**expected, "batch": 41, "ratio": 0.5, "last": True} == line


def test_libraries_share_the_sink_and_the_redaction() -> None:
    """A record of the standard library's logging gets the same form, its arguments and extras redacted."""
    with captured_logs() as out:
        logging.getLogger("library").warning("for %s", PERSON, extra={"url": f"https://u:{SECRET}@shop.example/"})
        (line,) = lines(out)
    assert ("for [email]", "warning", "library") == (line["event"], line["level"], line["logger"])
    assert line["url"] == "https://[secret]@shop.example/"


@pytest.mark.parametrize("as_json", [True, False])
def test_no_value_of_any_kind_gets_through(as_json: bool) -> None:  # noqa: FBT001
    """Keys, nested values, bytes, objects, tracebacks with causes, stacks and contexts are all cleaned."""
    register_secret(SECRET)
    with captured_logs("debug", json=as_json) as out:
        log = get_logger("hub.x")
        with structlog.contextvars.bound_contextvars(who=PERSON):
            log.debug("one %s", PERSON, rows=[{PERSON: (SECRET.encode(), {PERSON})}], error=ValueError(PERSON))
        log.info("two", password="short", access_token="abc", stack_info=True)
        try:
            raise_canary()
        except ValueError as error:
            log.exception("three")
            logging.getLogger("library").warning("four", exc_info=RuntimeError(SECRET, error))
    text = out.getvalue()
    assert [] == [word for word in ("canary", "short", "abc") if word in text.replace("raise_canary", "")]
    assert "no row for [email]" in text


def test_a_record_that_cannot_be_formatted_does_not_print_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """Python would write the arguments of a bad log call to standard error."""
    with captured_logs() as out:
        logging.getLogger("library").warning("%s %s", PERSON)  # noqa: PLE1206 - the mistake under test
    assert out.getvalue() == "A log record of library could not be written.\n"
    assert PERSON not in capsys.readouterr().err


def test_levels_are_set_for_all_and_for_one() -> None:
    """The root level holds, except for loggers that are named; the HTTP libraries need to be named."""
    with captured_logs("warning", levels={"hub.http": "debug"}) as out:
        get_logger("hub.flow").info("hidden")
        get_logger("hub.http").debug("shown")
        logging.getLogger("hub.http").debug("shown too")
    with captured_logs("debug") as more:
        logging.getLogger("httpx").info("hidden")
        logging.getLogger("httpcore.connection").debug("hidden")
    assert ["shown", "shown too"] == [line["event"] for line in lines(out)]
    assert more.getvalue() == ""


def test_an_unknown_level_is_a_config_error() -> None:
    """A misspelt level names the valid ones."""
    with pytest.raises(ConfigError, match='unknown log level "loud"'):
        configure("loud")


def test_a_terminal_gets_colours_and_a_file_gets_none() -> None:
    """Pretty on request, but escape codes for terminals alone."""
    with captured_logs(json=False) as out:
        get_logger("hub").info("hello", rows=1)
    assert "hello" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_warnings_leave_through_the_sink() -> None:
    """A library's warning is a log line like any other."""
    with captured_logs() as out, warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"deprecated for {PERSON}", UserWarning, stacklevel=1)
    assert "deprecated for [email]" in lines(out)[0]["event"]


def test_crashes_are_reported_without_the_person() -> None:
    """Uncaught errors, of threads too, are logged redacted; an interrupt is no crash."""
    with captured_logs() as out:
        report_crashes()
        thread = threading.Thread(target=raise_canary)
        thread.start()
        thread.join()
        try:
            raise_canary()
        except ValueError as error:
            sys.excepthook(ValueError, error, error.__traceback__)
    assert [("crashed", "critical")] * 2 == [(line["event"], line["level"]) for line in lines(out)]
    assert "no row for [email]" in lines(out)[1]["exception"]
    assert PERSON not in out.getvalue()


def test_before_anything_is_configured_nothing_leaks(capsys: pytest.CaptureFixture[str]) -> None:
    """A logger used on its own writes warnings to the redacting sink, and nothing below."""
    with captured_logs():
        structlog.reset_defaults()
        log = get_logger("hub.early")
        log.info("hidden")
        log.warning("shown", who=PERSON)
    shown = capsys.readouterr()
    assert "" == shown.out
    assert ("hidden" in shown.err, "[email]" in shown.err) == (False, True)
