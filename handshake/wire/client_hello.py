"""The ClientHello in both its forms: RFC 5246 section 7.4.1.2 and, SSLv2-format, appendix E.2.

Strict but lossless: `push_client_hello(pull_client_hello(body)) == body` for every well-formed hello.
Order, duplicates, GREASE and unknown code points survive; no extension block (None) is another thing than
an empty one (()). A push writes what it is given, malformed on purpose or not, as long as every length fits
its field.
"""

import struct

from msgspec import Struct

from handshake.errors import DecodeError, LocalError
from handshake.wire.buffer import Reader, Writer, pack_uint, pack_uints, pack_vector, unpack_uints
from handshake.wire.handshake_message import MessageReader
from handshake.wire.record import FirstRecord, RecordReader, SSLv2Record
from handshake.wire.registry import ContentType, HandshakeType

RANDOM_SIZE = 32
MAX_SESSION_ID_SIZE = 32
MIN_CHALLENGE_SIZE = 16
MAX_CHALLENGE_SIZE = 32
NULL_COMPRESSION = b"\x00"

_EXTENSION_HEADER = struct.Struct(">HH")


class Extension(Struct, frozen=True):
    """One extension: its code point and its body, not interpreted (`handshake.wire.extensions` does that)."""

    extension_type: int
    body: bytes = b""


class ClientHello(Struct, frozen=True):
    """A ClientHello of SSLv3 or later; `compression_methods` has one byte a method, `extensions` as above."""

    legacy_version: int
    random: bytes
    session_id: bytes
    cipher_suites: tuple[int, ...]
    compression_methods: bytes = NULL_COMPRESSION
    extensions: tuple[Extension, ...] | None = None

    def extension(self, extension_type: int) -> bytes | None:
        """The body of the first extension of that type, None without one."""
        return find_extension(self.extensions, extension_type)

    def bodies(self, extension_type: int) -> tuple[bytes, ...]:
        """The bodies of all extensions of that type, in order."""
        return tuple(each.body for each in self.extensions or () if each.extension_type == extension_type)


class SSLv2ClientHello(Struct, frozen=True):
    """An SSLv2-format hello: `version` is the highest offered, `cipher_specs` are 24-bit."""

    version: int
    cipher_specs: tuple[int, ...]
    session_id: bytes
    challenge: bytes

    def to_client_hello(self) -> ClientHello:
        """The same offer as a ClientHello (RFC 5246 appendix E.2).

        Cipher specs 0x00XXXX become cipher suites, SSLv2's own are dropped; the random is the challenge
        with zeros in front; there is no extension block.
        """
        return ClientHello(
            legacy_version=self.version,
            random=self.challenge.rjust(RANDOM_SIZE, b"\x00"),
            session_id=self.session_id,
            cipher_suites=tuple([spec for spec in self.cipher_specs if spec <= 0xFFFF]),
        )


def find_extension(extensions: tuple[Extension, ...] | None, extension_type: int) -> bytes | None:
    """The body of the first extension of that type, None without one or without a block."""
    for extension in extensions or ():
        if extension.extension_type == extension_type:
            return extension.body
    return None


def pull_extensions(reader: Reader, name: str = "extensions") -> tuple[Extension, ...]:
    """An extension block behind its two-byte length."""
    start = reader.offset + 2
    content = reader.pull_vector(2, name)
    end = len(content)
    extensions = []
    position = 0
    while position < end:
        if position + 4 > end:
            raise DecodeError(
                f"{name}: 4 bytes expected for an extension's header, {end - position} left", start + position
            )
        extension_type, length = _EXTENSION_HEADER.unpack_from(content, position)
        body_start = position + 4
        position = body_start + length
        if position > end:
            raise DecodeError(
                f"{name}: 0x{extension_type:04x} announces {length} bytes, {end - body_start} left",
                start + body_start,
            )
        extensions.append(Extension(extension_type, content[body_start:position]))
    return tuple(extensions)


def pull_optional_extensions(reader: Reader) -> tuple[Extension, ...] | None:
    """An extension block that may be missing altogether, at the end of a message; nothing may follow it."""
    if not reader.remaining:
        return None
    extensions = pull_extensions(reader)
    reader.finish()
    return extensions


def push_extensions(extensions: tuple[Extension, ...]) -> bytes:
    """The extension block with its two-byte length."""
    try:
        packed = [
            _EXTENSION_HEADER.pack(each.extension_type, len(each.body)) + each.body for each in extensions
        ]
    except struct.error:
        raise LocalError("an extension's type or length does not fit in 2 bytes") from None
    return pack_vector(2, b"".join(packed))


def _pull_session_id(reader: Reader) -> bytes:
    """A session id of up to 32 bytes behind its length."""
    session_id = reader.pull_vector(1, "session_id")
    if len(session_id) > MAX_SESSION_ID_SIZE:
        raise DecodeError(
            f"session_id: {len(session_id)} bytes, 32 are allowed",
            reader.offset - len(session_id) - 1,
        )
    return session_id


