"""Log a bug without what it was about: an error's message may quote a value, its place in the code never does."""

import traceback
from pathlib import Path

from hub.logs import get_logger


def log_bug(event: str, error: BaseException, **facts: object) -> None:
    """Log the kind of an unexpected error and where it came from, innermost call last; never its message."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-8:]]
    get_logger(__name__).error(event, error=type(error).__name__, at=places, **facts)
