"""What a peer can send without end: records in the clear before a hello is answered, and protected ones
behind the handshake.
"""

from collections.abc import Iterator, Mapping
from itertools import repeat
from types import MappingProxyType

from handshake.wire.record import Record, push_record
from handshake.wire.registry import ContentType, HandshakeType
from tests.mutations.records import CHANGE_CIPHER_SPEC, HELLO_REQUEST, KEY_UPDATE, WARNING, Written

PIECE = 16_384
_TYPES = (
    ContentType.HANDSHAKE,
    ContentType.APPLICATION_DATA,
    ContentType.ALERT,
    ContentType.CHANGE_CIPHER_SPEC,
)


def message(handshake_type: int, body: bytes, length: int | None = None) -> bytes:
    """A handshake message; `length` is what it claims."""
    return bytes((handshake_type,)) + (len(body) if length is None else length).to_bytes(3, "big") + body


def ticket(size: int, lifetime: int = 3600) -> bytes:
    """A NewSessionTicket of SSLv3 to TLS 1.2."""
    body = lifetime.to_bytes(4, "big") + size.to_bytes(2, "big") + bytes(size)
    return message(HandshakeType.NEW_SESSION_TICKET, body)


def ticket_13(size: int) -> bytes:
    """A NewSessionTicket of TLS 1.3."""
    body = bytes((0, 0, 14, 16, 0, 0, 0, 0, 1, 0)) + size.to_bytes(2, "big") + bytes(size) + bytes(2)
    return message(HandshakeType.NEW_SESSION_TICKET, body)


_ASKED_AGAIN = message(
    HandshakeType.CERTIFICATE_REQUEST, bytes((1, 7)) + bytes.fromhex("0008 000d 0004 0002 0403")
)

FLOODS: Mapping[str, Written] = MappingProxyType(
    {
        **{f"empty records of {kind.name.lower()}": Written(kind, b"") for kind in _TYPES},
        **{f"bytes of {kind.name.lower()}": Written(kind, b"\x01") for kind in _TYPES},
        "warnings": WARNING,
        "user_canceled": Written(ContentType.ALERT, b"\x01\x5a"),
        "close_notify": Written(ContentType.ALERT, b"\x01\x00"),
        "refusals to renegotiate": Written(ContentType.ALERT, b"\x01\x64"),
        "HelloRequests": HELLO_REQUEST,
        "HelloRequests together": Written(ContentType.HANDSHAKE, HELLO_REQUEST.fragment * 4000),
        "changes of cipher": CHANGE_CIPHER_SPEC,
        "KeyUpdates": KEY_UPDATE,
        "KeyUpdates without request": Written(ContentType.HANDSHAKE, KEY_UPDATE.fragment[:-1] + b"\x00"),
        "tickets": Written(ContentType.HANDSHAKE, ticket(16)),
        "large tickets": Written(ContentType.HANDSHAKE, ticket(16_000)),
        "tickets of TLS 1.3": Written(ContentType.HANDSHAKE, ticket_13(16)),
        "tickets of TLS 1.3 together": Written(ContentType.HANDSHAKE, ticket_13(16) * 400),
        "large tickets of TLS 1.3": Written(ContentType.HANDSHAKE, ticket_13(16_000)),
        "requests for a certificate": Written(ContentType.HANDSHAKE, _ASKED_AGAIN),
        "a message of 16 MB": Written(
            ContentType.HANDSHAKE, message(HandshakeType.CERTIFICATE, b"", 2**24 - 1)
        ),
        "a message of 256 KB": Written(ContentType.HANDSHAKE, message(HandshakeType.CERTIFICATE, b"", 2**18)),
        "unknown messages": Written(ContentType.HANDSHAKE, message(99, b"")),
        "unknown records": Written(99, b"x"),
        "lines without an end": Written(ContentType.APPLICATION_DATA, b"HTTP/1.0 200 OK\r\nx: " * 700),
        "headers without an end": Written(ContentType.APPLICATION_DATA, b"HTTP/1.0 200 OK\r\n"),
        "an answer of many gigabytes": Written(
            ContentType.APPLICATION_DATA, b"HTTP/1.0 200 OK\r\nContent-Length: 999999999999999\r\n\r\n"
        ),
        "hellos": Written(ContentType.HANDSHAKE, message(HandshakeType.CLIENT_HELLO, bytes(40))),
        "hellos of a server": Written(ContentType.HANDSHAKE, message(HandshakeType.SERVER_HELLO, bytes(40))),
        "Finished messages": Written(ContentType.HANDSHAKE, message(HandshakeType.FINISHED, bytes(12))),
    }
)


def in_clear(flood: Written) -> Iterator[bytes]:
    """The flood as records in the clear, about PIECE bytes at once."""
    record = push_record(Record(flood.content_type, 0x0301, flood.fragment))
    return repeat(record * (1 + PIECE // len(record)))


NO_RECORDS: Mapping[str, bytes] = MappingProxyType(
    {
        "zeros": bytes(PIECE),
        "ones": b"\xff" * PIECE,
        "text": b"HTTP/1.1 400 Bad Request\r\n" * 600,
        "no line": b"x" * PIECE,
        "records that are too long": b"\x16\x03\x01\xff\xff" + bytes(PIECE),
        "records of SSLv2": b"\x80\x2e\x04" + bytes(PIECE),
    }
)
