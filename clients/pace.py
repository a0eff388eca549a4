"""How often a client connects: a server that is not ours is asked no faster than was agreed."""

import time
from collections.abc import Callable

from clients.destination import Destination, is_loopback

DEFAULT_RATE = 20.0
"""Connections a second to one target that is not on loopback, unless something else is asked for."""


class Pace:
    """Spreads connections evenly; each caller of `wait` goes on when its turn has come.

    `per_second` above 0; `clock` and `sleep` are `time.monotonic` and `time.sleep`.
    """

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 1 / per_second
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    def wait(self) -> None:
        """Wait for the next turn."""
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._interval


def pace_of(destination: Destination, rate: float | None) -> Callable[[], None]:
    """The pace of connections to a target: `rate` a second, and the default off loopback."""
    if rate is None and is_loopback(destination):
        return at_once
    return Pace(rate or DEFAULT_RATE).wait


def at_once() -> None:
    """The pace of servers of our own: no wait."""
