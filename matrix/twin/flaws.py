"""Hellos that no client may send, made of one that it may: each has one flaw. Pure.

What a server does with them shows how strictly it reads. A flaw is named by the feature of a hello that has
it, and by the fault that an emulated server finds where its definition says nothing else.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from handshake.wire.buffer import Reader, pack_uint, pack_vector
from handshake.wire.client_hello import ClientHello, Extension, pull_client_hello, push_client_hello
from handshake.wire.handshake_message import MESSAGE_HEADER_SIZE
from handshake.wire.record import RECORD_HEADER_SIZE
from handshake.wire.registry import ContentType, ExtensionType, HandshakeType

_E = ExtensionType
_ANY_VERSION: Mapping[str, Any] = {"any_version": True}
_SOME_EMPTY = 32
"""Empty records that are passed over in a row; how many a server takes is not asked (OpenSSL: 32)."""
Spoil = Callable[[bytes], bytes]
"""Makes of a hello in one record the bytes that are sent in its place."""


class Flaw(Struct, frozen=True):
    """One thing that is wrong. `feature` is None where no feature says it; `fault` is a word of
    [emulation.alerts]. `only_in_1_3`: it is one in a hello that offers TLS 1.3. `lenient` is what
    [emulation.records] says where a server passes over it.
    """

    title: str
    fault: str
    spoil: Spoil
    feature: str | None = None
    only_in_1_3: bool = False
    lenient: Mapping[str, Any] = field(default_factory=dict)

    @property
    def needs_extensions(self) -> bool:
        """Whether it is put into the extension block."""
        return self in OF_BODIES or "extension" in (self.feature or "")


def _with_body(change: Callable[[bytes], bytes]) -> Spoil:
    """Change the body of the hello's message, and let record and message have their true lengths."""

    def spoil(wire: bytes) -> bytes:
        body = change(wire[RECORD_HEADER_SIZE + MESSAGE_HEADER_SIZE :])
        message = pack_uint(1, HandshakeType.CLIENT_HELLO) + pack_uint(3, len(body)) + body
        return wire[:3] + pack_uint(2, len(message)) + message

    return spoil


def _with_hello(change: Callable[[ClientHello], bytes]) -> Spoil:
    return _with_body(lambda body: change(pull_client_hello(body)))


def _up_to_suites(hello: ClientHello) -> bytes:
    random = pack_uint(2, hello.legacy_version) + hello.random
    return random + pack_vector(1, hello.session_id)


def _suites(hello: ClientHello) -> bytes:
    return b"".join(pack_uint(2, code) for code in hello.cipher_suites)


def _rest(hello: ClientHello) -> bytes:
    """What stands behind the cipher suites."""
    whole = push_client_hello(hello)
    return whole[len(_up_to_suites(hello)) + 2 + len(_suites(hello)) :]


def _without_block(hello: ClientHello) -> bytes:
    return _up_to_suites(hello) + pack_vector(2, _suites(hello)) + b"\x01\x00"


def _block(hello: ClientHello) -> bytes:
    """The extensions without the length of their block."""
    reader = Reader(_rest(hello))
    reader.pull_vector(1)
    return reader.pull_vector(2) if reader.remaining else b""


def _with_body_of(extension_type: int, body: bytes) -> Spoil:
    """Give an extension this body; it is added where it is not there."""

    def change(hello: ClientHello) -> bytes:
        changed = [
            Extension(extension_type, body) if each.extension_type == extension_type else each
            for each in hello.extensions or ()
        ]
        if extension_type not in {each.extension_type for each in changed}:
            changed.insert(0, Extension(extension_type, body))
        return _with_extensions(hello, changed)

    return _with_hello(change)


def _without(extension_type: int) -> Spoil:
    def change(hello: ClientHello) -> bytes:
        kept = [each for each in hello.extensions or () if each.extension_type != extension_type]
        return _with_extensions(hello, kept)

    return _with_hello(change)


def _with_extensions(hello: ClientHello, extensions: list[Extension]) -> bytes:
    block = b"".join(pack_uint(2, each.extension_type) + pack_vector(2, each.body) for each in extensions)
    return _without_block(hello) + pack_vector(2, block)