def pull_client_hello(body: bytes) -> ClientHello:
    """A ClientHello from the body of its handshake message; DecodeError if it is malformed."""
    reader = Reader(body)
    legacy_version = reader.pull_uint(2, "legacy_version")
    random = reader.pull_bytes(RANDOM_SIZE, "random")
    session_id = _pull_session_id(reader)
    start = reader.offset
    content = reader.pull_vector(2, "cipher_suites")
    if not content or len(content) % 2:
        raise DecodeError(
            f"cipher_suites: {len(content)} bytes; there must be 2 for each, and one at least", start
        )
    start = reader.offset
    compression_methods = reader.pull_vector(1, "compression_methods")
    if not compression_methods:
        raise DecodeError("compression_methods: empty; there must be one at least", start)
    return ClientHello(
        legacy_version,
        random,
        session_id,
        struct.unpack(f">{len(content) // 2}H", content),
        compression_methods,
        pull_optional_extensions(reader),
    )


def push_client_hello(hello: ClientHello) -> bytes:
    """The body of the handshake message (without its four-byte header)."""
    return b"".join(
        (
            pack_uint(2, hello.legacy_version),
            hello.random,
            pack_vector(1, hello.session_id),
            pack_vector(2, pack_uints(2, hello.cipher_suites)),
            pack_vector(1, hello.compression_methods),
            b"" if hello.extensions is None else push_extensions(hello.extensions),
        )
    )


def pull_sslv2_client_hello(body: bytes) -> SSLv2ClientHello:
    """An SSLv2-format hello from the body of its record, message type included; DecodeError if malformed.

    A session id has 0 bytes, or 16 of SSLv2's own, or a TLS one's up to 32; a challenge has 16 to 32.
    """
    reader = Reader(body)
    if reader.pull_uint(1, "msg_type") != HandshakeType.CLIENT_HELLO:
        raise DecodeError(f"msg_type: {body[0]}; an SSLv2-format hello has 1", 0)
    version = reader.pull_uint(2, "version")
    specs_size = reader.pull_uint(2, "cipher_spec_length")
    session_id_size = reader.pull_uint(2, "session_id_length")
    challenge_size = reader.pull_uint(2, "challenge_length")
    if not specs_size or specs_size % 3:
        raise DecodeError(f"cipher_spec_length: {specs_size}; there must be 3 for each, and one at least", 3)
    if session_id_size > MAX_SESSION_ID_SIZE:
        raise DecodeError(f"session_id_length: {session_id_size}, 32 are allowed", 5)
    if not MIN_CHALLENGE_SIZE <= challenge_size <= MAX_CHALLENGE_SIZE:
        raise DecodeError(f"challenge_length: {challenge_size}; it must be 16 to 32", 7)
    cipher_specs = unpack_uints(reader.pull_bytes(specs_size, "cipher_specs"), 3)
    session_id = reader.pull_bytes(session_id_size, "session_id")
    challenge = reader.pull_bytes(challenge_size, "challenge")
    reader.finish()
    return SSLv2ClientHello(version, cipher_specs, session_id, challenge)


def push_sslv2_client_hello(hello: SSLv2ClientHello) -> bytes:
    """The body of the SSLv2 record, message type included."""
    specs = pack_uints(3, hello.cipher_specs)
    writer = Writer()
    writer.push_uint(1, HandshakeType.CLIENT_HELLO)
    for value in (hello.version, len(specs), len(hello.session_id), len(hello.challenge)):
        writer.push_uint(2, value)
    for content in (specs, hello.session_id, hello.challenge):
        writer.push_bytes(content)
    return writer.data()


def pull_hello_flight(raw: bytes) -> ClientHello | SSLv2ClientHello:
    """The hello in whole captured records, an SSLv2-format one included; PeerFault if there is anything else.

    The message may be spread over several records; nothing may follow it.
    """
    records = RecordReader(FirstRecord.SSLV2_OR_TLS)
    records.feed(raw)
    messages = MessageReader()
    message = None
    while message is None:
        record = records.next()
        if record is None:
            raise DecodeError("the records end before the hello does", len(raw))
        if isinstance(record, SSLv2Record):
            _refuse_leftover(raw, records.buffered)
            return pull_sslv2_client_hello(record.body)
        if record.content_type != ContentType.HANDSHAKE:
            raise DecodeError(f"a record of content type {record.content_type}, not of handshake (22)")
        messages.feed(record.fragment)
        message = messages.next()
    _refuse_leftover(raw, messages.buffered + records.buffered)
    if message.handshake_type != HandshakeType.CLIENT_HELLO:
        raise DecodeError(f"a message of type {message.handshake_type}, not a ClientHello (1)")
    return pull_client_hello(message.body)


def _refuse_leftover(raw: bytes, leftover: bytes) -> None:
    if leftover:
        raise DecodeError(f"{len(leftover)} bytes after the hello", len(raw) - len(leftover))
