"""Hellos put together for a test: like measured ones that are described but not carried here as bytes."""

from msgspec.structs import replace

from handshake.wire.client_hello import (
    ClientHello,
    Extension,
    SSLv2ClientHello,
    push_client_hello,
    push_sslv2_client_hello,
)
from handshake.wire.extensions import push_supported_groups
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.record import Record, SSLv2Record, push_record, push_sslv2_record
from handshake.wire.registry import ContentType, ExtensionType, HandshakeType, NamedGroup

PLAIN = ClientHello(0x0301, bytes(range(32)), b"", (0x002F, 0x0005))
GROUPS = Extension(ExtensionType.SUPPORTED_GROUPS, push_supported_groups((NamedGroup.SECP256R1,)))
POINT_FORMATS = Extension(ExtensionType.EC_POINT_FORMATS, b"\x01\x00")
RENEGOTIATION_INFO = Extension(ExtensionType.RENEGOTIATION_INFO, b"\x00")
SESSION_TICKET = Extension(ExtensionType.SESSION_TICKET)
UNKNOWN = Extension(0x7777)


def server_names(*names: str) -> Extension:
    """A server_name extension with these names."""
    entries = b"".join(b"\x00" + len(name).to_bytes(2, "big") + name.encode() for name in names)
    return Extension(ExtensionType.SERVER_NAME, len(entries).to_bytes(2, "big") + entries)


def extended(*extensions: Extension) -> ClientHello:
    """The plain hello with an extension block."""
    return replace(PLAIN, extensions=extensions)


def record(fragment: bytes) -> bytes:
    """One handshake record."""
    return push_record(Record(ContentType.HANDSHAKE, 0x0301, fragment))


def message(hello: ClientHello) -> bytes:
    """The handshake message."""
    return push_handshake_message(HandshakeMessage(HandshakeType.CLIENT_HELLO, push_client_hello(hello)))


def flight(hello: ClientHello) -> bytes:
    """The hello in one record."""
    return record(message(hello))


def sslv2_flight(hello: SSLv2ClientHello) -> bytes:
    """The SSLv2-format hello in its record."""
    return push_sslv2_record(SSLv2Record(push_sslv2_client_hello(hello)))
