"""Runs a browser, and ends all that has come of it when whoever holds the other end of its standard input is
gone, however that happens: nothing runs on, and the browser's folder is removed.

    python keeper.py FOLDER [DESCRIPTOR ...] -- COMMAND [ARGUMENT ...]

The descriptors are 3, 4 and so on for the command; they must be above 9. Browsers start helpers that leave
their session and clear their environment (chrome_crashpad_handler, crashhelper); as this process is their
subreaper (prctl(2)), the orphans among them become its children.
"""

import ctypes
import os
import selectors
import shutil
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
FIRST_DESCRIPTOR = 3


def start(command: list[str], descriptors: Sequence[int]) -> int:
    """Start the command in a session of its own; its process id."""
    process = os.fork()
    if process:
        return process
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in range(FIRST_DESCRIPTOR):
            os.dup2(nothing, standard)
        for at, descriptor in enumerate(descriptors, FIRST_DESCRIPTOR):
            os.dup2(descriptor, at)
        os.execvp(command[0], command)
    finally:
        os._exit(127)


def wait(process: int) -> None:
    """Wait for the end of the process or of standard input."""
    life = os.pidfd_open(process)
    with selectors.DefaultSelector() as selector:
        for each in (life, sys.stdin.fileno()):
            selector.register(each, selectors.EVENT_READ)
        selector.select()


def end_children() -> None:
    """Kill what has come of the command: children, and theirs, which become ours."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while processes := [int(each) for each in children.read_text().split()]:
        for each in processes:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        for each in processes:
            with suppress(ChildProcessError):
                os.waitpid(each, 0)


def main(folder: str, arguments: list[str]) -> None:
    """Keep one browser."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    split = arguments.index("--")
    descriptors = [int(each) for each in arguments[:split]]
    try:
        process = start(arguments[split + 1 :], descriptors)
        for descriptor in descriptors:
            os.close(descriptor)  # so that the end of the browser is the end of what it writes
        wait(process)
    finally:
        end_children()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
