"""Reading hellos as far as they go: nothing is refused, what is wrong with the form is noted as a flaw.

Which flaws matter, in which order, and what answers them, says `strictness.HelloReading`. The flaws are
features of a hello like any others (`handshake.features`), and named as these are.
"""

from msgspec import field
from msgspec.structs import replace

from handshake.errors import DecodeError, Fault, PeerFault
from handshake.server.received_hello import ReceivedHello
from handshake.server.strictness import HelloReading, MessageTypes
from handshake.wire.buffer import Reader, pack_uint, pack_uints, pack_vector, unpack_uints
from handshake.wire.client_hello import (
    MAX_SESSION_ID_SIZE,
    NULL_COMPRESSION,
    RANDOM_SIZE,
    ClientHello,
    Extension,
    SSLv2ClientHello,
)
from handshake.wire.handshake_message import MESSAGE_HEADER_SIZE, HandshakeMessage, MessageReader
from handshake.wire.registry import HandshakeType

SSLV2_HELLO_HEADER_SIZE = 9  # message type, version and three lengths
SSLV2_SPEC_SIZE = 3


class LenientClientHello(ClientHello, frozen=True):
    """A hello as far as it could be read; what could not is empty."""

    flaws: frozenset[str] = frozenset()
    last_extension_counts: bool = False

    def extension(self, extension_type: int) -> bytes | None:
        """The body of the extension of that type that counts, None without one."""
        bodies = [each.body for each in self.extensions or () if each.extension_type == extension_type]
        if not bodies:
            return None
        return bodies[-1] if self.last_extension_counts else bodies[0]

    def bodies(self, extension_type: int) -> tuple[bytes, ...]:
        """The bodies of the extensions of that type that count."""
        bodies = super().bodies(extension_type)
        return bodies[-1:] if self.last_extension_counts else bodies


class LenientSSLv2ClientHello(SSLv2ClientHello, frozen=True):
    """An SSLv2-format hello as far as it could be read, and how it becomes a ClientHello."""

    flaws: frozenset[str] = frozenset()
    rules: HelloReading = field(default_factory=HelloReading)

    def to_client_hello(self) -> LenientClientHello:
        """The same offer as a ClientHello, its flaws included."""
        random = self.challenge[-RANDOM_SIZE:].rjust(RANDOM_SIZE, b"\x00")
        suites = tuple(spec for spec in self.cipher_specs if spec <= 0xFFFF)
        if self.session_id and self.rules.sslv2_lengths_forgotten:
            body = pack_uint(2, self.version) + random + pack_uint(1, len(self.session_id) & 0xFF)
            body += pack_vector(2, pack_uints(2, suites)) + pack_vector(1, NULL_COMPRESSION)
            hello = read_lenient_client_hello(body, self.rules)
            return replace(hello, flaws=hello.flaws | self.flaws)
        return LenientClientHello(self.version, random, self.session_id, suites, flaws=self.flaws)


