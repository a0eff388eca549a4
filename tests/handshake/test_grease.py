"""A server that takes a GREASE value for a choice is at fault, wherever it does (RFC 8701 section 3.1).

Each of the sixteen values is in the hello where the server takes it from, and beside each stands a choice
that is legal and goes on. GREASE suites are in test_suite_choice.
"""

import os

import pytest

from handshake.crypto.key_exchange import generate_key_pair
from handshake.events import AlertSent, PeerFaulted, Phase, ServerHelloReceived, Unsupported
from handshake.hello_template import ExtensionTemplate, HelloTemplate
from handshake.wire.client_hello import Extension
from handshake.wire.extensions import (
    push_cookie,
    push_supported_versions,
)
from handshake.wire.key_exchange import DigitallySigned
from handshake.wire.messages import push_ocsp_response, push_server_hello
from handshake.wire.registry import AlertDescription, ExtensionType, HandshakeType, ProtocolVersion
from tests.handshake.flights import (
    Server13,
    certificate,
    ecdhe_key_exchange,
    handshake_record,
    hello_of,
    hello_retry_request,
    key_share,
    server_hello,
    server_hello_13,
)
from tests.handshake.modern import (
    CHROMIUM_156,
    GREASE,
    SECP256R1,
    X25519,
    X25519MLKEM768,
    extension,
    groups,
    replaced,
    schemes,
    shares,
)
from tests.handshake.peers import Ours, client, credentials

TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
ECDHE_RSA, ECDH_ANON = 0xC02F, 0xC018
EACH = pytest.mark.parametrize("value", GREASE, ids=hex)
RSA_PSS = 0x0804
MESSAGES = ["ServerHello", "HelloRetryRequest", "EncryptedExtensions", "Certificate"]


def offering(value: int) -> HelloTemplate:
    """Chromium's hello with this GREASE value wherever it has one, and an anonymous suite."""
    template = replaced(
        CHROMIUM_156,
        groups(value, X25519MLKEM768, X25519, SECP256R1),
        schemes(value, RSA_PSS, 0x0401),
        ExtensionTemplate(
            ExtensionType.SUPPORTED_VERSIONS, push_supported_versions((value, TLS_1_3, TLS_1_2))
        ),
        shares((value, 1), (X25519, 32)),
        extension(value, "00"),
        extension(ExtensionType.STATUS_REQUEST, "0100000000"),
    )
    return HelloTemplate(
        TLS_1_2, (value, 0x1301, ECDHE_RSA, ECDH_ANON), session_id_length=32, extensions=template.extensions
    )


def greeted(value: int) -> Ours:
    ours = Ours(client(offering(value)))
    ours.give()
    return ours


def faults(ours: Ours) -> list[str]:
    assert not [event for event in ours.events if isinstance(event, Unsupported)]
    return [event.what for event in ours.events if isinstance(event, PeerFaulted)]


def assert_illegal(ours: Ours, phase: Phase) -> None:
    assert faults(ours) == ["illegal-parameter"]
    assert AlertSent(2, AlertDescription.ILLEGAL_PARAMETER) in ours.events
    assert ours.connection.phase is phase


def greeting(ours: Ours, group: int, version: int = TLS_1_3) -> bytes:
    """A ServerHello of TLS 1.3 with a share of this group."""
    answer = server_hello_13(
        hello_of(ours.connection), 0x1301, key_share(group, b"\x09" + bytes(31)), version=version
    )
    return handshake_record(HandshakeType.SERVER_HELLO, push_server_hello(answer))


@EACH
def test_a_version(value: int) -> None:
    ours = greeted(value)
    ours.take(greeting(ours, X25519, version=value))
    assert_illegal(ours, Phase.SERVER_HELLO)
    legacy = greeted(value)
    legacy.take(server_hello(value, ECDHE_RSA).replace(value.to_bytes(2, "big"), b"\x03\x03", 1))
    assert faults(legacy) == ["protocol-version"]
    good = greeted(value)
    good.take(greeting(good, X25519))
    assert ServerHelloReceived(TLS_1_3, 0x1301) in good.events
    assert faults(good) == []


@EACH
def test_a_group_in_the_server_hello_and_in_a_retry(value: int) -> None:
    for answer in (lambda ours: greeting(ours, value), lambda ours: retry(ours, value)):
        ours = greeted(value)
        ours.take(answer(ours))
        assert_illegal(ours, Phase.SERVER_HELLO)
    good = greeted(value)
    good.take(retry(good, SECP256R1))
    assert faults(good) == []
    assert not good.connection.is_ended


def retry(ours: Ours, group: int) -> bytes:
    return hello_retry_request(hello_of(ours.connection), group)


