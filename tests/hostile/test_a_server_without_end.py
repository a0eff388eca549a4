"""A server that never ends: what comes is bounded in bytes, in memory and in the transcript, and told."""

from collections.abc import Iterator
from itertools import repeat

import pytest

from clients.exchange import MAX_RECEIVED_BYTES
from clients.observation import Attempt
from clients.transport import RECEIVE_SIZE
from handshake.server import ServerConnection
from handshake.transcript import FIRST_KEPT, LAST_KEPT
from tests.hostile.floods import FLOODS, NO_RECORDS, PIECE, in_clear
from tests.hostile.handshakes import FLOODED, HANDSHAKES
from tests.hostile.memory import MOST_MEMORY, needs_at_most
from tests.hostile.server import Line, Server, visit


class Flood(Line):
    """A line on which something comes without end."""

    def __init__(self, server: Server, pieces: Iterator[bytes]) -> None:
        super().__init__(server)
        self._pieces = pieces

    def receive(self, deadline: float) -> bytes:
        """The next piece of the flood."""
        data = next(self._pieces)
        self.carried += len(data)
        return data


class FloodBehindTheHandshake(Line):
    """A line on which a server is heard until it is asked something, and then the flood."""

    def __init__(
        self, server: Server, connection: ServerConnection, content_type: int, fragment: bytes
    ) -> None:
        super().__init__(server)
        self._connection = connection
        self._times = 1 + PIECE // (len(fragment) + 5)
        self._flood = (content_type, fragment)

    def receive(self, deadline: float) -> bytes:
        """What the server says, or a piece of the flood."""
        if not self._incoming and self._server.was_asked:
            for _ in range(self._times):
                self._connection.records.write_record(*self._flood, 0.0)
            self._incoming = self._server.give()
        return super().receive(deadline)


def check_bounded(attempt: Attempt, line: Line) -> None:
    """What came was no more than an attempt takes, and no more of it is kept than the ends."""
    assert line.carried <= MAX_RECEIVED_BYTES + RECEIVE_SIZE + PIECE
    assert len(attempt.transcript) <= FIRST_KEPT + LAST_KEPT


@pytest.mark.parametrize("flood", FLOODS)
def test_in_the_place_of_a_hello(flood: str) -> None:
    handshake = HANDSHAKES["tls1.2-ecdsa"]
    line = Flood(Server(handshake), in_clear(FLOODS[flood]))
    with needs_at_most(MOST_MEMORY):
        attempt = visit(handshake, line)
    assert attempt.failure is not None
    check_bounded(attempt, line)


@pytest.mark.parametrize("nothing", NO_RECORDS)
def test_what_is_no_record(nothing: str) -> None:
    handshake = HANDSHAKES["tls1.3"]
    line = Flood(Server(handshake), repeat(NO_RECORDS[nothing]))
    with needs_at_most(MOST_MEMORY):
        attempt = visit(handshake, line)
    assert attempt.failure is not None
    check_bounded(attempt, line)


@pytest.mark.long(but=["bytes?of*", "tickets*", "*large*", "changes*"])
@pytest.mark.parametrize("flood", FLOODS)
def test_in_the_place_of_an_answer(flood: str) -> None:
    for handshake in (HANDSHAKES[name] for name in FLOODED):
        server = Server(handshake, then=lambda connection: False)
        line = FloodBehindTheHandshake(server, server.connection, *FLOODS[flood])
        with needs_at_most(MOST_MEMORY):
            attempt = visit(handshake, line)
        assert attempt.negotiated is not None
        check_bounded(attempt, line)
