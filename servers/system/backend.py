"""A program that serves one connection at a time, and what it prints of it."""

import os
import re
import selectors
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import repeat
from typing import IO

from servers import contract
from servers.system.view import View

MAX_LINE_BYTES = 1 << 16


class StartError(contract.CannotStart):
    """A program that does not start; the message is one line."""


@dataclass(frozen=True, slots=True)
class BackendProgram:
    """What is run, how it is known to listen, and who reads what it prints.

    `name` is what messages call it. `command` takes the port to listen on, the next of `ports` (0 lets the
    program bind a free one). `listening` matches the line that says it listens; its group, if it has one, is
    the port. `descriptors` are inherited.
    """

    name: str
    command: Callable[[int], Sequence[str]]
    listening: re.Pattern[bytes]
    view: Callable[[], View]
    environment: Mapping[str, str]
    descriptors: Sequence[int] = ()
    ports: Iterator[int] = field(default_factory=lambda: repeat(0))


class Backend:
    """One process, idle between connections; raises StartError when it does not come to listen."""

    def __init__(self, program: BackendProgram) -> None:
        self._program = program
        self.view = program.view()
        self.port = next(program.ports)
        try:
            self._process = subprocess.Popen(
                program.command(self.port),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=program.environment,
                pass_fds=program.descriptors,
            )
        except OSError as error:
            raise StartError(f"{program.name} cannot be started: {error}") from error
        self._end = os.fdopen(os.pidfd_open(self._process.pid), "rb", buffering=0)
        self._listens = False
        self._last_line = b""
        self._unfinished = dict.fromkeys(self.outputs, b"")
        for stream in self.outputs:
            os.set_blocking(stream.fileno(), False)
        try:
            self._wait_until_it_listens()
        except StartError:
            self.kill()
            raise

    @property
    def outputs(self) -> tuple[IO[bytes], IO[bytes]]:
        """Standard output and standard error, which must be read while a connection lasts."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        return self._process.stdout, self._process.stderr

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def ends_within(self, seconds: float) -> bool:
        """Whether the process has ended, or does so in this time."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._end, selectors.EVENT_READ)
            return bool(selector.select(seconds))

    def _read_output(self, stream: IO[bytes]) -> bool:
        """Take what there is to read; False when the stream has ended."""
        with suppress(BlockingIOError):
            while received := os.read(stream.fileno(), 65536):
                *lines, rest = (self._unfinished[stream] + received).split(b"\n")
                self._unfinished[stream] = rest[-MAX_LINE_BYTES:]
                for line in lines:
                    self._take(line)
            return False
        return True

    def read_outputs(self) -> bool:
        """Take what there is to read of both streams; False when one has ended, and with it the process."""
        standard, error = self.outputs
        return self._read_output(standard) & self._read_output(error)

    def forget(self) -> None:
        """Begin a new view, without what is still to read of an earlier connection."""
        self.read_outputs()
        self.view = self._program.view()

    def end(self) -> None:
        """Let the process end; whoever has it sees that, and then calls `kill`."""
        self._process.kill()

    def kill(self) -> None:
        """End the process; nothing of it is left afterwards."""
        self._process.kill()
        self._process.wait()
        for stream in (*self.outputs, self._end):
            stream.close()

    def _take(self, line: bytes) -> None:
        if self._listens:
            self.view.read(line)
        elif match := self._program.listening.search(line):
            self._listens = True
            if match.groups():
                self.port = int(match[1])
        else:
            self._last_line = line.strip() or self._last_line

    def _wait_until_it_listens(self) -> None:
        with selectors.DefaultSelector() as selector:
            for stream in self.outputs:
                selector.register(stream, selectors.EVENT_READ)
            alive = True
            while alive and not self._listens and selector.select(contract.START_SECONDS):
                alive = self.read_outputs()
        if not self._listens:
            said = self._last_line.decode("utf-8", "backslashreplace") or "it did not say why"
            raise StartError(f"{self._program.name} does not listen: {said}")