def read_lenient_client_hello(body: bytes, rules: HelloReading) -> LenientClientHello:
    """Read the body of a ClientHello's message."""
    reader, flaws = Reader(body), set()
    version, random, session_id, suites, compression_methods = 0, bytes(RANDOM_SIZE), b"", b"", b""
    extensions: list[Extension] | None = None
    place = "legacy_version"
    try:
        version = reader.pull_uint(2)
        place = "random"
        random = reader.pull_bytes(RANDOM_SIZE)
        place = "session_id"
        session_id = reader.pull_vector(1)
        place = "cipher_suites"
        suites = reader.pull_vector(2)
        if len(suites) % 2:
            flaws.add("odd-cipher-suites")
        place = "compression_methods"
        compression_methods = reader.pull_vector(1)
        if reader.remaining:
            place = "extension-block"
            extensions = []
            _read_extensions(reader, extensions, flaws, rules)
    except DecodeError:
        flaws.add(f"cut-off:{place}")
    return LenientClientHello(
        version,
        random,
        session_id,
        unpack_uints(suites[: len(suites) // 2 * 2], 2),
        compression_methods,
        None if extensions is None else tuple(extensions),
        frozenset(flaws),
        rules.last_extension_counts,
    )


def _read_extensions(
    reader: Reader, extensions: list[Extension], flaws: set[str], rules: HelloReading
) -> None:
    """Read the block into `extensions`. Raises DecodeError when the message ends before the block does."""
    left = reader.pull_uint(2)
    if left > reader.remaining:
        raise DecodeError("the extension block goes beyond the message", reader.offset)
    block = reader if rules.extensions_may_overrun else Reader(reader.pull_bytes(left))
    while left > 0:
        place = "extension-header"
        try:
            extension_type, length = block.pull_uint(2), block.pull_uint(2)
            place = "extension-body"
            extensions.append(Extension(extension_type, block.pull_bytes(length)))
        except DecodeError:
            flaws.add(f"cut-off:{place}")
            break
        left -= 4 + length
    if reader.remaining:
        flaws.add("bytes-after-extensions")


def read_lenient_sslv2_client_hello(body: bytes, rules: HelloReading) -> LenientSSLv2ClientHello:
    """Read an SSLv2-format hello from the body of its record, the message type included."""
    reader, flaws = Reader(body, 1), set()
    version, specs, session_id, challenge = 0, b"", b"", b""
    try:
        version = reader.pull_uint(2)
        sizes = [reader.pull_uint(2) for _ in range(3)]
        if sizes[1] > MAX_SESSION_ID_SIZE:
            flaws.add("sslv2-session-id-over-32")
        specs, session_id, challenge = (reader.pull_bytes(size) for size in sizes)
        if reader.remaining:
            flaws.add("sslv2-bytes-left")
        if rules.sslv2_lengths_forgotten:
            specs += body[SSLV2_HELLO_HEADER_SIZE + len(specs) :][: -len(specs) % SSLV2_SPEC_SIZE]
    except DecodeError:
        flaws.add("sslv2-cut-off")
    if len(specs) % SSLV2_SPEC_SIZE:
        flaws.add("odd-cipher-suites")
    if not specs:
        flaws.add("sslv2-no-cipher-specs")
    cipher_specs = unpack_uints(specs[: len(specs) // SSLV2_SPEC_SIZE * SSLV2_SPEC_SIZE], SSLV2_SPEC_SIZE)
    return LenientSSLv2ClientHello(version, cipher_specs, session_id, challenge, frozenset(flaws), rules)


def renegotiated_connection(body: bytes) -> bytes:
    """What a renegotiation_info says that was let pass: bytes after it do not count, no body is empty."""
    return body[1 : 1 + body[0]] if body else b""


class LenientReader:
    """Cuts handshake bytes into messages by their announced lengths and reads hellos as far as they go."""

    def __init__(self, rules: HelloReading) -> None:
        self._rules = rules
        self._messages = MessageReader(rules.max_message)
        self._whole: list[HandshakeMessage] = []

    def feed(self, fragment: bytes) -> None:
        """Append the fragment of one record. Raises PeerFault for what is refused with the whole record."""
        self._messages.feed(fragment)
        if self._rules.message_types is MessageTypes.KNOWN_IN_RECORD:
            while (message := self._next_message()) is not None:
                self._check_known(message.handshake_type)
                self._whole.append(message)
            for handshake_type in self._pending_types():
                self._check_known(handshake_type)

    def next(self) -> tuple[HandshakeMessage, ReceivedHello | None] | None:
        """Give the next message, with its hello if it is one; None when more bytes are needed."""
        message = self._whole.pop(0) if self._whole else self._next_message()
        if message is None:
            return None
        if message.handshake_type != HandshakeType.CLIENT_HELLO:
            return message, None
        read = read_lenient_client_hello(message.body, self._rules)
        return message, ReceivedHello(message.body, read)

    @property
    def forbids_other_records(self) -> bool:
        """Whether a record of another content type is out of place now: within a message, for some."""
        return self._messages.is_under_way and not self._rules.records_may_interleave

    def judged_by_header(self) -> list[int]:
        """The type of the next message, where it is judged before the body is there: one or none."""
        return self._pending_types() if self._rules.message_types is MessageTypes.AT_HEADER else []

    @property
    def is_within_message(self) -> bool:
        """Whether bytes are left that have no place; `forbids_other_records` says what the stack minds."""
        return False

    @property
    def refuses_leftovers(self) -> bool:
        """Whether bytes are left that make a refused renegotiation a fault; never here."""
        return False

    def read_sslv2_hello(self, body: bytes) -> ClientHello:
        """Read an SSLv2-format hello from the body of its record. Raises PeerFault for another message."""
        if body[:1] != bytes([HandshakeType.CLIENT_HELLO]):
            raise PeerFault(Fault.UNEXPECTED_MESSAGE, "an SSLv2-format message that is no hello")
        return read_lenient_sslv2_client_hello(body, self._rules).to_client_hello()

    def _next_message(self) -> HandshakeMessage | None:
        try:
            return self._messages.next()
        except DecodeError as error:
            raise PeerFault(Fault.MESSAGE_LENGTH, error.detail) from None

    def _pending_types(self) -> list[int]:
        buffered = self._messages.buffered
        return [buffered[0]] if len(buffered) >= MESSAGE_HEADER_SIZE else []

    def _check_known(self, handshake_type: int) -> None:
        if handshake_type not in self._rules.known_message_types:
            raise PeerFault(Fault.UNEXPECTED_MESSAGE, f"handshake type {handshake_type} is not known")
