"""A program that serves many connections at once and writes of all of them to its standard error."""

import re
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self

from servers import contract
from servers.system.backend import MAX_LINE_BYTES, StartError
from servers.system.view import View

MAX_OPEN_VIEWS = 1000
MAX_LAST_WORDS = 3


@dataclass(frozen=True, slots=True)
class DaemonLog:
    """How a program's log is read.

    `connection` matches a line about a connection, its group is what tells connections apart. Of these lines,
    `accepted` matches the first of a connection, its group is the client's port, and `finished` the last.
    `listening` matches the line that says that the program listens. `view` reads the lines of a connection.
    `thread` matches a line that a thread wrote, its group is which; a line that names no connection is about
    the one that the thread has named last.
    """

    connection: re.Pattern[bytes]
    accepted: re.Pattern[bytes]
    finished: re.Pattern[bytes]
    listening: re.Pattern[bytes]
    view: Callable[[], View]
    thread: re.Pattern[bytes] | None = None


class Daemon:
    """One process; each connection is reported when the log says that it is finished.

    Entering waits until it listens; raises StartError when it does not come to that. The process ends with
    the thread that made this. `standard_input` is a descriptor for it to have.
    """

    def __init__(
        self,
        server_id: str,
        command: Sequence[str],
        log: DaemonLog,
        *,
        environment: Mapping[str, str],
        descriptors: Sequence[int],
        standard_input: int = subprocess.DEVNULL,
    ) -> None:
        self._server_id = server_id
        self._log = log
        self._views: dict[bytes, tuple[int, View]] = {}
        self._last_of_thread: dict[bytes, bytes] = {}
        self._last_words: deque[str] = deque(maxlen=MAX_LAST_WORDS)
        self._settled = threading.Event()
        self._listens = self._stopping = False
        self._process = subprocess.Popen(
            command,
            stdin=standard_input,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            pass_fds=descriptors,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        self._settled.wait(contract.START_SECONDS)
        if not self._listens:
            self._stop()
            raise StartError(f"{self._server_id.partition('@')[0]} does not listen: {self._said()}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        self._stopping = True
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._stream().close()

    def _stream(self) -> IO[bytes]:
        assert self._process.stderr is not None
        return self._process.stderr

    def _said(self) -> str:
        return "; ".join(self._last_words) or "it did not say why"

    def _read(self) -> None:
        while line := self._stream().readline(MAX_LINE_BYTES):
            if not self._listens and self._log.listening.search(line):
                self._listens = True
                self._settled.set()
            elif (number := self._connection(line)) is not None:
                self._take(number, line.rstrip(b"\n"))
            else:
                self._last_words.append(line.decode("utf-8", "backslashreplace").strip())
        self._settled.set()
        if self._listens and not self._stopping:
            contract.emit(contract.Failed(self._server_id, f"ended: {self._said()}"))

    def _connection(self, line: bytes) -> bytes | None:
        """What tells the line's connection apart; None where it is about none."""
        match = self._log.connection.search(line)
        thread = None if self._log.thread is None else self._log.thread.search(line)
        if thread is None:
            return None if match is None else match[1]
        if match is not None:
            self._last_of_thread[thread[1]] = match[1]
        return self._last_of_thread.get(thread[1])

    def _take(self, number: bytes, line: bytes) -> None:
        if number not in self._views:
            accepted = self._log.accepted.search(line)
            if accepted is None or len(self._views) >= MAX_OPEN_VIEWS:
                return
            self._views[number] = int(accepted[1]), self._log.view()
        peer_port, view = self._views[number]
        view.read(line)
        if self._log.finished.search(line):
            del self._views[number]
            contract.emit(view.event(self._server_id, peer_port))
