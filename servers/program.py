"""One server program as a process: what is written to it, what it says, and its end.

Every stream has a thread, so nothing a program does or leaves undone blocks the harness; what is kept of its
output is bounded. The process leads a session of its own: an interrupt at the terminal reaches only us, and
what the program has started itself is killed when it ends. A fourth thread waits for that end before the
process id is given back, so that no signal can ever reach a stranger of the same id.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from servers import contract

STOP_SECONDS = 1.0
MAX_LINE_BYTES = 1 << 20  # a log of MAX_LOG_CHARACTERS fits even where every character is escaped
MAX_CONNECTIONS_KEPT = 10_000
MAX_LOGS_KEPT = 200
MAX_STDERR_LINES = 50
MAX_QUOTED = 300

_PROJECT = Path(__file__).parent.parent
# The home and cache folders say where fetched stacks lie.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "HOME", "XDG_CACHE_HOME")


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that listens; `certificate_sha256`: hex digests of the leaf certificates it may present."""

    id: str
    host: str
    port: int
    stack: str
    certificate_sha256: frozenset[str]


@dataclass(frozen=True, slots=True)
class NotInstalled:
    """What the server is made of is missing here; `message` says which command gets it."""

    id: str
    message: str


@dataclass(frozen=True, slots=True)
class StartFailure:
    """The server did not start; `message` is one line that says why."""

    id: str
    message: str


StartResult = RunningServer | NotInstalled | StartFailure


