"""Connections through the relay and the gateway, both in this process, with sockets that end in every way."""

import errno
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from queue import Queue

import pytest

from servers import contract
from servers.containers.entry import relay
from servers.containers.frames import MAX_PAYLOAD
from servers.containers.gateway import Gateway
from servers.listener import Listener

SECONDS = 5
RESET_ON_CLOSE = struct.pack("@ii", 1, 0)
Pair = tuple[socket.socket, socket.socket]
Connected = Callable[[], Pair]


@pytest.fixture
def connected() -> Iterator[Connected]:
    """Makes a client's socket and the server's, joined by a gateway and a relay."""
    with ExitStack() as stack:
        outside = stack.enter_context(Listener("127.0.0.1", 0, relay))
        gateway = Gateway(lambda: socket.create_connection(("127.0.0.1", outside.port)))
        stack.callback(gateway.close)
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listening.settimeout(SECONDS)
        ready = contract.Ready("toy@a", listening.getsockname()[1], "toy", frozenset())
        opened = gateway.translate(ready)
        assert isinstance(opened, contract.Ready)
        assert opened.port != ready.port

        def make() -> Pair:
            client = stack.enter_context(socket.create_connection(("127.0.0.1", opened.port), SECONDS))
            server, peer = listening.accept()
            stack.enter_context(server).settimeout(SECONDS)
            seen = gateway.translate(contract.Connection("toy@a", peer[1]))
            assert isinstance(seen, contract.Connection)
            assert seen.peer_port == client.getsockname()[1] != peer[1]
            return client, server

        yield make


@pytest.fixture(params=["from the client", "from the server"])
def pair(request: pytest.FixtureRequest, connected: Connected) -> Pair:
    """The two sockets, the one that begins first."""
    client, server = connected()
    return (client, server) if request.param == "from the client" else (server, client)


def receive_all(connection: socket.socket) -> bytes:
    received = b""
    while piece := connection.recv(1 << 16):
        received += piece
    return received


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    connection.close()


def test_bytes_and_a_half_close(pair: Pair) -> None:
    one, other = pair
    one.sendall(b"question")
    one.shutdown(socket.SHUT_WR)
    assert receive_all(other) == b"question"
    other.sendall(b"answer")  # the other direction is still open
    assert one.recv(100) == b"answer"
    other.close()
    assert one.recv(100) == b""


def test_an_end_is_no_reset(pair: Pair) -> None:
    one, other = pair
    one.close()
    assert other.recv(100) == b""
    assert other.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


def test_a_reset_is_a_reset(pair: Pair) -> None:
    one, other = pair
    reset(one)
    with pytest.raises(ConnectionResetError):
        other.recv(100)


def test_what_was_sent_before_a_reset_arrives_before_it(pair: Pair) -> None:
    one, other = pair
    one.sendall(b"alert")
    reset(one)
    assert other.recv(100) == b"alert"
    with pytest.raises(ConnectionResetError):
        other.recv(100)


def test_a_reset_after_the_end_reaches_who_still_sends(pair: Pair) -> None:
    one, other = pair
    one.sendall(b"last")
    one.shutdown(socket.SHUT_WR)
    assert receive_all(other) == b"last"
    reset(one)
    waiting = select.poll()
    waiting.register(other, 0)  # errors only
    assert waiting.poll(SECONDS * 1000)
    assert other.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) in (errno.EPIPE, errno.ECONNRESET)


def test_closing_with_unread_bytes_resets_as_it_does_without_a_relay(pair: Pair) -> None:
    one, other = pair
    other.sendall(b"never read")
    one.recv(1)  # so that it has arrived
    one.sendall(b"alert")
    one.close()
    assert other.recv(100) == b"alert"
    with pytest.raises(ConnectionResetError):
        other.recv(100)


def test_much_in_both_directions_at_once(connected: Connected) -> None:
    client, server = connected()
    much = bytes(range(256)) * (MAX_PAYLOAD // 64)
    received: Queue[bytes] = Queue()

    def talk(connection: socket.socket) -> None:
        sending = threading.Thread(target=connection.sendall, args=(much,))
        sending.start()
        got = b""
        while len(got) < len(much):
            got += connection.recv(1 << 16)
        sending.join()
        received.put(got)

    for connection in (client, server):
        threading.Thread(target=talk, args=(connection,)).start()
    assert [received.get(timeout=SECONDS), received.get(timeout=SECONDS)] == [much, much]


def test_a_stuck_connection_keeps_no_other_waiting(connected: Connected) -> None:
    stuck, _ = connected()
    client, server = connected()
    client.sendall(b"hello")
    assert server.recv(100) == b"hello"
    stuck.sendall(b"x")


def test_a_server_that_is_gone_is_a_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with Listener("127.0.0.1", 0, relay) as outside:
        gateway = Gateway(lambda: socket.create_connection(("127.0.0.1", outside.port)))
        with closing(gateway):
            opened = gateway.translate(contract.Ready("toy@a", port, "toy", frozenset()))
            assert isinstance(opened, contract.Ready)
            with (
                socket.create_connection(("127.0.0.1", opened.port), SECONDS) as client,
                pytest.raises(ConnectionResetError),
            ):
                client.recv(100)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_relay_that_is_none_is_a_reset(answer: bytes) -> None:
    def stranger(connection: socket.socket, _: int) -> None:
        connection.sendall(answer)

    with Listener("127.0.0.1", 0, stranger) as outside:
        gateway = Gateway(lambda: socket.create_connection(("127.0.0.1", outside.port)))
        with closing(gateway):
            opened = gateway.translate(contract.Ready("toy@a", 9, "toy", frozenset()))
            assert isinstance(opened, contract.Ready)
            with (
                socket.create_connection(("127.0.0.1", opened.port), SECONDS) as client,
                pytest.raises(ConnectionResetError),
            ):
                client.recv(100)
