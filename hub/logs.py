"""Logging: few events with fixed names and bound keys, one sink, and nothing personal in it.

Our own events and those of libraries leave through the same handler: pretty on a terminal, one JSON object a line
otherwise. The last step before rendering takes secrets and personal data out of every value, tracebacks included.

    log = get_logger(__name__).bind(connection="mailchimp")
    log.info("batch_sent", batch=41, rows=500)
"""

import logging
import sys
import threading
from collections.abc import Mapping
from typing import Any, Final, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from hub.sdk.errors import ConfigError
from hub.sdk.redact import SECRET, is_credential, redact

_BEFORE: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
)


def configure(
    level: str = "info",
    *,
    levels: Mapping[str, str] | None = None,
    json: bool | None = None,
    stream: TextIO | None = None,
) -> None:
    """Send all logging of this process to one redacting sink; the latest call counts, other handlers are dropped.

    A library that gives its loggers handlers of their own (uvicorn without `log_config=None`) goes around it.
    `levels` sets single loggers apart (`{"hub.http": "debug"}`). `json` defaults to whether `stream` is no terminal;
    `stream` defaults to whatever standard error is at the time. The loggers of the HTTP libraries stay at warning
    unless named in `levels`.

    Raises:
        ConfigError: a level has an unknown name.
    """
    chosen = {"": level, "httpx": "warning", "httpcore": "warning", **(levels or {})}
    numbers = {name: _number(word) for name, word in chosen.items()}
    handler = _Sink(stream)
    terminal = handler.stream.isatty()
    handler.setFormatter(_formatter(json=not terminal if json is None else json, colors=terminal))
    logging.getLogger().handlers[:] = [handler]
    for name, number in numbers.items():
        logging.getLogger(name).setLevel(number)
    logging.captureWarnings(capture=True)
    _configure_structlog()


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return a logger; before the first `configure`, warnings and worse go to the sink."""
    if not structlog.is_configured():
        configure("warning")
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(name))


def report_crashes() -> None:
    """Let uncaught errors, in threads too, leave through the sink: Python would print them as they are."""
    log = get_logger("hub")

    def crashed(kind: type[BaseException], error: BaseException, trace: Any) -> None:  # noqa: ANN401 - a traceback
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            log.critical("crashed", exc_info=(kind, error, trace))

    def thread_crashed(args: threading.ExceptHookArgs) -> None:
        crashed(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)

    sys.excepthook = crashed
    threading.excepthook = thread_crashed


def redacted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take secrets and personal data out of every key and value of an event (a structlog processor)."""
    return {redact(key): _clean(key, value) for key, value in event.items()}


class _Sink(logging.StreamHandler[TextIO]):
    """Writes to `stream`, or to what standard error is at that moment; says nothing about records it cannot format."""

    def __init__(self, stream: TextIO | None) -> None:
        self._fixed = stream
        super().__init__(stream)

    @property
    def stream(self) -> TextIO:
        return self._fixed or sys.stderr

    @stream.setter
    def stream(self, stream: TextIO) -> None:
        """Ignore what the base class sets."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - name of the base class
        """Name the logger only: the base class would print the record's values."""
        self.stream.write(f"A log record of {record.name} could not be written.\n")


def _formatter(*, json: bool, colors: bool) -> structlog.stdlib.ProcessorFormatter:
    pretty = structlog.dev.ConsoleRenderer(colors=colors)
    renderer: Processor = structlog.processors.JSONRenderer() if json else pretty
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_BEFORE, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redacted,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
    )


def _configure_structlog() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_BEFORE,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _number(word: str) -> int:
    known = logging.getLevelNamesMapping()
    if word.upper() not in known:
        raise ConfigError(f'unknown log level "{word}".', hint='Use "debug", "info", "warning" or "error".')
    return known[word.upper()]


def _clean(key: str, value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case _ if is_credential(key):
            return SECRET
        case bytes():
            return redact(value.decode("utf-8", "backslashreplace"))
        case Mapping():
            return {redact(str(name)): _clean(str(name), item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(key, item) for item in value]
    return redact(str(value))
