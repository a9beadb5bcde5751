"""The KEY of a person, from the command line or from standard input."""

import sys

from hub.sdk.errors import ConfigError


def given(key: str) -> str:
    """Return the key; `-` reads one line, so that it stays out of the shell's history and the process list."""
    found = sys.stdin.readline().strip() if key == "-" else key.strip()
    if not found:
        raise ConfigError("no key was given.", hint="Expected a profile id or namespace:value.")
    return found