def _twice(extension_type: int) -> Spoil:
    def change(hello: ClientHello) -> bytes:
        extensions = list(hello.extensions or ())
        again = [each for each in extensions if each.extension_type == extension_type]
        return _with_extensions(hello, [*extensions, *again])

    return _with_hello(change)


def _record_version(version: int) -> Spoil:
    return lambda wire: wire[:1] + pack_uint(2, version) + wire[3:]


OF_THE_FORM: tuple[Flaw, ...] = (
    Flaw("ends within its version", "decode", _with_body(lambda body: body[:1]), "cut-off:legacy_version"),
    Flaw("ends within its random", "decode", _with_body(lambda body: body[:20]), "cut-off:random"),
    Flaw(
        "ends within its session id",
        "decode",
        _with_body(lambda body: body[:34] + b"\x20" + bytes(8)),
        "cut-off:session_id",
    ),
    Flaw(
        "ends within its cipher suites",
        "decode",
        _with_hello(lambda hello: _up_to_suites(hello) + pack_uint(2, 64) + _suites(hello)[:2]),
        "cut-off:cipher_suites",
    ),
    Flaw(
        "ends before its compression methods",
        "decode",
        _with_hello(lambda hello: _up_to_suites(hello) + pack_vector(2, _suites(hello)) + b"\x01"),
        "cut-off:compression_methods",
    ),
    Flaw(
        "ends within its extension block",
        "decode",
        _with_hello(
            lambda hello: _without_block(hello) + pack_uint(2, len(_block(hello)) + 9) + _block(hello)
        ),
        "cut-off:extension-block",
    ),
    Flaw(
        "has half an extension at the end of its block",
        "decode",
        _with_hello(lambda hello: _without_block(hello) + pack_vector(2, _block(hello) + b"\x00\x17")),
        "cut-off:extension-header",
    ),
    Flaw(
        "has an extension that goes beyond the block",
        "decode",
        _with_hello(
            lambda hello: _without_block(hello) + pack_vector(2, _block(hello) + b"\xfe\x77\x00\x09\x00")
        ),
        "cut-off:extension-body",
    ),
    Flaw(
        "has bytes behind its extensions",
        "decode",
        _with_body(lambda body: body + b"\x00"),
        "bytes-after-extensions",
    ),
    Flaw(
        "has half a cipher suite",
        "decode",
        _with_hello(
            lambda hello: _up_to_suites(hello) + pack_vector(2, _suites(hello) + b"\x00") + _rest(hello)
        ),
        "odd-cipher-suites",
    ),
    Flaw(
        "has no cipher suites",
        "decode",
        _with_hello(lambda hello: _up_to_suites(hello) + pack_uint(2, 0) + _rest(hello)),
        "no-cipher-suites",
    ),
    Flaw(
        "has no compression methods",
        "decode",
        _with_hello(
            lambda hello: _up_to_suites(hello) + pack_vector(2, _suites(hello)) + b"\x00" + _rest(hello)[2:]
        ),
        "no-compression-methods",
    ),
    Flaw(
        "does not offer the compression method null",
        "illegal-parameter",
        _with_hello(
            lambda hello: (
                _up_to_suites(hello) + pack_vector(2, _suites(hello)) + b"\x01\x01" + _rest(hello)[2:]
            )
        ),
        "no-null-compression",
    ),
    Flaw(
        "has a session id of 33 bytes",
        "decode",
        _with_body(lambda body: body[:34] + b"\x21" + bytes(33) + body[35 + body[34] :]),
        "session-id-over-32",
    ),
)
"""What can be wrong with the lengths of a hello and with what every hello has."""

