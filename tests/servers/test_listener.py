import errno
import os
import queue
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from servers import listener
from servers.listener import Listener, linger, read_request, set_timeout

Serve = Callable[[socket.socket, int], None]


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


IPV6 = pytest.param(
    "::1", marks=pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.parametrize("host", ["127.0.0.1", IPV6])
def test_serves_with_the_clients_port_and_stops(host: str) -> None:
    def serve(connection: socket.socket, peer_port: int) -> None:
        connection.sendall(str(peer_port).encode())

    with Listener(host, 0, serve) as listening:
        (accepting,) = (
            thread for thread in threading.enumerate() if thread.name == f"accept-{listening.port}"
        )
        with socket.create_connection((host, listening.port), timeout=5) as client:
            assert client.recv(100) == str(client.getsockname()[1]).encode()
            assert client.recv(100) == b"", "the listener closes what it has served"
    accepting.join(5)
    assert not accepting.is_alive()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, listening.port), timeout=5)


def test_connections_at_once_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "MAX_CONNECTIONS", 2)
    begun: queue.Queue[int] = queue.Queue()
    may_end = threading.Event()

    def serve(connection: socket.socket, peer_port: int) -> None:
        begun.put(peer_port)
        may_end.wait(5)

    with Listener("127.0.0.1", 0, serve) as listening:
        clients = [connect(listening.port) for _ in range(3)]
        ports = [client.getsockname()[1] for client in clients]
        assert {begun.get(timeout=5), begun.get(timeout=5)} == set(ports[:2])
        assert begun.empty()
        may_end.set()
        assert begun.get(timeout=5) == ports[2], "the third is served when one of the others is over"
        for client in clients:
            client.close()


class Scarce(socket.socket):
    """A listening socket for whose first connections there is no descriptor."""

    failures = 2

    def accept(self) -> tuple[socket.socket, Any]:
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return super().accept()


def test_connection_that_cannot_be_taken_now_is_taken_later() -> None:
    with (
        Listener("127.0.0.1", 0, lambda connection, _: connection.sendall(b"yes"), Scarce()) as listening,
        connect(listening.port) as client,
    ):
        assert client.recv(100) == b"yes"


def test_reads_and_writes_end_after_the_time() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        set_timeout(ours, 0.01)
        with pytest.raises(BlockingIOError):
            ours.recv(1)
        with pytest.raises(BlockingIOError):
            ours.sendall(bytes(1 << 24))


@pytest.mark.parametrize("lingering", [True, False])
def test_lingering_saves_the_last_words(lingering: bool) -> None:
    def serve(connection: socket.socket, peer_port: int) -> None:
        connection.recv(1)  # and leaves the rest of what the client sent unread
        connection.sendall(b"last words")
        if lingering:
            linger(connection)

    with Listener("127.0.0.1", 0, serve) as listening, connect(listening.port) as client:
        client.sendall(bytes(1000))
        assert client.recv(100) == b"last words"
        if lingering:
            assert client.recv(100) == b""
        else:
            with pytest.raises(ConnectionResetError):
                client.recv(100)


def test_lingering_ends_with_a_peer_that_never_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "LINGER_SECONDS", 0.01)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        linger(ours)
        assert theirs.recv(1) == b""
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.sendall(bytes(1 << 24))
        linger(ours)
        assert ours.recv(1), "no more than a bounded part was read"


@pytest.mark.parametrize(
    ("pieces", "request_read"),
    [
        ([b"GET / HTTP/1.0\r\n", b"\r\nmore"], b"GET / HTTP/1.0\r\n\r\nmore"),
        ([b"GET / HTTP/1.0\n", b"\n"], b"GET / HTTP/1.0\n\n"),
        ([b"GET / HT", b""], b"GET / HT"),
        ([b""], b""),
    ],
)
def test_request_is_read_to_its_empty_line(pieces: list[bytes], request_read: bytes) -> None:
    source = iter(pieces)
    assert read_request(lambda size: next(source)) == request_read


def test_endless_request_is_cut() -> None:
    assert len(read_request(bytes)) == listener.MAX_REQUEST_BYTES


def test_a_socket_in_the_file_system(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with Listener(path, 0, lambda connection, port: connection.sendall(b"%d" % port)) as listening:
        assert listening.port == 0
        for _ in range(2):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(5)
                client.connect(path)
                assert client.recv(10) == b"0"
    with socket.socket(socket.AF_UNIX) as client, pytest.raises(ConnectionRefusedError):
        client.connect(path)
