"""Keeps back, for a moment, the signals that end a run: their handlers raise, wherever this process is."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


@contextmanager
def undisturbed() -> Iterator[None]:
    """What comes in the block comes at its end. A thread that is started in it never gets any of them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
