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

from handshake.events import ApplicationData
from handshake.renegotiation import Renegotiation
from handshake.server import RenegotiationRules, ServerConfiguration, ServerConnection
from handshake.wire.registry import ContentType, NamedGroup, ProtocolVersion
from tests.handshake.peers import credentials

ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"
SUITES_1_2 = (0xC02F, 0xC030, 0xC02B, 0xC02C, 0x009E, 0x009F, 0xCCA8, 0xCCA9)
SUITES_1_3 = (0x1301, 0x1302, 0x1303)
WAIT_SECONDS = 15.0


def retrying(group: int) -> ServerConfiguration:
    """A server of TLS 1.3 with this group alone."""
    return _configuration(ProtocolVersion.TLS_1_3, SUITES_1_3, group)


def renegotiating() -> ServerConfiguration:
    """A server of TLS 1.2 that asks for a renegotiation."""
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
    """What one client sent: its hellos as messages, and each record as (type, version, message or length)."""

    port: int
    hellos: list[bytes] = field(default_factory=list)
    ids: set[bytes] = field(default_factory=set)
    records: list[tuple[int, int]] = field(default_factory=list)
    negotiated_again: threading.Event = field(default_factory=threading.Event)
    second_hello: threading.Event = field(default_factory=threading.Event)

    @property
    def before_second_hello(self) -> list[int]:
        """The content types of the records between the first hello and the second."""
        hellos = [i for i, (kind, _) in enumerate(self.records) if kind == ContentType.HANDSHAKE]
        return [kind for kind, _ in self.records[hellos[0] + 1 : hellos[1]]]

    @property
    def second_record_version(self) -> int:
        """The version in the record of the second hello."""
        return [version for kind, version in self.records if kind == ContentType.HANDSHAKE][1]


@contextmanager
def engine_server(configuration: ServerConfiguration, asks: bool = True) -> Iterator[Seen]:
    """Serve connections one after the other until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen = Seen(listener.getsockname()[1])
    thread = threading.Thread(target=_accept, args=(listener, configuration, seen, asks))
    thread.start()
    try:
        yield seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=WAIT_SECONDS)
        listener.close()
        assert not thread.is_alive(), "a connection is still open"


def _accept(listener: socket.socket, configuration: ServerConfiguration, seen: Seen, asks: bool) -> None:
    with suppress(OSError):
        accepted, _ = listener.accept()
        with accepted:
            accepted.settimeout(WAIT_SECONDS)
            _serve(accepted, configuration, seen, asks)


def _serve(accepted: socket.socket, configuration: ServerConfiguration, seen: Seen, asks: bool) -> None:
    connection = ServerConnection(configuration, entropy=os.urandom)
    has_asked = not asks
    while not connection.is_ended:
        data = accepted.recv(65_536)
        if not data:
            return
        connection.receive_data(data, time.monotonic())
        _note(connection, seen)
        while (event := connection.next_event()) is not None:
            if isinstance(event, ApplicationData) and seen.second_hello.is_set():
                connection.send_application_data(ANSWER, time.monotonic())
                connection.close(time.monotonic())
        if connection.is_connected and not connection.is_tls13:
            seen.ids.add(connection.established.session_id)
        if connection.is_connected and not connection.is_tls13 and not has_asked:
            has_asked = True
            connection.request_renegotiation(time.monotonic())
        if has_asked and connection.is_connected and len(seen.hellos) > 1:
            seen.negotiated_again.set()
        if connection.is_tls13 and connection.is_connected:
            seen.negotiated_again.set()
        accepted.sendall(connection.data_to_send())


def _note(connection: ServerConnection, seen: Seen) -> None:
    received = [entry for entry in connection.transcript if entry.direction == "received"]
    seen.hellos[:] = [e.wire for e in received if e.kind == "message" and e.name == "ClientHello"]
    seen.records[:] = [
        (e.wire[0], int.from_bytes(e.wire[1:3], "big")) for e in received if e.kind == "record"
    ]
    if len(seen.hellos) > 1:
        seen.second_hello.set()
