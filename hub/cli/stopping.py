"""Wait for SIGTERM or Ctrl-C."""

import signal
from queue import SimpleQueue


def signalled() -> SimpleQueue[int]:
    """Return a queue that gets the number of every SIGTERM and SIGINT from now on: `get()` waits for the first.

    A `SimpleQueue`, no `Event`: handlers run in the main thread, and one that sets an event on which that very thread
    is about to wait finds its lock taken, for ever.
    """
    stopped: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: stopped.put(received))
    return stopped
