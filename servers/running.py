"""What a server program says, kept: what became of each of its servers, and every connection they saw.

Whatever carries the lines, the pipes of a process or the stream of a container, they are read the same; what
is kept of them is bounded.
"""

import dataclasses
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct, structs

from servers import contract
from servers.own_program import PROGRAM, SYSTEM, from_id

MAX_LINE_BYTES = 1 << 20  # a log of MAX_LOG_CHARACTERS fits even where every character is escaped
MAX_CONNECTIONS_KEPT = 10_000
MAX_LOGS_KEPT = 200
MAX_LAST_WORDS = 50
MAX_QUOTED = 300


class RunningServer(Struct, frozen=True):
    """A server that listens; `certificate_sha256`: hex digests of the leaf certificates it may present."""

    id: str
    host: str
    port: int
    stack: str
    certificate_sha256: frozenset[str]


class NotInstalled(Struct, frozen=True):
    """What the server is made of is missing here; `message` says which command gets it."""

    id: str
    message: str


class StartFailure(Struct, frozen=True):
    """The server did not start; `message` is one line that says why."""

    id: str
    message: str


StartResult = RunningServer | NotInstalled | StartFailure


class _Told(Struct, frozen=True):
    """A server's view of a connection, and when it was told here."""

    connection: contract.Connection
    at: datetime


class ProgramEvents:
    """What the servers of one program have said. Any thread may ask; one reader gives it the lines.

    `name` is what the program is called in messages; `translate` turns an event into what it means here,
    where the program's ports are not those that clients know.
    """

    def __init__(
        self,
        name: str,
        configurations: Sequence[contract.Configuration],
        translate: Callable[[contract.Event], contract.Event] = lambda event: event,
    ) -> None:
        self._name = name
        self._translate = translate
        self._hosts = {configuration.id: configuration.host for configuration in configurations}
        self._own_programs = {
            configuration.id: from_id(program)
            for configuration in configurations
            if (program := configuration.toggles.get(PROGRAM, SYSTEM)) != SYSTEM
        }
        self._changed = threading.Condition()
        self._results: dict[str, StartResult] = {}
        self._late_failures: dict[str, str] = {}
        self._told: dict[str, deque[_Told]] = {
            identity: deque(maxlen=MAX_CONNECTIONS_KEPT) for identity in self._hosts
        }
        self._connection_counts = dict.fromkeys(self._hosts, 0)
        self._last_words: deque[str] = deque(maxlen=MAX_LAST_WORDS)

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
            return tuple(told.connection for told in self._told[identity])

    def wait_for_connection(
        self, identity: str, peer_port: int, since: datetime, seconds: float
    ) -> contract.Connection | None:
        """The first connection from the port that was told after `since`, waited for."""

        def first() -> contract.Connection | None:
            told = (each for each in self._told[identity] if each.at > since)
            return next((each.connection for each in told if each.connection.peer_port == peer_port), None)

        with self._changed:
            return self._changed.wait_for(first, seconds)

    def follow(self, identity: str) -> Iterator[contract.Connection]:
        """Every connection as it ends, from the oldest kept on, until the server no longer runs."""
        given = 0
        while True:
            with self._changed:
                while not (fresh := self._connection_counts[identity] - given):
                    if identity in self._late_failures:
                        return
                    self._changed.wait()
                kept = [told.connection for told in self._told[identity]]
                given += fresh
            yield from kept[-fresh:]

    def stopped(self, identity: str, seconds: float = 0.0) -> str | None:
        """Why a server that was running no longer is, waited for; None while it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._late_failures.get(identity), seconds)

    def take_line(self, line: bytes) -> None:
        """Take one line of the program's standard output."""
        with self._changed:
            self._take(line)
            self._changed.notify_all()

    def take_error_line(self, line: bytes) -> None:
        """Take one line of the program's standard error, the last of which explain its end."""
        if text := one_line(line.decode("utf-8", "backslashreplace")):
            self._last_words.append(text)

    def with_last_words(self, how: str) -> str:
        """How a program ended, and what it said last on its standard error."""
        return f"{how}: {self._last_words[-1]}" if self._last_words else f"{how} and said nothing"

    def take_end(self, reason: str) -> None:
        """The program says no more."""
        with self._changed:
            for identity in self._hosts:
                self._fail(identity, reason)
            self._changed.notify_all()

    def _take(self, line: bytes) -> None:
        try:
            event = contract.event_from_json(json.loads(line))
            known = self._told[event.id]
        except (ValueError, KeyError, RecursionError):
            quoted = one_line(line.decode("utf-8", "backslashreplace"))
            for identity in self._hosts.keys() - self._results.keys():
                self._fail(identity, f"printed something that is no event of its servers: {quoted}")
            return
        match self._translate(event):
            case contract.Connection() as seen:
                known.append(_Told(seen, datetime.now(UTC)))
                if len(known) > MAX_LOGS_KEPT:
                    old = known[-MAX_LOGS_KEPT - 1]
                    known[-MAX_LOGS_KEPT - 1] = structs.replace(
                        old, connection=dataclasses.replace(old.connection, log=None)
                    )
                self._connection_counts[event.id] += 1
            case contract.Ready(identity, port, stack, digests):
                running = RunningServer(identity, self._hosts[identity], port, one_line(stack), digests)
                self._results.setdefault(identity, running)
            case contract.NotInstalled(identity, message):
                self._results.setdefault(identity, NotInstalled(identity, one_line(message)))
            case contract.Failed(identity, message):
                self._fail(identity, one_line(message))

    def _fail(self, identity: str, message: str) -> None:
        program = self._own_programs.get(identity, "")
        runs = f"; it runs {program}" if program and program not in message else ""
        failure = StartFailure(identity, f"{self._name} {message}{runs}")
        if isinstance(self._results.setdefault(identity, failure), RunningServer):
            self._late_failures.setdefault(identity, failure.message)


