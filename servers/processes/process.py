"""One server program as a process: what is written to it, what it says, and its end.

Every stream has a thread, so nothing a program does or leaves undone blocks the harness. The process leads a
session of its own: an interrupt at the terminal reaches only us, and what the program has started itself is
killed when it ends. A fourth thread waits for that end before the process id is given back, so that no signal
can ever reach a stranger of the same id.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from servers import contract
from servers.processes.program import Start, start_program
from servers.processes.undisturbed import undisturbed
from servers.running import MAX_LINE_BYTES, ProgramEvents

STOP_SECONDS = 1.0

# The home and cache folders say where fetched stacks lie.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "HOME", "XDG_CACHE_HOME")


class ProgramProcess:
    """A process and the servers in it. Starts at once; OSError when the system has no process to give.

    It is told and heard from `listen` on, which starts threads: a program that is started after that cannot
    be a fork.
    """

    def __init__(self, path: Path, start: Start = start_program) -> None:
        self._name = f"{path.parent.name}/{path.name}"
        self.events = ProgramEvents(self._name, [])
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self._process = start(path, environment)
        self.process_id = self._process.pid
        self._signalling = threading.Lock()
        self._ended = threading.Event()
        self._lines: Sequence[bytes] = []
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._error_reader = threading.Thread(target=self._read_errors, daemon=True)
        self._reader = threading.Thread(target=self._read_events, daemon=True)
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def listen(self, configurations: Sequence[contract.Configuration]) -> None:
        """Tell the program its configurations and hear what it says."""
        self.events = ProgramEvents(self._name, configurations)
        self._lines = [configuration.to_line() for configuration in configurations]
        self._begin_threads()

    def _begin_threads(self) -> None:
        # Python forgets a thread whose start an exception cuts short, as that of a signal's handler does, and
        # the thread then fails with a traceback.
        with undisturbed():
            for thread in (self._error_reader, self._reader, self._watcher, self._writer):
                if thread.ident is None:
                    thread.start()

    def ask_to_stop(self) -> None:
        """End the standard input, which a program takes as the order to stop."""
        self._begin_threads()
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

    def _write(self) -> None:
        stream = _present(self._process.stdin)
        with suppress(BrokenPipeError):
            for line in self._lines:
                stream.write(line)
            stream.flush()

    def _read_errors(self) -> None:
        for line in _bounded_lines(_present(self._process.stderr)):
            self.events.take_error_line(line)

    def _read_events(self) -> None:
        for line in _bounded_lines(_present(self._process.stdout)):
            self.events.take_line(line)
        self._error_reader.join(STOP_SECONDS)
        self.events.take_end(self._reason_for_end())

    def _reason_for_end(self) -> str:
        if not self._ended.wait(STOP_SECONDS):
            return "closed its standard output"
        status = self._process.wait()
        how = f"ended with exit status {status}" if status >= 0 else f"was killed by signal {-status}"
        return self.events.with_last_words(how)


def _bounded_lines(stream: IO[bytes]) -> Iterator[bytes]:
    while line := stream.readline(MAX_LINE_BYTES):
        yield line


def _present(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # all three were asked for as pipes
    return stream
