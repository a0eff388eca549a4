"""What a client refuses behind the server's hello, kind by kind, with the same message beside it as it should
be.

The alerts are the RFCs' (RFC 5246 section 7.2.2, RFC 8446 section 6.2).
"""

import pytest

from handshake.wire.client_hello import Extension
from handshake.wire.extensions import (
    push_signature_algorithms,
)
from handshake.wire.messages import (
    CertificateRequest,
    CertificateRequest13,
    push_certificate_request,
    push_certificate_request_13,
    push_ocsp_response,
)
from handshake.wire.registry import (
    AlertDescription,
    ExtensionType,
    HandshakeType,
    ProtocolVersion,
    SignatureScheme,
)
from tests.handshake.flights import (
    Server13,
    certificate,
    handshake_record,
    server_hello,
)
from tests.handshake.modern import (
    X25519,
)
from tests.handshake.peers import credentials
from tests.handshake.test_client_strictness import alert as alert_of
from tests.handshake.test_client_strictness import authenticated, greeted, signed_key_exchange

TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
ECDHE_RSA = 0xC02F
RSA_PSS, RSA_PKCS1 = SignatureScheme.RSA_PSS_RSAE_SHA256, SignatureScheme.RSA_PKCS1_SHA256
ALPN = ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION
ILLEGAL = AlertDescription.ILLEGAL_PARAMETER
UNEXPECTED = AlertDescription.UNEXPECTED_MESSAGE
DECODE = AlertDescription.DECODE_ERROR
UNSUPPORTED = AlertDescription.UNSUPPORTED_EXTENSION


# CertificateRequest


SCHEMES = Extension(ExtensionType.SIGNATURE_ALGORITHMS, push_signature_algorithms((RSA_PSS,)))
AUTHORITIES = ExtensionType.CERTIFICATE_AUTHORITIES


@pytest.mark.parametrize(
    ("context", "extensions", "refused"),
    [
        (b"", (SCHEMES,), None),
        (b"", (SCHEMES, Extension(0x7777, b"anything")), None),
        (b"", (SCHEMES, Extension(AUTHORITIES, bytes.fromhex("0004 0002 3000"))), None),
        (b"", (), AlertDescription.MISSING_EXTENSION),
        (b"context", (SCHEMES,), DECODE),
        (b"", (SCHEMES, SCHEMES), DECODE),
        (b"", (Extension(ExtensionType.SIGNATURE_ALGORITHMS, b"\x00\x00"),), DECODE),
        (b"", (SCHEMES, Extension(AUTHORITIES, bytes.fromhex("0000"))), DECODE),
        (b"", (SCHEMES, Extension(AUTHORITIES, bytes.fromhex("0004 0003 3000"))), DECODE),
    ],
    ids=range(9),
)
def test_a_request_of_tls_1_3(context: bytes, extensions: tuple[Extension, ...], refused: int | None) -> None:
    ours = greeted()
    server = Server13(ours.connection).encrypted_extensions()
    body = push_certificate_request_13(CertificateRequest13(context, extensions))
    ours.take(server.message(HandshakeType.CERTIFICATE_REQUEST, body).data())
    assert alert_of(ours) == refused


def test_a_request_of_tls_1_2() -> None:
    for listed, refused in (((RSA_PSS,), None), ((), DECODE)):
        ours = greeted()
        ours.take(server_hello(TLS_1_2, ECDHE_RSA) + certificate(*credentials()["rsa"].chain))
        ours.take(signed_key_exchange(ours, RSA_PSS, X25519))
        body = push_certificate_request(CertificateRequest(b"\x01", listed))
        ours.take(handshake_record(HandshakeType.CERTIFICATE_REQUEST, body))
        assert alert_of(ours) == refused


# What was announced, and what was not


def test_a_certificate_status_is_announced() -> None:
    body = push_ocsp_response(b"answer")
    for announced, body_, refused in (
        ((Extension(ExtensionType.STATUS_REQUEST),), body, None),
        ((Extension(ExtensionType.STATUS_REQUEST),), body + b"\x00", DECODE),
        ((), body, UNEXPECTED),
    ):
        ours = greeted()
        ours.take(server_hello(TLS_1_2, ECDHE_RSA, *announced) + certificate(*credentials()["rsa"].chain))
        ours.take(handshake_record(HandshakeType.CERTIFICATE_STATUS, body_))
        assert alert_of(ours) == refused


# After the handshake of TLS 1.3


@pytest.mark.parametrize(
    ("handshake_type", "body", "refused"),
    [
        (HandshakeType.KEY_UPDATE, b"\x00", None),
        (HandshakeType.KEY_UPDATE, b"\x02", ILLEGAL),
        (HandshakeType.NEW_SESSION_TICKET, bytes(8) + bytes.fromhex("0100 0001aa 0000"), None),
        (HandshakeType.NEW_SESSION_TICKET, bytes(8) + bytes.fromhex("0100 0000 0000"), DECODE),
        (
            HandshakeType.NEW_SESSION_TICKET,
            bytes(8) + bytes.fromhex("0100 0001aa 0010 002a000400000001 002a000400000001"),
            DECODE,
        ),
    ],
    ids=range(5),
)
def test_messages_after_the_handshake(handshake_type: int, body: bytes, refused: int | None) -> None:
    ours = greeted()
    server = authenticated(Server13(ours.connection)).finished()
    ours.take(server.data())
    assert ours.is_connected
    ours.take(server.message(handshake_type, body).data())
    assert alert_of(ours) == refused