class RunningServers(Mapping[str, StartResult]):
    """What became of each server asked for, by variant id, and what the running ones have said since.

    Only what was started can be asked for more than its result: the other methods raise KeyError.
    """

    def __init__(self, results: Mapping[str, StartResult], events: Mapping[str, ProgramEvents]) -> None:
        self._results = results
        self._events = events

    def __getitem__(self, server_id: str) -> StartResult:
        return self._results[server_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._results)

    def __len__(self) -> int:
        return len(self._results)

    def connections(self, server_id: str) -> tuple[contract.Connection, ...]:
        """What the server itself saw, connection by connection as they ended; the last ten thousand."""
        return self._events[server_id].connections(server_id)

    def wait_for_connection(
        self, server_id: str, peer_port: int, since: datetime, deadline_seconds: float = 1.0
    ) -> contract.Connection | None:
        """The server's view of the connection made from `peer_port`; None when it says nothing in time.

        Ports are used again after some thousand connections: `since`, a moment before this one was made,
        keeps it apart from others. It is a moment of the wall clock, for it may come from another process.
        """
        return self._events[server_id].wait_for_connection(server_id, peer_port, since, deadline_seconds)

    def follow(self, server_id: str) -> Iterator[contract.Connection]:
        """Every connection as it ends, waited for, until the server no longer runs."""
        return self._events[server_id].follow(server_id)

    def stopped(self, server_id: str, deadline_seconds: float = 0.0) -> str | None:
        """Why a server that was running no longer is, waited for; None while it is."""
        return self._events[server_id].stopped(server_id, deadline_seconds)


def one_line(text: str) -> str:
    """A program's words made fit for one line of output: escaped where not printable, and cut."""
    escaped = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text.strip()
    )
    return escaped if len(escaped) <= MAX_QUOTED else f"{escaped[:MAX_QUOTED]}..."
