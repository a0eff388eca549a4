"""What ends a run before its last cell: SIGTERM, SIGHUP (the terminal is gone) and the time limit. An
interrupt (SIGINT) is Python's own KeyboardInterrupt.

All end it alike: no further cell is run, what was measured is written, and the exit status says what it was.
"""

import signal
from collections.abc import Callable
from time import monotonic
from types import FrameType
from typing import NoReturn, Self

from matrix.errors import EXIT_HARNESS, EXIT_HUNG_UP, EXIT_TERMINATED

_STATUS = {
    signal.SIGTERM: EXIT_TERMINATED,
    signal.SIGHUP: EXIT_HUNG_UP,
    signal.SIGALRM: EXIT_HARNESS,
}

_ONE_ORDER_SECONDS = 1.0
"""A signal so soon after another is the same order: a service may be sent SIGTERM and SIGHUP at once."""

End = Callable[[str, int], NoReturn]
"""Ends what is going on, told why and with which exit status."""


class EndedEarly(BaseException):
    """The run is to end now. As with KeyboardInterrupt, no handler of errors on the way is meant."""


def raise_it(why: str, status: int) -> NoReturn:
    """Raise EndedEarly."""
    del status
    raise EndedEarly(why)


class Ending:
    """Listens for what ends a run while it is entered, and calls `end` then. `reason` is for a person,
    `status` the exit status.
    """

    def __init__(self, time_limit: float | None, end: End = raise_it) -> None:
        self.is_early = False
        self.reason = ""
        self.status = 0
        self._time_limit = time_limit
        self._end_it = end
        self._ordered_at = 0.0
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in _STATUS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves SIGHUP
                self._before[number] = signal.signal(number, self._end)
        if self._time_limit is not None:
            signal.setitimer(signal.ITIMER_REAL, self._time_limit)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # as signal.signal gave it
        self._before.clear()

    def is_near(self) -> None:
        """What is left takes a moment and must not be cut short; an interrupt still may."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)

    def is_here(self) -> None:
        """Now not even an interrupt may."""
        self._before.setdefault(signal.SIGINT, signal.signal(signal.SIGINT, signal.SIG_IGN))

    def _end(self, number: int, frame: FrameType | None) -> None:
        if self.is_early and monotonic() - self._ordered_at < _ONE_ORDER_SECONDS:
            return  # what is raised must not be raised again in the middle of its handling
        self.is_early = True
        self._ordered_at = monotonic()
        self.status = _STATUS[signal.Signals(number)]
        is_limit = number == signal.SIGALRM
        self.reason = f"the time limit of {self._time_limit:g} s" if is_limit else signal.Signals(number).name
        self._end_it(f"{self.reason} ended the run", self.status)
