"""How SunJSSE reads hellos.

`HandshakeStream` is the whole of SunJSSE's mechanism: one buffer of handshake bytes, a read that fails when
nothing is left even if nothing is asked for, and no idea of where a message ends. What it does to odd hellos
(swallowed messages, extensions read across their ends) follows from that and is not listed anywhere. Source:
research note on JSSE sections 3 and 4, measured on OpenJDK 6 and 7 builds; research note on servers section
1.6.
"""

from handshake.errors import DecodeError, Fault, PeerFault
from handshake.server.configuration import StreamParsing
from handshake.wire.client_hello import (
    RANDOM_SIZE,
    ClientHello,
    Extension,
)
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.messages import Alert
from handshake.wire.registry import AlertLevel, ExtensionType, HandshakeType

HEADER_SIZE = 4
UNCOMPRESSED = 0  # ec_point_formats, RFC 8422 section 5.1.2
SSLV2_SPECS_START = 9  # behind message type, version and three lengths
NULL_COMPRESSION = b"\x01\x00"
NO_BYTE = 0xFF  # what SunJSSE reads at the end of an alert; it is not told from a byte that says so


class HandshakeStream:
    """Bytes of handshake records, read in order; what was read is gone."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._position = 0

    def feed(self, fragment: bytes) -> None:
        """Append the fragment of one record."""
        del self._data[: self._position]
        self._position = 0
        self._data += fragment

    @property
    def available(self) -> int:
        """How many bytes are left to read."""
        return len(self._data) - self._position

    def mark(self) -> int:
        """Return the present position, for `since`."""
        return self._position

    def since(self, mark: int) -> bytes:
        """Return what was read after `mark`; only valid until the next feed."""
        return bytes(self._data[mark : self._position])

    def peek_header(self) -> tuple[int, int]:
        """Return type and announced length of the next message without reading it; 4 bytes must be there."""
        header = self._data[self._position : self._position + HEADER_SIZE]
        return header[0], int.from_bytes(header[1:], "big")

    def peek(self, count: int) -> bytes:
        """Return the next `count` bytes without reading them, fewer where no more are there."""
        return bytes(self._data[self._position : self._position + count])

    def read(self, count: int) -> bytes:
        """Read `count` bytes. Raises DecodeError when fewer are there, and also for none at the very end."""
        if count > self.available or not self.available:
            raise DecodeError("unexpected end of handshake data", self._position)
        self._position += count
        return bytes(self._data[self._position - count : self._position])

    def read_uint(self, size: int) -> int:
        """Read a big-endian number of `size` bytes."""
        return int.from_bytes(self.read(size), "big")

    def read_vector(self, prefix_size: int) -> bytes:
        """Read a length of `prefix_size` bytes and that many bytes."""
        return self.read(self.read_uint(prefix_size))


def awaits_header(stream: HandshakeStream, rules: StreamParsing) -> bool:
    """Whether the header of the next message is not there. Raises DecodeError for a part of one where that is
    what the stack does.
    """
    if stream.available and stream.available < HEADER_SIZE and rules.partial_header_fails:
        raise DecodeError("unexpected end of handshake data")
    return stream.available < HEADER_SIZE


def read_client_hello(stream: HandshakeStream, announced: int, rules: StreamParsing) -> ClientHello:
    """Read a ClientHello body; `announced` is the length in its message header.

    Whether there is an extension block is decided by comparing `announced` with the length of what comes
    before it. Raises DecodeError, or PeerFault for values that are refused.
    """
    version = stream.read_uint(2)
    random = stream.read(RANDOM_SIZE)
    session_id = stream.read_vector(1)
    suites = stream.read_vector(2)
    if len(suites) % 2:
        raise PeerFault(Fault.DECODE, "the cipher suite list has an odd length")
    compression_methods = stream.read_vector(1)
    fixed = 2 + RANDOM_SIZE + 1 + len(session_id) + 2 + len(suites) + 1 + len(compression_methods)
    return ClientHello(
        version,
        random,
        session_id,
        tuple(int.from_bytes(suites[i : i + 2], "big") for i in range(0, len(suites), 2)),
        compression_methods,
        None if fixed == announced else _read_extensions(stream, rules),
    )


def translate_sslv2_hello(body: bytes) -> bytes:
    """Turn the body of an SSLv2-format hello into a ClientHello message, as SunJSSE does (InputRecord,
    jdk6-b13 to jdk7u85-b02, alike): lengths are not judged.

    The challenge may be of any length, of a long one the last 32 bytes count; of the session id's length one
    byte is kept; a cipher spec goes on where the next field begins if the length says so; what is left over
    is passed over. Raises PeerFault where there are fewer bytes than the lengths say.
    """
    try:
        specs_size, session_id_size, challenge_size = (
            int.from_bytes(_exactly(body, start, 2), "big") for start in (3, 5, 7)
        )
        session_id_start = SSLV2_SPECS_START + specs_size
        challenge_start = session_id_start + session_id_size
        challenge = _exactly(body, challenge_start, challenge_size)
        session_id = _exactly(body, session_id_start, session_id_size)
        specs = [
            _exactly(body, start, 1) + (_exactly(body, start + 1, 2) if not body[start] else b"")
            for start in range(SSLV2_SPECS_START, session_id_start, 3)
        ]
    except IndexError:
        raise PeerFault(Fault.UNFORESEEN, "the lengths of an SSLv2-format hello go beyond its end") from None
    suites = b"".join(spec[1:] for spec in specs if not spec[0])
    hello = b"".join(
        (
            body[1:3],
            challenge[-RANDOM_SIZE:].rjust(RANDOM_SIZE, b"\x00"),
            bytes((session_id_size & 0xFF,)),
            session_id,
            len(suites).to_bytes(2, "big"),
            suites,
            NULL_COMPRESSION,
        )
    )
    return push_handshake_message(HandshakeMessage(HandshakeType.CLIENT_HELLO, hello))


def _exactly(data: bytes, start: int, size: int) -> bytes:
    """`size` bytes from `start`. Raises IndexError when they are not all there."""
    if start + size > len(data):
        raise IndexError
    return data[start : start + size]


def read_alert(fragment: bytes) -> Alert:
    """Read an alert as SunJSSE does: the first two bytes, whatever follows; a level that is neither is fatal.

    Raises PeerFault for fewer bytes (SSLSocketImpl.recvAlert, jdk6-b13 to jdk7u85-b02).
    """
    level, description = (*fragment[:2], NO_BYTE, NO_BYTE)[:2]
    if description == NO_BYTE:
        raise PeerFault(Fault.ALERT_LENGTH, "an alert of fewer than two bytes")
    return Alert(level if level == AlertLevel.WARNING else AlertLevel.FATAL, description)


def _read_extensions(stream: HandshakeStream, rules: StreamParsing) -> tuple[Extension, ...]:
    extensions = []
    left = stream.read_uint(2)
    while left > 0:
        extension_type, length = stream.read_uint(2), stream.read_uint(2)
        mark = stream.mark()
        _read_extension(stream, extension_type, length, rules)
        extensions.append(Extension(extension_type, stream.since(mark)))
        left -= length + HEADER_SIZE
    if left:
        raise PeerFault(Fault.DECODE, "the extensions are longer than their block")
    return tuple(extensions)


def _read_extension(stream: HandshakeStream, extension_type: int, length: int, rules: StreamParsing) -> None:
    if extension_type == ExtensionType.SERVER_NAME:
        if rules.list_length_per_server_name:
            _read_server_names_with_list_lengths(stream, length)
        else:
            _read_server_names(stream, length)
    elif extension_type == ExtensionType.SUPPORTED_GROUPS:
        inner = stream.read_uint(2)
        if length % 2 or inner + 2 != length:
            raise PeerFault(Fault.DECODE, "supported_groups does not have the length it says")
        if inner:
            stream.read(inner)
    elif extension_type == ExtensionType.EC_POINT_FORMATS:
        if UNCOMPRESSED not in stream.read_vector(1):
            raise PeerFault(Fault.DECODE, "ec_point_formats without the uncompressed format")
    elif extension_type == ExtensionType.SIGNATURE_ALGORITHMS and rules.signature_algorithms:
        inner = stream.read_uint(2)
        if not inner or inner % 2 or inner + 2 != length:
            raise PeerFault(Fault.DECODE, "signature_algorithms does not have the length it says")
        stream.read(inner)
    elif extension_type == ExtensionType.RENEGOTIATION_INFO and rules.renegotiation_info:
        if length < 1 or stream.read_uint(1) + 1 != length:
            raise PeerFault(Fault.DECODE, "renegotiation_info does not have the length it says")
        if length > 1:
            stream.read(length - 1)
    elif length or rules.empty_read_of_unknown_extension:
        stream.read(length)


def _read_server_names(stream: HandshakeStream, length: int) -> None:
    """Read server_name as Java 7 does: a body of no bytes at all is accepted."""
    left = length
    if length >= 2:
        list_length = stream.read_uint(2)
        if not list_length or list_length + 2 != length:
            raise PeerFault(Fault.DECODE, "server_name does not have the length it says")
        left = list_length
        while left > 0:
            stream.read_uint(1)
            left -= len(stream.read_vector(2)) + 3
    if left:
        raise PeerFault(Fault.DECODE, "server_name does not have the length it says")


def _read_server_names_with_list_lengths(stream: HandshakeStream, length: int) -> None:
    """Read server_name as Java 6 does: it takes the length of the whole list for that of each name."""
    left = length
    while left > 0:
        list_length = stream.read_uint(2)
        stream.read_uint(1)
        stream.read_vector(2)
        left -= list_length + 2
    if left:
        raise PeerFault(Fault.DECODE, "server_name does not have the length it says")
