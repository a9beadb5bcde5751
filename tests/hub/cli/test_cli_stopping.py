"""Stopping a program that serves."""

import os
import signal

from hub.cli.stopping import signalled


def test_a_signal_before_the_wait_is_not_lost() -> None:
    """Signals are queued, however early they come, and never find a lock taken."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        stopped = signalled()
        for _ in range(100):
            os.kill(os.getpid(), signal.SIGTERM)
            assert signal.SIGTERM == stopped.get(timeout=10)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
