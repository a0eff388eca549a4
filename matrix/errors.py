"""Errors that a person can correct before a run: each is one line saying what, where and what to do;
an error about a file is one line a fault (`definitions.fault`).

Nothing a server or a client does on the wire belongs here; that is an observation.
"""

import errno
import traceback
from pathlib import Path

from definitions.fault import UnusableFile

EXIT_AS_EXPECTED = 0
EXIT_NOT_AS_EXPECTED = 1
EXIT_USAGE = 2
EXIT_HARNESS = 3
EXIT_HUNG_UP = 129  # 128 + SIGHUP
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells report it
EXIT_TERMINATED = 143  # 128 + SIGTERM


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def to_write(error: OSError, otherwise: str) -> str:
    """What to do about a file that could not be written: more room helps where there was none, else what is
    said.
    """
    return "free space" if error.errno in _NO_ROOM else otherwise


def fault_of(error: Exception) -> str:
    """An error that nobody raised on purpose, in one line: what it is, and the line of code it came from."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})"


class MatrixError(Exception):
    """Base of everything this package raises on purpose; the text is one line for a person."""


class SelectionError(MatrixError):
    """A pattern or an id that names nothing."""


class ExpectationError(UnusableFile, MatrixError):
    """A file of expectations that cannot be used; each line names the file and the entry."""


class UnreadableRun(UnusableFile, MatrixError):
    """A run file that is missing or is not what it should be; each line names the file and the key."""
