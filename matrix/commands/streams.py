"""Standard output and standard error as commands need them: whatever becomes of whoever reads them, a command
goes on and ends with the status it would have had.

A reader who has seen enough (`| head`) leaves the rest to nobody; a closed stream is for nobody from the
start; what an encoding lacks is escaped. A disk that is full is another matter for standard output: that
OSError stays one. On standard error only what was to be said there is lost.
"""

import io
import os
import sys
from typing import Any, TextIO


class _Stream(io.FileIO):
    """A descriptor whose reader may leave: what is written after that goes nowhere."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.is_left = False

    def write(self, data: Any, /) -> int:
        """Write what the system takes now, or all of it to nobody; the number of bytes."""
        try:
            return super().write(data)
        except BrokenPipeError:
            self.is_left = True
            write_nowhere(self.fileno())
            return len(data)


class _ErrorStream(_Stream):
    """Standard error: there is no other place to tell that it cannot be written."""

    def write(self, data: Any, /) -> int:
        """Write what the system takes now; where it takes nothing, the data is lost."""
        try:
            return super().write(data)
        except OSError:
            return len(data)


def open_streams() -> None:
    """Put such streams in the place of `sys.stdout` and `sys.stderr`. A descriptor that was closed before is
    taken, so that no file and no pipe that is opened later is taken for standard output.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # which takes the lowest number that is free
    sys.stdout = _opened(sys.stdout, _Stream)
    sys.stderr = _opened(sys.stderr, _ErrorStream)


def is_left(stream: TextIO) -> bool:
    """Whether the reader of a stream has gone away, as far as that is known: it takes a write to know it."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return isinstance(raw, _Stream) and raw.is_left


def write_nowhere(descriptor: int) -> None:
    """Send what is written to a descriptor nowhere from now on: Python's own last flush must not fail too."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _opened(stream: TextIO | None, kind: type[_Stream]) -> TextIO:
    if stream is None:  # it was closed before this process began
        return io.TextIOWrapper(io.FileIO(os.devnull, "w"), "utf-8")
    return io.TextIOWrapper(
        io.BufferedWriter(kind(stream.fileno())),
        stream.encoding,
        "backslashreplace",
        line_buffering=bool(stream.line_buffering),
    )
