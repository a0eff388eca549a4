"""Telling a server that minds a hello from one that has changed: by a hello that is known to get through.

While a search goes on this control is asked now and then. Where it fails, what the server said since the last
time it got through proves nothing. Asked again at once and after a pause, it shows what has happened.
"""

import time
from collections.abc import Callable
from enum import StrEnum

from handshake.hello_template import HelloTemplate
from matrix.explain.asking import Asker, is_unreachable

CONTROL_AFTER = 10
"""The control is asked after so many other hellos."""
REPEATS = 10
"""How often a hello is asked to tell the rate of its failures."""
PAUSE_SECONDS = 3.0
"""Longer than the second that limits of rates are counted in."""


class Disturbance(StrEnum):
    """What keeps a server from being explained."""

    FLAKY = "flaky"
    DOWN = "down"
    BANNED = "banned"
    RATE_LIMITED = "rate-limited"
    CHANGED = "changed"


class Control:
    """Watches a server by a hello that gets through. `pause` waits for so many seconds."""

    def __init__(
        self,
        asker: Asker,
        hello: HelloTemplate,
        pause: Callable[[float], None] = time.sleep,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._asker = asker
        self._hello = hello
        self._pause = pause
        self._pause_seconds = pause_seconds

    def disturbance(self) -> Disturbance | None:
        """Ask the control; say what has happened where it does not get through."""
        if self._asker.ask(self._hello).passes:
            return None
        again = self._asker.ask(self._hello)
        if is_unreachable(again):
            return Disturbance.DOWN
        if again.passes and not self._is_steady():
            return Disturbance.FLAKY
        if again.passes:
            return None  # one lost connection
        self._pause(self._pause_seconds)
        later = self._asker.ask(self._hello)
        if later.passes:
            return Disturbance.RATE_LIMITED
        return Disturbance.DOWN if is_unreachable(later) else Disturbance.BANNED

    def _is_steady(self) -> bool:
        return all(self._asker.ask(self._hello).passes for _ in range(REPEATS))


def rate_of_failures(asker: Asker, hello: HelloTemplate) -> float:
    """Which share of its repetitions fails, 0 to 1."""
    return sum(not asker.ask(hello).passes for _ in range(REPEATS)) / REPEATS
