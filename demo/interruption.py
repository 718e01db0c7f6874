"""Ctrl-C, a request to end and a terminal that closes: noted, so that everything is ended in peace."""

import contextlib
import signal
import threading
from collections.abc import Iterator


class Interruption:
    """That, and by which signal, the user asked to stop."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.number = 0

    def __call__(self, number: int, _frame: object) -> None:
        """Take a signal; the first one counts."""
        self.number = self.number or number
        self.stop.set()

    @property
    def exit_code(self) -> int:
        """128 and the signal's number, as shells say it."""
        return 128 + self.number


@contextlib.contextmanager
def signals() -> Iterator[Interruption]:
    """Note signals instead of dying with processes alive."""
    interruption = Interruption()
    before = {
        number: signal.signal(number, interruption)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield interruption
    finally:
        for number, action in before.items():
            signal.signal(number, action)
