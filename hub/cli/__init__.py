"""The `hub` command. One module per command: parse, ask the API, print, exit code.

Modules here import nothing heavy at the top: `hub --help` answers in under 0.3 seconds of CPU.
"""

import sys

from hub.cli.app import app
from hub.cli.show import note
from hub.sdk.errors import ConfigError, HubError

GREEN, NOT_GREEN, WRONG_USE = 0, 1, 2


def main() -> None:
    """Run the command line; errors that the hub raises on purpose are shown without a traceback."""
    try:
        app()
    except HubError as error:
        note(error.message, "red")
        if error.hint:
            note(error.hint)
        sys.exit(WRONG_USE if isinstance(error, ConfigError) else NOT_GREEN)
