"""A listener whose answers are the engine's: genuine clients show it their later hellos.

It asks for another key share (HelloRetryRequest) or for a renegotiation (HelloRequest), and keeps what the
client sent, record by record.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from handshake.renegotiation import Renegotiation
from handshake.server import RenegotiationRules, ServerConfiguration, ServerConnection
from handshake.wire.registry import ContentType, NamedGroup, ProtocolVersion
from tests.handshake.peers import credentials

SUITES_1_2 = (0xC02F, 0xC030, 0xC02B, 0xC02C, 0x009E, 0x009F, 0xCCA8, 0xCCA9)
SUITES_1_3 = (0x1301, 0x1302, 0x1303)
WAIT_SECONDS = 20.0


def retrying(group: int) -> ServerConfiguration:
    """A server of TLS 1.3 with this group alone."""
    return _configuration(ProtocolVersion.TLS_1_3, SUITES_1_3, group)


def renegotiating() -> ServerConfiguration:
    """A server of TLS 1.2 that renegotiates with RFC 5746 and gives session ids, but no tickets."""
    return _configuration(ProtocolVersion.TLS_1_2, SUITES_1_2, NamedGroup.X25519, NamedGroup.SECP256R1)


def _configuration(version: int, suites: tuple[int, ...], *groups: int) -> ServerConfiguration:
    return ServerConfiguration(
        versions=(version,),
        cipher_suites=suites,
        credentials=credentials(),
        named_groups=groups,
        default_named_group=NamedGroup.SECP256R1,
        renegotiation=RenegotiationRules(allowed=Renegotiation.SECURE),
    )


@dataclass
class Seen:
    """What one client sent: its hellos as messages, the type and version of each record, and the session ids
    that the server gave.
    """

    hellos: list[bytes] = field(default_factory=list)
    records: list[tuple[int, int]] = field(default_factory=list)
    session_ids: set[bytes] = field(default_factory=set)

    def note(self, connection: ServerConnection) -> None:
        """Take what the connection has received so far."""
        received = [entry for entry in connection.transcript if entry.direction == "received"]
        self.hellos = [e.wire for e in received if e.kind == "message" and e.name == "ClientHello"]
        self.records = [(e.wire[0], int.from_bytes(e.wire[1:3])) for e in received if e.kind == "record"]
        if connection.is_connected and not connection.is_tls13:
            self.session_ids.add(connection.established.session_id)

    @property
    def before_second_hello(self) -> list[int]:
        """The content types of the records between the two hellos of a connection that was not encrypted."""
        first, second = self._hello_records[:2]
        return [kind for kind, _ in self.records[first + 1 : second]]

    @property
    def second_record_version(self) -> int:
        """The version in the record of the second hello, in such a connection."""
        return self.records[self._hello_records[1]][1]

    @property
    def _hello_records(self) -> list[int]:
        return [i for i, (kind, _) in enumerate(self.records) if kind == ContentType.HANDSHAKE]


@dataclass
class Listening:
    """Where it listens, what it has seen, and whether a second hello and all that follows it have come."""

    port: int
    seen: Seen = field(default_factory=Seen)
    is_complete: threading.Event = field(default_factory=threading.Event)


@contextmanager
def engine_server(configuration: ServerConfiguration, *, asks: bool = True) -> Iterator[Listening]:
    """Serve one connection until the block ends; in TLS 1.2 the server `asks` for a renegotiation."""
    listener = socket.create_server(("127.0.0.1", 0))
    listening = Listening(listener.getsockname()[1])
    thread = threading.Thread(target=_accept, args=(listener, configuration, listening, asks))
    thread.start()
    try:
        yield listening
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=2 * WAIT_SECONDS)
        listener.close()
        assert not thread.is_alive(), "a connection is still open"


def _accept(
    listener: socket.socket, configuration: ServerConfiguration, listening: Listening, asks: bool
) -> None:
    with suppress(OSError):  # the test is over
        accepted, _ = listener.accept()
        with accepted:
            accepted.settimeout(WAIT_SECONDS)
            _serve(accepted, ServerConnection(configuration, entropy=os.urandom), listening, asks)


def _serve(
    accepted: socket.socket, connection: ServerConnection, listening: Listening, is_to_ask: bool
) -> None:
    while not connection.is_ended and (data := accepted.recv(65_536)):
        connection.receive_data(data, time.monotonic())
        listening.seen.note(connection)
        if connection.is_connected and len(listening.seen.hellos) > 1:
            listening.is_complete.set()
        elif connection.is_connected and not connection.is_tls13 and is_to_ask:
            is_to_ask = False
            connection.request_renegotiation(time.monotonic())
        accepted.sendall(connection.data_to_send())
