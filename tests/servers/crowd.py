"""Three hundred connections to a server at once of which none wants an answer, and an ordinary client among
them.
"""

import random
import select
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from clients.profile import load_profiles
from matrix.cell import Cell
from matrix.grid.endpoint import Endpoint
from matrix.grid.run_cell import Terms, run_cell
from matrix.grid.servers import running_endpoint
from matrix.judgement.outcome import Expectation, Outcome
from matrix.scenarios import CONNECT
from servers.processes.start import RunningServer
from servers.variant import ServerVariant
from tests.kills.keeper import descendants

SILENT, HALF_WAY, GARBAGE, NEVER_READING = 75, 75, 50, 100
CROWD = SILENT + HALF_WAY + GARBAGE + NEVER_READING
STUCK_AT_LEAST = SILENT
"""Of the crowd, as long as a control counts: what a server may end at once are the others."""
ANSWER_SECONDS = 2.0
SEED = 14


def hello() -> bytes:
    """What an ordinary client sends first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing).do_handshake()
    return outgoing.read()


@dataclass
class Crowd:
    """The connections that have been made."""

    stuck: list[socket.socket]

    def stands(self) -> bool:
        """Whether the silent half is still there, not ended by the server."""
        poll = select.poll()
        for each in self.stuck:
            poll.register(each, select.POLLIN)
        return len(self.stuck) - len(poll.poll(0)) >= STUCK_AT_LEAST


@contextmanager
def crowd_at(server: RunningServer) -> Iterator[Crowd]:
    """All of them, connected at once and in one order, mixed."""
    drawing = random.Random(SEED)
    whole = hello()
    said = [b""] * SILENT + [whole[: len(whole) // 2]] * HALF_WAY + [whole] * NEVER_READING
    said += [drawing.randbytes(drawing.randrange(1, 2000)) for _ in range(GARBAGE)]
    stuck = [*range(SILENT + HALF_WAY)]
    order = drawing.sample(range(CROWD), CROWD)
    with ExitStack() as closing:
        made: dict[int, socket.socket] = {}
        for index in order:
            connection = closing.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            connection.setblocking(False)
            connection.connect_ex((server.host, server.port))
            made[index] = connection
        _say(made, said)
        yield Crowd([made[index] for index in stuck])


def _say(made: dict[int, socket.socket], said: list[bytes]) -> None:
    """Send what each has to say once it is connected, waited for at most as long as an answer."""
    until = time.monotonic() + ANSWER_SECONDS
    unsaid = {connection: said[index] for index, connection in made.items() if said[index]}
    while unsaid and time.monotonic() < until:
        _, ready, _ = select.select([], list(unsaid), [], max(0.0, until - time.monotonic()))
        for connection in ready:
            with suppress(OSError):
                connection.send(unsaid[connection])
            del unsaid[connection]


class Control:
    """The ordinary client of a server: the cell by which a run knows that the server works."""

    def __init__(self, variant: ServerVariant, server: RunningServer) -> None:
        self._endpoint: Endpoint = running_endpoint(variant, server)
        self._cell = Cell(variant.id, variant.definition.control, CONNECT.id)
        self._client = load_profiles()[variant.definition.control]

    def is_answered(self) -> bool:
        """Whether a handshake and a request are, within ANSWER_SECONDS."""
        terms = Terms(ANSWER_SECONDS)
        result, _ = run_cell(self._cell, self._client, self._endpoint, Expectation(), terms)
        return result.judgement.outcome is Outcome.WORKS


@dataclass(frozen=True)
class Held:
    """What the processes of a server program hold, all together."""

    processes: int
    threads: int
    descriptors: int

    def exceeds(self, other: "Held", more: "Held") -> bool:
        """Whether it is more than the other by more than that."""
        return (
            self.processes > other.processes + more.processes
            or self.threads > other.threads + more.threads
            or self.descriptors > other.descriptors + more.descriptors
        )


def held_by(process: int) -> Held:
    """What a process and all that it has started hold."""
    everyone = [process, *descendants(process)]
    return Held(len(everyone), _entries(everyone, "task"), _entries(everyone, "fd"))


def _entries(processes: list[int], folder: str) -> int:
    count = 0
    for process in processes:
        with suppress(OSError):
            count += len(list(Path(f"/proc/{process}/{folder}").iterdir()))
    return count
