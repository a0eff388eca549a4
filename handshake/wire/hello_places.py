"""Where in a ClientHello a byte stands, in words: `cipher_suites[3]`, `extensions[5], key_share`.

For whoever compares two hellos byte by byte. Offsets count from the first byte on the wire, record headers
included.
"""

from collections.abc import Iterator

from handshake.errors import PeerFault
from handshake.wire.client_hello import RANDOM_SIZE, ClientHello, SSLv2ClientHello, pull_hello_flight
from handshake.wire.record import RECORD_HEADER_SIZE, SSLV2_HEADER_SIZE
from handshake.wire.registry import extension_name

_BEHIND = "behind its end"


def place_in_hello(wire: bytes, offset: int) -> str:
    """What stands at `offset` in the records of a hello. What cannot be read as a hello has no places:
    "the hello".
    """
    try:
        hello = pull_hello_flight(wire)
    except PeerFault:
        return "the hello"
    if isinstance(hello, SSLv2ClientHello):
        return _at(_sslv2_parts(hello), offset)
    position = 0  # in the message, which the headers of records are no part of
    start = 0
    while start < len(wire):
        length = int.from_bytes(wire[start + 3 : start + RECORD_HEADER_SIZE], "big")
        body = start + RECORD_HEADER_SIZE
        if offset < body:
            return "the record's header"
        if offset < body + length:
            return _at(_parts(hello), position + offset - body)
        position += length
        start = body + length
    return _BEHIND


def _at(parts: Iterator[tuple[int, str]], offset: int) -> str:
    """The name of the part at `offset`; each part has its length in bytes."""
    end = 0
    for length, name in parts:
        end += length
        if offset < end:
            return name
    return _BEHIND


def _parts(hello: ClientHello) -> Iterator[tuple[int, str]]:
    yield 4, "the message's header"
    yield 2, "client_version"
    yield RANDOM_SIZE, "random"
    yield 1 + len(hello.session_id), "session_id"
    yield 2, "the length of cipher_suites"
    yield from ((2, f"cipher_suites[{index}]") for index in range(len(hello.cipher_suites)))
    yield 1 + len(hello.compression_methods), "compression_methods"
    if hello.extensions is None:
        return
    yield 2, "the length of extensions"
    for index, extension in enumerate(hello.extensions):
        name = extension_name(extension.extension_type)
        yield 4 + len(extension.body), f"extensions[{index}], {name}"


def _sslv2_parts(hello: SSLv2ClientHello) -> Iterator[tuple[int, str]]:
    yield SSLV2_HEADER_SIZE, "the record's header"
    yield 1, "msg_type"
    yield 2, "version"
    yield 6, "the lengths"
    yield from ((3, f"cipher_specs[{index}]") for index in range(len(hello.cipher_specs)))
    yield len(hello.session_id), "session_id"
    yield len(hello.challenge), "challenge"
