"""A port that says who is calling: each connection's hello, as it comes.

Whoever calls is refused, by a fatal handshake_failure or in another way, so that a client that tries again
shows its further hellos. Several call at once; each has its own time, and nobody more bytes than a hello may
have (`stream`). One thread, so that there is nothing to be stopped but the iteration.
"""

import ipaddress
import selectors
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum

from msgspec.structs import replace

from clients.capture.answer import Answer
from clients.capture.captured_hello import CapturedHello, captured_hello
from clients.capture.hello_bytes import decode
from clients.capture.segment import Endpoint
from clients.capture.stream import State, Stream
from clients.starttls.dialogue import in_ascii
from handshake.features import FirstFlight
from handshake.reason import Kind
from handshake.wire.record import Record, SSLv2Record, push_record, push_sslv2_record
from handshake.wire.registry import AlertDescription, AlertLevel, ContentType, ProtocolVersion

MAX_CALLERS = 64
"""At once; the next wait in the kernel's queue."""
HELLO_SECONDS = 10.0
"""That a caller has for its hello."""
FAREWELL_SECONDS = 2.0
"""That a caller has to read the refusal and close; a reset before that would take it away."""
RECEIVE_SIZE = 65_536
_SSLV2_ERROR = push_sslv2_record(SSLv2Record(b"\x00\x00\x01"))
"""MSG-ERROR with NO-CIPHER-ERROR (draft-hickman-netscape-ssl-00 section 5.2.2), the answer to SSLv2 alone."""


class Refusal(StrEnum):
    """How callers are refused."""

    ALERT = "alert"
    FIN = "fin"
    RESET = "reset"


class _Caller:
    def __init__(self, connection: socket.socket, client: Endpoint, server: Endpoint) -> None:
        self.connection = connection
        self.stream = Stream(client, server)
        self.said = b""
        self.is_refused = False
        self.deadline = time.monotonic() + HELLO_SECONDS


def listen(listener: socket.socket, refusal: Refusal, ending: socket.socket) -> Iterator[CapturedHello]:
    """Who calls, in the order in which the hellos are there, until something can be read from `ending`; who
    was refused by then is among them. One that says no hello comes with a `problem`.
    """
    callers: dict[socket.socket, _Caller] = {}
    number = 0
    listener.setblocking(False)
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(ending, selectors.EVENT_READ)
        try:
            while True:
                now = time.monotonic()
                wait = min((each.deadline - now for each in callers.values()), default=None)
                ready = [key.fileobj for key, _ in selector.select(None if wait is None else max(wait, 0.0))]
                if listener in ready:
                    _accept(listener, selector, callers)
                for caller in [each for each in callers.values() if each.connection in ready]:
                    hello = _heard(caller, refusal)
                    if hello is not None:
                        number += 1
                        yield hello.numbered(number)
                if ending in ready:
                    return
                now = time.monotonic()
                for caller in [each for each in callers.values() if each.deadline <= now]:
                    if not caller.is_refused:
                        number += 1
                        yield _without_hello(caller).numbered(number)
                    selector.unregister(caller.connection)
                    caller.connection.close()
                    del callers[caller.connection]
                _mind_the_number(listener, selector, callers)
        finally:
            for each in callers:
                each.close()


def _accept(
    listener: socket.socket, selector: selectors.BaseSelector, callers: dict[socket.socket, _Caller]
) -> None:
    with suppress(OSError):  # whoever has gone already
        connection, address = listener.accept()
        connection.setblocking(False)
        ends = _endpoint(address), _endpoint(connection.getsockname())
        callers[connection] = _Caller(connection, *ends)
        selector.register(connection, selectors.EVENT_READ)


def _mind_the_number(
    listener: socket.socket, selector: selectors.BaseSelector, callers: dict[socket.socket, _Caller]
) -> None:
    is_open = listener in {key.fileobj for key in selector.get_map().values()}
    if is_open and len(callers) >= MAX_CALLERS:
        selector.unregister(listener)
    elif not is_open and len(callers) < MAX_CALLERS:
        selector.register(listener, selectors.EVENT_READ)


def _endpoint(address: tuple[str | int, ...]) -> Endpoint:
    host = ipaddress.ip_address(str(address[0]).partition("%")[0])
    mapped = host.ipv4_mapped if isinstance(host, ipaddress.IPv6Address) else None
    return (mapped or host).packed, int(address[1])


def _heard(caller: _Caller, refusal: Refusal) -> CapturedHello | None:
    """Read what a caller says; its hello, where that is now whole. Whoever is done with is due at once."""
    try:
        data = caller.connection.recv(RECEIVE_SIZE)
    except BlockingIOError:
        return None
    except OSError:
        data = b""
    if not data:
        caller.deadline = 0.0
        return None
    if caller.is_refused:  # what it sends behind its hello is read, so that closing is no reset
        return None
    caller.said = (caller.said + data)[:RECEIVE_SIZE]
    stream = caller.stream
    state = stream.says(time.time(), data, is_clients=True)
    if state is State.GIVEN_UP:
        caller.deadline = 0.0
    if stream.hello is None or not stream.hello.is_ended:
        return None
    _refuse(caller, refusal)
    return replace(captured_hello(stream, {}, stream.last), segments=())  # what was read at once is none


def _refuse(caller: _Caller, refusal: Refusal) -> None:
    caller.is_refused = True
    caller.deadline = time.monotonic() + FAREWELL_SECONDS
    now, stream = time.time(), caller.stream
    with suppress(OSError):
        if refusal is Refusal.RESET:
            caller.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            caller.deadline = 0.0
            stream.ends(now, Kind.RESET, is_clients=False)
            return
        if refusal is Refusal.ALERT:
            alert = _alert(stream)
            caller.connection.send(alert)
            stream.says(now, alert, is_clients=False)
        caller.connection.shutdown(socket.SHUT_WR)
        stream.ends(now, Kind.FIN, is_clients=False)


def _alert(stream: Stream) -> bytes:
    decoded = None if stream.hello is None else decode(stream.hello.wire)
    version: int = ProtocolVersion.TLS_1_0
    if isinstance(decoded, FirstFlight):
        version = decoded.hello.legacy_version
    if version == ProtocolVersion.SSL_2_0:
        return _SSLV2_ERROR
    version = min(max(version, ProtocolVersion.SSL_3_0), ProtocolVersion.TLS_1_2)
    body = bytes((AlertLevel.FATAL, AlertDescription.HANDSHAKE_FAILURE))
    return push_record(Record(ContentType.ALERT, version, body))


def _without_hello(caller: _Caller) -> CapturedHello:
    """What stands for a caller that has said no hello, or not all of it."""
    stream = caller.stream
    if stream.hello is not None:
        return captured_hello(stream, {}, stream.last)
    words = f'it says "{in_ascii(caller.said)}"' if caller.said else "it says nothing"
    return CapturedHello(0, caller.said, Answer(), time.time(), stream.client, stream.server, problem=words)
