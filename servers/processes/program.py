"""Starts a server program, which is a Python file, with pipes for its standard streams.

Where this process has one thread, the program is a fork of it: all that both import is there already, which
saves a quarter of a second of a processor for each program [measured]. Otherwise a lock that another thread
holds would be held for ever in the fork (POSIX, fork), so a fresh interpreter is started. Either way the
program leads a session of its own, and has no more of this process than the environment it is given: no
descriptor, no signal handler, no function to call at its end.
"""

import atexit
import faulthandler
import os
import runpy
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NoReturn, Protocol

_PROJECT = Path(__file__).parents[2]
_TASKS = Path("/proc/self/task")
_DESCRIPTORS = Path("/proc/self/fd")
_FAILED = 1


class Program(Protocol):
    """What is known of a program that runs; `returncode` (negative for a signal) once it was waited for."""

    pid: int
    stdin: IO[bytes] | None
    stdout: IO[bytes] | None
    stderr: IO[bytes] | None
    returncode: int | None

    def wait(self) -> int:
        """Wait for its end, give its id back, and return how it ended."""


Start = Callable[[Path, Mapping[str, str]], Program]


def start_program(path: Path, environment: Mapping[str, str]) -> Program:
    """Start a program with that environment. Raises OSError where the system has no process to give."""
    return _Fork(path, _told(environment)) if is_of_one_thread() else start_afresh(path, environment)


def start_afresh(path: Path, environment: Mapping[str, str]) -> Program:
    """The same in a fresh interpreter, for a program that imports another version of what this process may
    have imported.
    """
    return subprocess.Popen(
        [sys.executable, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_told(environment),
        start_new_session=True,
    )


def _told(environment: Mapping[str, str]) -> dict[str, str]:
    return {**environment, "PYTHONPATH": str(_PROJECT), "PYTHONUTF8": "1"}


def is_of_one_thread() -> bool:
    """Whether this process can be forked: it has no other thread, of Python's or of a library; False where
    the system does not say.
    """
    try:
        return len(os.listdir(_TASKS)) == 1
    except OSError:
        return False


class _Fork:
    """A program that is a fork of this process."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()  # what waits there would be written twice
        (*theirs, begun), (*ours, beginning) = zip(*_pipes(), strict=True)
        try:
            self.pid = os.fork()
        except OSError:
            for descriptor in (*theirs, *ours, begun, beginning):
                os.close(descriptor)
            raise
        if self.pid == 0:
            _become(path, theirs, environment)
        for descriptor in (*theirs, begun):
            os.close(descriptor)
        os.read(beginning, 1)  # ends when the program leads its session and can be killed with it
        os.close(beginning)
        self.stdin: IO[bytes] | None = os.fdopen(ours[0], "wb")
        self.stdout: IO[bytes] | None = os.fdopen(ours[1], "rb")
        self.stderr: IO[bytes] | None = os.fdopen(ours[2], "rb")
        self.returncode: int | None = None

    def wait(self) -> int:
        """Wait for its end."""
        if self.returncode is None:
            _, status = os.waitpid(self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def _pipes() -> Sequence[tuple[int, int]]:
    """The program's end of a pipe and ours: of its standard streams, and of the one whose end says that it
    has begun.
    """
    stdin, *others = os.pipe(), os.pipe(), os.pipe(), os.pipe()
    return stdin, *((theirs, ours) for ours, theirs in others)


def _become(path: Path, streams: Sequence[int], environment: Mapping[str, str]) -> NoReturn:
    """Be the program, in the fork: nothing of this process is run again, whatever happens."""
    status = _FAILED
    try:
        os.setsid()
        _take_streams(streams)
        _forget_signals()
        atexit._clear()
        _warn_as_usual()
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = [str(path)]
        sys.path.insert(0, str(path.parent))
        runpy.run_path(str(path), run_name="__main__")
        status = os.EX_OK
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(BaseException):
            atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(BaseException):
                stream.flush()
        os._exit(status)


def _take_streams(streams: Sequence[int]) -> None:
    """Make these descriptors the standard streams, and close all others."""
    faulthandler.disable()  # it may write to a descriptor that is somebody else's from now on
    kept = [os.dup(descriptor) for descriptor in streams]
    while min(kept) < len(kept):  # none may be overwritten before its turn
        kept = [os.dup(descriptor) for descriptor in kept]
    for number, descriptor in enumerate(kept):
        os.dup2(descriptor, number)
    for descriptor in [int(name) for name in os.listdir(_DESCRIPTORS)]:
        if descriptor >= len(kept):
            with suppress(OSError):  # the one that the list was read through
                os.close(descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # open until the process ends
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115


def _warn_as_usual() -> None:
    """Take warnings as a fresh interpreter does; here they may be errors (Python, Default Warning Filter)."""
    warnings.resetwarnings()
    for unseen in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", unseen)


def _forget_signals() -> None:
    """Take signals as a fresh interpreter does."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
