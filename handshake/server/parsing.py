"""How a server reads handshake bytes: as the RFCs say, or as SunJSSE does.

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
    SSLv2ClientHello,
    pull_client_hello,
    pull_sslv2_client_hello,
)
from handshake.wire.handshake_message import HandshakeMessage, MessageReader
from handshake.wire.registry import ExtensionType, HandshakeType, ProtocolVersion

HEADER_SIZE = 4
SSLV2_HELLO_HEADER_SIZE = 9  # message type, version and three lengths
UNCOMPRESSED = 0  # ec_point_formats, RFC 8422 section 5.1.2


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


def read_sslv2_client_hello(body: bytes) -> SSLv2ClientHello:
    """Read an SSLv2-format hello as SunJSSE's translation into a ClientHello does: lengths are not judged.

    A challenge may be of any length, of a long one the last 32 bytes count; there may be no cipher spec at
    all, and what is left over is passed over. Of a hello that offers SSLv2 alone nothing but the version is
    read (research note on servers section 1.6; read in the source of InputRecord). Raises DecodeError when
    there are fewer bytes than the lengths say.
    """
    version = int.from_bytes(body[1:3], "big")
    if version == ProtocolVersion.SSL_2_0:
        return SSLv2ClientHello(version, (), b"", b"")
    specs_size, session_id_size, challenge_size = (int.from_bytes(body[i : i + 2], "big") for i in (3, 5, 7))
    session_id_start = SSLV2_HELLO_HEADER_SIZE + specs_size
    challenge_start = session_id_start + session_id_size
    end = challenge_start + challenge_size
    if end > len(body) or specs_size % 3:
        raise DecodeError("the lengths of an SSLv2-format hello go beyond its end", len(body))
    specs = body[SSLV2_HELLO_HEADER_SIZE:session_id_start]
    return SSLv2ClientHello(
        version,
        tuple(int.from_bytes(specs[i : i + 3], "big") for i in range(0, specs_size, 3)),
        body[session_id_start:challenge_start],
        body[challenge_start:end][-RANDOM_SIZE:],
    )


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


class RFCReader:
    """Cuts handshake bytes into messages by their announced lengths (RFC 5246 section 7.4)."""

    def __init__(self) -> None:
        self._messages = MessageReader()

    def feed(self, fragment: bytes) -> None:
        """Append the fragment of one record."""
        self._messages.feed(fragment)

    def next(self) -> tuple[HandshakeMessage, ClientHello | None] | None:
        """Give the next message, with its hello if it is one; None when more bytes are needed."""
        message = self._messages.next()
        if message is None:
            return None
        is_hello = message.handshake_type == HandshakeType.CLIENT_HELLO
        return message, pull_client_hello(message.body) if is_hello else None

    @property
    def refuses_leftovers(self) -> bool:
        """Whether bytes are left that make a refused renegotiation a fault; never here."""
        return False

    def read_sslv2_hello(self, body: bytes) -> SSLv2ClientHello:
        """Read an SSLv2-format hello from the body of its record; strictly (RFC 5246 appendix E.2)."""
        return pull_sslv2_client_hello(body)


class StreamReader:
    """Reads messages one after the other from a `HandshakeStream`, as SunJSSE's handshake loop does."""

    def __init__(self, rules: StreamParsing) -> None:
        self._rules = rules
        self._stream = HandshakeStream()

    def feed(self, fragment: bytes) -> None:
        """Append the fragment of one record."""
        self._stream.feed(fragment)

    def next(self) -> tuple[HandshakeMessage, ClientHello | None] | None:
        """Give the next message, with its hello if it is one; None when more bytes are needed."""
        stream = self._stream
        if stream.available < HEADER_SIZE:
            if stream.available and self._rules.partial_header_fails:
                raise DecodeError("unexpected end of handshake data")
            return None
        handshake_type, announced = stream.peek_header()
        if stream.available < HEADER_SIZE + announced:
            return None
        stream.read(HEADER_SIZE)
        if handshake_type != HandshakeType.CLIENT_HELLO:
            body = stream.read(announced) if announced else b""
            return HandshakeMessage(handshake_type, body), None
        mark = stream.mark()
        hello = read_client_hello(stream, announced, self._rules)
        return HandshakeMessage(handshake_type, stream.since(mark)), hello

    @property
    def refuses_leftovers(self) -> bool:
        """Whether bytes are left that make a refused renegotiation a fault (research note on JSSE, section
        5).
        """
        return self._stream.available > 0

    def read_sslv2_hello(self, body: bytes) -> SSLv2ClientHello:
        """Read an SSLv2-format hello from the body of its record, as `read_sslv2_client_hello` does."""
        return read_sslv2_client_hello(body)