@EACH
def test_a_named_curve(value: int) -> None:
    for group, is_legal in ((value, False), (X25519, True)):
        ours = greeted(value)
        ours.take(server_hello(TLS_1_2, ECDH_ANON))
        point = generate_key_pair(X25519, os.urandom).public_bytes
        ours.take(ecdhe_key_exchange(group, point))
        ours.take(handshake_record(HandshakeType.SERVER_HELLO_DONE, b""))
        if is_legal:
            assert faults(ours) == []
            assert ours.give()[5] == HandshakeType.CLIENT_KEY_EXCHANGE
        else:
            assert_illegal(ours, Phase.KEY_EXCHANGE)


@EACH
def test_a_signature_scheme_in_tls_1_2(value: int) -> None:
    ours = greeted(value)
    ours.take(server_hello(TLS_1_2, ECDHE_RSA))
    ours.take(certificate(*credentials()["rsa"].chain))
    point = generate_key_pair(X25519, os.urandom).public_bytes
    ours.take(ecdhe_key_exchange(X25519, point, DigitallySigned(value, bytes(256))))
    assert_illegal(ours, Phase.KEY_EXCHANGE)


@EACH
def test_a_signature_scheme_in_tls_1_3(value: int) -> None:
    for scheme, fault in ((value, "illegal-parameter"), (RSA_PSS, "decrypt")):
        ours = greeted(value)
        server = Server13(ours.connection).encrypted_extensions().certificate(credentials()["rsa"].chain)
        ours.take(server.certificate_verify(scheme, bytes(256)).data())
        assert faults(ours) == [fault]
        assert ours.connection.phase is Phase.CERTIFICATE


_LEGAL = {
    "ServerHello": Extension(ExtensionType.SERVER_NAME),
    "HelloRetryRequest": Extension(ExtensionType.COOKIE, push_cookie(b"cookie")),
    "EncryptedExtensions": Extension(ExtensionType.SERVER_NAME),
    "Certificate": Extension(ExtensionType.STATUS_REQUEST, push_ocsp_response(b"answer")),
}


@EACH
@pytest.mark.parametrize(
    "message", ["ServerHello", "HelloRetryRequest", "EncryptedExtensions", "Certificate"]
)
def test_an_extension_in_every_message(value: int, message: str) -> None:
    ours = answered(value, message, Extension(value, b"\x00"))
    assert faults(ours) == ["unsupported-extension"]
    assert AlertSent(2, AlertDescription.UNSUPPORTED_EXTENSION) in ours.events
    (fault,) = (event for event in ours.events if isinstance(event, PeerFaulted))
    assert f"the {message} answers the GREASE extension 0x{value:04x}" in fault.detail
    good = answered(value, message, _LEGAL[message])
    assert faults(good) == []
    assert not good.connection.is_ended


def answered(value: int, message: str, extension: Extension) -> Ours:
    """The client after a message with one extension in it."""
    ours = greeted(value)
    if message == "ServerHello":
        ours.take(server_hello(TLS_1_2, ECDHE_RSA, extension))
    elif message == "HelloRetryRequest":
        ours.take(with_extension(retry(ours, SECP256R1), extension))
    elif message == "EncryptedExtensions":
        ours.take(Server13(ours.connection).encrypted_extensions(extension).data())
    else:
        server = Server13(ours.connection).encrypted_extensions()
        ours.take(server.certificate(credentials()["rsa"].chain, extension).data())
    return ours


def with_extension(record: bytes, extension: Extension) -> bytes:
    """The ServerHello with one more extension at its end, the lengths around it corrected."""
    added = (
        extension.extension_type.to_bytes(2, "big") + len(extension.body).to_bytes(2, "big") + extension.body
    )
    body, size = bytearray(record[9:]), len(added)
    start = 2 + 32 + 1 + body[34] + 3
    body[start : start + 2] = (int.from_bytes(body[start : start + 2], "big") + size).to_bytes(2, "big")
    return handshake_record(HandshakeType.SERVER_HELLO, bytes(body) + added)


def test_what_the_server_itself_offers_may_be_grease() -> None:
    """A CertificateRequest may have it (RFC 8701 section 4); nobody has chosen anything by that."""
    ours = greeted(0x0A0A)
    body = b"\x00\x00\x0e\x00\x0d\x00\x06\x00\x04\x1a\x1a\x08\x04\x1a\x1a\x00\x00"
    server = Server13(ours.connection).encrypted_extensions()
    ours.take(server.message(HandshakeType.CERTIFICATE_REQUEST, body).data())
    assert faults(ours) == []
    assert not ours.connection.is_ended
