"""A program that stays up and makes one connection after the other: a stack behind a driver of ours.

A driver is a process that reads a line of JSON for each visit and writes one: what it is told are the fields
of `Call`, the deadline as `seconds` from now, and what it says those of `Said`. Its first line says that it
is ready, so a slow start (a Java virtual machine) takes nobody's time. A driver that does not answer in time,
or dies, has its end told as the visit's, and is started anew for the next. What it writes on standard error
are the stack's own words.
"""

import atexit
import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from clients.genuine.process import Words, ended_with_us
from clients.genuine.program import Call, Said

START_SECONDS = 30.0
END_SECONDS = 2.0
"""From the end of a driver's output to that of its process."""
MAX_LINE = 4 << 20
"""Bytes of what a driver says of one visit."""
MARGIN = 0.9
"""The share of the time left that a driver has, so that it can still say what happened."""


@dataclass(frozen=True)
class Driven:
    """A program behind a driver; `command` starts that, which may take `start_seconds`. `goes_on`: what
    failed may go on in it unseen (a thread of Java's HttpClient 11.0.5, for one; measured), so the driver is
    ended after a visit that did not work.
    """

    id: str
    title: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    missing: str | None = None
    start_seconds: float = START_SECONDS
    goes_on: bool = False

    def visit(self, call: Call) -> Said:
        """Let the driver connect."""
        return _driver(self).visit(call)


class Driver:
    """A driver's process, started when it is first needed."""

    def __init__(self, program: Driven) -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._output = bytearray()
        self._words = Words()
        self._lock = Lock()

    def visit(self, call: Call) -> Said:
        """One visit; other threads wait for their turn."""
        asked = time.monotonic()
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self.stop()
                self._start()
                if not self._line(time.monotonic() + self._program.start_seconds):
                    return self._ended("did not start")
            self._words = Words()
            # Neither the wait for its turn nor the start is the visit's: it has all the time it was given.
            deadline = call.deadline + time.monotonic() - asked
            self._tell(call, deadline)
            line = self._line(deadline)
            if line is None:
                return self._ended("did not end by itself")
            if not line:
                self._await_end()
                return self._ended("did not end by itself")
            said = json.loads(line)
            if self._program.goes_on and said.get("works") is False:
                self.stop()
            words = said["words"] + self._words.text
            return Said(
                words,
                said.get("how", ""),
                said.get("works"),
                said.get("answer", "").encode("latin-1", "replace"),
                said.get("alert_sent"),
                said.get("alert_received"),
                tuple(said.get("key_log", ())),
            )

    def stop(self) -> None:
        """End the process and all that it has started."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        process.wait()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            ended_with_us(self._program.command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **self._program.environment},
            start_new_session=True,
        )
        self._output.clear()
        self._words = Words()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None, "both are pipes"
            os.set_blocking(stream.fileno(), False)

    def _tell(self, call: Call, deadline: float) -> None:
        assert self._process is not None, "it was started"
        assert self._process.stdin is not None, "it is a pipe"
        told: dict[str, Any] = {
            "host": call.host,
            "port": call.port,
            "server_name": call.server_name,
            "request": call.request.decode("latin-1"),
            "seconds": max(0.05, (deadline - time.monotonic()) * MARGIN),
            "trusted": call.trusted,
        }
        with suppress(BrokenPipeError):  # the end of its output says so, too
            self._process.stdin.write(json.dumps(told).encode() + b"\n")
            self._process.stdin.flush()

    def _line(self, deadline: float) -> bytes | None:
        """The next line of its output; empty where its end comes first, None where the deadline does."""
        process = self._process
        assert process is not None, "it was started"
        assert process.stdout is not None, "it is a pipe"
        assert process.stderr is not None, "it is a pipe"
        output, errors = process.stdout.fileno(), process.stderr.fileno()
        with selectors.DefaultSelector() as selector:
            for stream in (output, errors):
                selector.register(stream, selectors.EVENT_READ)
            while b"\n" not in self._output and len(self._output) < MAX_LINE:
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if not ready:
                    return None
                for key, _ in ready:
                    said = os.read(key.fd, 65_536)
                    if key.fd == output:
                        if not said:
                            return b""
                        self._output += said
                    elif said:
                        self._words.add(said)
                    else:
                        selector.unregister(errors)
        with suppress(BlockingIOError):
            self._words.add(os.read(errors, 65_536))
        line, _, rest = bytes(self._output).partition(b"\n")
        self._output = bytearray(rest)
        return line

    def _await_end(self) -> None:
        """Its output ends a little before the process does, which then has a status."""
        assert self._process is not None, "it was started"
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)

    def _ended(self, how: str) -> Said:
        process = self._process
        status = None if process is None else process.poll()
        self.stop()
        how = how if status is None else f"ended with status {status}"
        return Said(self._words.text, how, works=False, is_late=status is None)


_DRIVERS: dict[tuple[str, ...], Driver] = {}


def _driver(program: Driven) -> Driver:
    """The one driver of this process for a command."""
    key = (program.id, *program.command)
    if key not in _DRIVERS:
        _DRIVERS[key] = Driver(program)
    return _DRIVERS[key]


@atexit.register
def stop_drivers() -> None:
    """End every driver of this process; those of a process that is killed are ended by the kernel."""
    for driver in _DRIVERS.values():
        driver.stop()
