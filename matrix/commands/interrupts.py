"""What Ctrl-C does while modules are imported: it ends the process at once, since nothing is to be undone.

A KeyboardInterrupt would not do: the import machinery prints a traceback of it, or swallows it.
"""

import os
import signal
from types import FrameType

from matrix.errors import EXIT_INTERRUPTED


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(EXIT_INTERRUPTED)


def end_at_once() -> None:
    """From here on Ctrl-C ends the process, also if it came while the launcher kept it back."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def raise_again() -> None:
    """From here on Ctrl-C is a KeyboardInterrupt again, if it was before."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)
