"""Catch what the log sink writes, and leave the process as it was."""

import logging
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import StringIO

import structlog

from hub.logs import configure


@contextmanager
def captured_logs(
    level: str = "info", *, levels: Mapping[str, str] | None = None, json: bool = True
) -> Iterator[StringIO]:
    """Configure logging onto the yielded text; restores handlers, levels, hooks and structlog afterwards."""
    root = logging.getLogger()
    handlers, was = list(root.handlers), root.level
    single = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", *(levels or {}))}
    hooks = sys.excepthook, threading.excepthook, warnings.showwarning
    out = StringIO()
    try:
        configure(level, levels=levels, json=json, stream=out)
        yield out
    finally:
        logging.captureWarnings(capture=False)
        sys.excepthook, threading.excepthook, warnings.showwarning = hooks
        root.handlers[:] = handlers
        for name, number in {"": was, **single}.items():
            logging.getLogger(name).setLevel(number)
        structlog.reset_defaults()