OF_BODIES: tuple[Flaw, ...] = (
    Flaw(
        "has an extension twice",
        "decode",
        _twice(_E.SUPPORTED_GROUPS),
        "repeated-extension:supported_groups",
    ),
    Flaw(
        "has an empty list of groups",
        "decode",
        _with_body_of(_E.SUPPORTED_GROUPS, b"\x00\x00"),
        "body-not:supported_groups:u16[u16+]",
    ),
    Flaw(
        "has an empty list of point formats",
        "decode",
        _with_body_of(_E.EC_POINT_FORMATS, b"\x00"),
        "body-not:ec_point_formats:u8[u8+]",
    ),
    Flaw(
        "does not offer uncompressed points",
        "illegal-parameter",
        _with_body_of(_E.EC_POINT_FORMATS, b"\x01\x01"),
        "body-not:ec_point_formats:u8[(u8=1-255)* u8=0 u8*] | u8[]",
    ),
    Flaw(
        "has an empty list of signature schemes",
        "decode",
        _with_body_of(_E.SIGNATURE_ALGORITHMS, b"\x00\x00"),
        "body-not:signature_algorithms:u16[u16+]",
    ),
    Flaw(
        "has an empty list of server names",
        "decode",
        _with_body_of(_E.SERVER_NAME, b"\x00\x00"),
        "body-not:server_name:u16[(u8 u16[u8*])+]",
    ),
    Flaw(
        "has an empty list of application protocols",
        "decode",
        _with_body_of(_E.APPLICATION_LAYER_PROTOCOL_NEGOTIATION, b"\x00\x00"),
        "body-not:application_layer_protocol_negotiation:u16[(u8[u8+])+]",
    ),
    Flaw(
        "has a renegotiation_info without its length",
        "decode",
        _with_body_of(_E.RENEGOTIATION_INFO, b""),
        "body-not:renegotiation_info:u8[u8*] u8*",
    ),
    Flaw(
        "has an extended_master_secret with a body",
        "decode",
        _with_body_of(_E.EXTENDED_MASTER_SECRET, b"\x00"),
        "body-not:extended_master_secret:",
    ),
    Flaw(
        "has an empty list of versions",
        "decode",
        _with_body_of(_E.SUPPORTED_VERSIONS, b"\x00"),
        "body-not:supported_versions:u8[u16+]",
        only_in_1_3=True,
    ),
    Flaw(
        "has a key_share that ends within a share",
        "decode",
        _with_body_of(_E.KEY_SHARE, b"\x00\x06\x00\x1d\x00\x20\x00\x00"),
        "body-not:key_share:u16[(u16 u16[u8*])*]",
        only_in_1_3=True,
    ),
    Flaw(
        "offers TLS 1.3 without key_share",
        "missing-extension",
        _without(_E.KEY_SHARE),
        "offers-version:TLSv1.3 and not extension:key_share",
        only_in_1_3=True,
    ),
    Flaw(
        "offers TLS 1.3 without supported_groups",
        "missing-extension",
        _without(_E.SUPPORTED_GROUPS),
        "offers-version:TLSv1.3 and not extension:supported_groups",
        only_in_1_3=True,
    ),
)
"""What can be wrong in its extensions."""

OF_THE_RECORDS: tuple[Flaw, ...] = (
    Flaw(
        "comes in a record of version 2.0",
        "first-record-version",
        _record_version(0x0200),
        lenient=_ANY_VERSION,
    ),
    Flaw(
        "comes in a record of version 4.0",
        "first-record-version",
        _record_version(0x0400),
        lenient=_ANY_VERSION,
    ),
    Flaw(
        "comes behind an empty record",
        "empty-record",
        lambda wire: wire[:3] + b"\x00\x00" + wire,
        lenient={"max_empty": _SOME_EMPTY},
    ),
    Flaw(
        "comes behind application data",
        "unexpected-record",
        lambda wire: pack_uint(1, ContentType.APPLICATION_DATA) + wire[1:3] + b"\x00\x01\x00" + wire,
    ),
    Flaw("is an HTTP request", "not-tls", lambda wire: b"GET / HTTP/1.0\r\n\r\n"),
    Flaw(
        "is another message",
        "unexpected-message",
        lambda wire: (
            wire[:RECORD_HEADER_SIZE]
            + pack_uint(1, HandshakeType.CLIENT_KEY_EXCHANGE)
            + wire[RECORD_HEADER_SIZE + 1 :]
        ),
    ),
)
"""What can be wrong around it."""
