"""Runs a command, and ends all that has come of it: when it has ended, and when told to by SIGTERM.

    python -m clients.genuine.drivers.supervisor COMMAND [ARGUMENT ...]

It is the subreaper (prctl(2)) of what it starts, so a child that has left its session and cleared its
environment becomes this process's own. Its end is the command's: the same status, or the same signal. The
command has a session of its own, and is killed by the kernel when this process is.
"""

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress

from clients.genuine.drivers.keeper import PR_SET_CHILD_SUBREAPER, end_children

PR_SET_PDEATHSIG = 1  # linux/prctl.h
AWAITED = (signal.SIGCHLD, signal.SIGTERM)
NOT_STARTED = 127
"""The status of what could not be started, as the shell has it (POSIX, Shell and Utilities 2.8.2)."""


def start(command: list[str]) -> int:
    """Start the command in a session of its own; its process id."""
    process = os.fork()
    if process:
        return process
    try:
        os.setsid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, AWAITED)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and a command inherits that
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]} cannot be started: {error.strerror}\n".encode())
    finally:
        os._exit(NOT_STARTED)


def wait(process: int) -> int | None:
    """The status of the process (wait(2)) once it has ended; None where SIGTERM comes before."""
    while signal.sigwait(AWAITED) != signal.SIGTERM:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == process:
                return ended[1]
    return None


def end_as(status: int) -> None:
    """End as the command has."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(OSError):  # of SIGKILL nothing can be changed
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def main(command: list[str]) -> None:
    """Run one command."""
    signal.pthread_sigmask(signal.SIG_BLOCK, AWAITED)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    status = wait(start(command))
    end_children()
    if status is not None:
        end_as(status)


if __name__ == "__main__":
    main(sys.argv[1:])