class Program:
    """A process and the servers in it. Starts at once; OSError when the system has no process to give."""

    def __init__(self, path: Path, configurations: Sequence[contract.Configuration]) -> None:
        self._path = path
        self._hosts = {configuration.id: configuration.host for configuration in configurations}
        self._changed = threading.Condition()
        self._results: dict[str, StartResult] = {}
        self._late_failures: dict[str, str] = {}
        self._connections: dict[str, deque[contract.Connection]] = {
            identity: deque(maxlen=MAX_CONNECTIONS_KEPT) for identity in self._hosts
        }
        self._connection_counts = dict.fromkeys(self._hosts, 0)
        self._last_words: deque[str] = deque(maxlen=MAX_STDERR_LINES)
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environment, "PYTHONPATH": str(_PROJECT), "PYTHONUTF8": "1"},
            start_new_session=True,
        )
        self.process_id = self._process.pid
        self._signalling = threading.Lock()
        self._ended = threading.Event()
        lines = [configuration.to_line() for configuration in configurations]
        self._writer = threading.Thread(target=self._write, args=(lines,), daemon=True)
        self._error_reader = threading.Thread(target=self._read_errors, daemon=True)
        self._reader = threading.Thread(target=self._read_events, daemon=True)
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        for thread in (self._writer, self._error_reader, self._reader, self._watcher):
            thread.start()

    def results(self, deadline: float) -> dict[str, StartResult]:
        """What became of each server; one silent until the deadline (monotonic clock) has failed."""
        with self._changed:
            everyone = len(self._hosts)
            self._changed.wait_for(
                lambda: len(self._results) == everyone, max(0.0, deadline - time.monotonic())
            )
            for identity in self._hosts.keys() - self._results.keys():
                self._fail(identity, "said nothing before the deadline")
            return dict(self._results)

    def connections(self, identity: str) -> tuple[contract.Connection, ...]:
        """The connections kept, oldest first; those before the last two hundred without their logs."""
        with self._changed:
            return tuple(self._connections[identity])

    def wait_for_connection(
        self, identity: str, peer_port: int, seconds: float
    ) -> contract.Connection | None:
        """The latest connection from the port, waited for."""

        def latest() -> contract.Connection | None:
            seen = reversed(self._connections[identity])
            return next((connection for connection in seen if connection.peer_port == peer_port), None)

        with self._changed:
            return self._changed.wait_for(latest, seconds)

    def follow(self, identity: str) -> Iterator[contract.Connection]:
        """Every connection as it ends, from the oldest kept on, until the server no longer runs."""
        given = 0
        while True:
            with self._changed:
                while not (fresh := self._connection_counts[identity] - given):
                    if identity in self._late_failures:
                        return
                    self._changed.wait()
                kept = list(self._connections[identity])
                given += fresh
            yield from kept[-fresh:]

    def stopped(self, identity: str) -> str | None:
        """Why a server that was running no longer is, None while it is."""
        with self._changed:
            return self._late_failures.get(identity)

    def ask_to_stop(self) -> None:
        """End the standard input, which a program takes as the order to stop."""
        if self._writer.is_alive():
            # It reads nothing at all, so it would not read the end either; and the writer still needs the
            # pipe.
            self._signal(signal.SIGKILL)
            self._writer.join(STOP_SECONDS)
        with suppress(BrokenPipeError):
            _present(self._process.stdin).close()

    def stop(self, deadline: float) -> None:
        """Wait for the end until the deadline (monotonic clock), then terminate, then kill."""
        if not self._ended.wait(max(0.0, deadline - time.monotonic())):
            self._signal(signal.SIGTERM)
            if not self._ended.wait(STOP_SECONDS):
                self._signal(signal.SIGKILL)
                self._ended.wait()
        self._watcher.join()
        readers = ((self._reader, self._process.stdout), (self._error_reader, self._process.stderr))
        for reader, stream in readers:
            reader.join(STOP_SECONDS)
            if not reader.is_alive():
                _present(stream).close()

    def _signal(self, signal_number: int) -> None:
        with self._signalling:
            if not self._ended.is_set():
                os.killpg(self._process.pid, signal_number)

    def _watch(self) -> None:
        # WNOWAIT leaves the ended process its id, so the group is still its own when the rest of it is
        # killed.
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        with self._signalling:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._ended.set()

    def _write(self, lines: Sequence[bytes]) -> None:
        stream = _present(self._process.stdin)
        with suppress(BrokenPipeError):
            for line in lines:
                stream.write(line)
            stream.flush()

    def _read_errors(self) -> None:
        for line in _bounded_lines(_present(self._process.stderr)):
            if text := one_line(line.decode("utf-8", "backslashreplace")):
                self._last_words.append(text)

    def _read_events(self) -> None:
        for line in _bounded_lines(_present(self._process.stdout)):
            with self._changed:
                self._take(line)
                self._changed.notify_all()
        self._error_reader.join(STOP_SECONDS)
        reason = self._reason_for_end()
        with self._changed:
            for identity in self._hosts:
                self._fail(identity, reason)
            self._changed.notify_all()

    def _take(self, line: bytes) -> None:
        try:
            event = contract.event_from_json(json.loads(line))
            known = self._connections[event.id]
        except (ValueError, KeyError, RecursionError):
            quoted = one_line(line.decode("utf-8", "backslashreplace"))
            for identity in self._hosts.keys() - self._results.keys():
                self._fail(identity, f"printed something that is no event of its servers: {quoted}")
            return
        match event:
            case contract.Connection():
                known.append(event)
                if len(known) > MAX_LOGS_KEPT:
                    known[-MAX_LOGS_KEPT - 1] = replace(known[-MAX_LOGS_KEPT - 1], log=None)
                self._connection_counts[event.id] += 1
            case contract.Ready(identity, port, stack, digests):
                running = RunningServer(identity, self._hosts[identity], port, one_line(stack), digests)
                self._results.setdefault(identity, running)
            case contract.NotInstalled(identity, message):
                self._results.setdefault(identity, NotInstalled(identity, one_line(message)))
            case contract.Failed(identity, message):
                self._fail(identity, one_line(message))

    def _fail(self, identity: str, message: str) -> None:
        failure = StartFailure(identity, f"{self._path.parent.name}/{self._path.name} {message}")
        if isinstance(self._results.setdefault(identity, failure), RunningServer):
            self._late_failures.setdefault(identity, failure.message)

    def _reason_for_end(self) -> str:
        if not self._ended.wait(STOP_SECONDS):
            return "closed its standard output"
        status = self._process.returncode
        end = f"ended with exit status {status}" if status >= 0 else f"was killed by signal {-status}"
        return f"{end}: {self._last_words[-1]}" if self._last_words else f"{end} and said nothing"


def one_line(text: str) -> str:
    """A program's words made fit for one line of output: escaped where not printable, and cut."""
    escaped = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text.strip()
    )
    return escaped if len(escaped) <= MAX_QUOTED else f"{escaped[:MAX_QUOTED]}..."


def _bounded_lines(stream: IO[bytes]) -> Iterator[bytes]:
    while line := stream.readline(MAX_LINE_BYTES):
        yield line


def _present(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # all three were asked for as pipes
    return stream
