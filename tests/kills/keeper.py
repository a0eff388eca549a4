"""Runs a command and says what of it has outlived it.

    python -m tests.kills.keeper DESCRIPTOR GRACE COMMAND [ARGUMENT ...]

Writes a line of JSON to the descriptor when the command has begun (`pid`), and one when nothing of it runs
any more, or GRACE seconds have passed: its `status` (negative for a signal), how many `seconds` it took the
last process to end, and for each process that has not, what it is and how many sockets it listens on. These
are killed then.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from clients.genuine.drivers.keeper import PR_SET_CHILD_SUBREAPER, end_children

PAUSE = 0.02
LISTENS = "0A"
"""The state of a socket in /proc/net/tcp (TCP_LISTEN, net/tcp_states.h)."""


def reaped(until: float) -> dict[int, int]:
    """Wait for children until there is none or that moment; how each ended, by its id."""
    ended = {}
    while time.monotonic() < until:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if process:
            ended[process] = os.waitstatus_to_exitcode(status)
        else:
            time.sleep(PAUSE)
    return ended


def descendants(process: int) -> list[int]:
    """The children of a process, and theirs."""
    found = []
    with suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *descendants(child)]
    return found


def listening_sockets(process: int) -> int:
    """How many sockets of the process listen for TCP."""
    opened = set()
    with suppress(OSError):
        for descriptor in Path(f"/proc/{process}/fd").iterdir():
            with suppress(OSError):
                opened.add(os.readlink(descriptor))
    count = 0
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            lines = Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]
            rows = [line.split() for line in lines]
            count += sum(1 for row in rows if row[3] == LISTENS and f"socket:[{row[9]}]" in opened)
    return count


def described(process: int) -> dict[str, Any]:
    """A process for a person."""
    command = ""
    with suppress(OSError):
        command = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    return {"pid": process, "command": command, "listening_sockets": listening_sockets(process)}


def main(says: IO[str], grace: float, command: list[str]) -> None:
    """Run one command."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # a job in the background ignores some, and commands inherit it
    started = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL)
    print(json.dumps({"pid": started.pid}), file=says, flush=True)
    ended: dict[int, int] = {}
    while started.pid not in ended:
        ended |= reaped(time.monotonic() + PAUSE)
    began = time.monotonic()
    reaped(began + grace)
    seconds = time.monotonic() - began
    left = [described(each) for each in descendants(os.getpid())]
    end = {"status": ended[started.pid], "seconds": round(seconds, 2), "left": left}
    print(json.dumps(end), file=says, flush=True)
    end_children()


if __name__ == "__main__":
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)
    with open(descriptor, "w", encoding="utf-8") as opened:
        main(opened, float(sys.argv[2]), sys.argv[3:])
