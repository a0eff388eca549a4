"""A relay before a server that reads once before it forwards, as a careless proxy does."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

RECORD_HEADER = 5


@dataclass
class Relay:
    """Where it listens; `dropped` are the first reads that did not hold a whole hello."""

    port: int
    dropped: list[int] = field(default_factory=list)


@contextmanager
def reading_once(server: tuple[str, int], room: int = 65_536) -> Iterator[Relay]:
    """Relay to `server` what has a whole hello in the first read, of at most `room` bytes. Any other is left
    waiting: nothing is forwarded, and nothing is said.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay = Relay(listener.getsockname()[1])
        ended = threading.Event()
        thread = threading.Thread(target=_accept, args=(listener, server, room, relay, ended))
        thread.start()
        try:
            yield relay
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(
    listener: socket.socket, server: tuple[str, int], room: int, relay: Relay, ended: threading.Event
) -> None:
    while not ended.is_set():
        with suppress(OSError):
            client, _ = listener.accept()
            threading.Thread(target=_relay, args=(client, server, room, relay), daemon=True).start()


def _relay(client: socket.socket, server: tuple[str, int], room: int, relay: Relay) -> None:
    with client, suppress(OSError):
        first = client.recv(room)
        if not _is_whole(first):
            relay.dropped.append(len(first))
            while client.recv(65_536):
                pass
            return
        with socket.create_connection(server) as behind:
            behind.sendall(first)
            back = threading.Thread(target=_carry, args=(behind, client), daemon=True)
            back.start()
            _carry(client, behind)
            back.join()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def _is_whole(data: bytes) -> bool:
    """Whether the records in the bytes hold the whole message that the first one begins."""
    message, position = b"", 0
    while position + RECORD_HEADER <= len(data):
        end = position + RECORD_HEADER + int.from_bytes(data[position + 3 : position + 5], "big")
        message += data[position + RECORD_HEADER : end]
        position = end
    return position == len(data) and len(message) >= 4 + int.from_bytes(message[1:4], "big")
