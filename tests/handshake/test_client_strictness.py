"""What a client refuses of a server, kind by kind, with the same message beside it as it should be.

The alerts are the RFCs' (RFC 5246 section 7.2.2, RFC 8446 section 6.2).
"""

import os

import pytest
from msgspec.structs import replace

from handshake.crypto.key_exchange import generate_key_pair
from handshake.crypto.key_schedule import Role
from handshake.crypto.signatures import certificate_verify_content, sign
from handshake.events import AlertSent, PeerFaulted, Unsupported
from handshake.wire.client_hello import Extension
from handshake.wire.extensions import (
    push_alpn,
    push_cookie,
    push_selected_group,
    push_signature_algorithms,
)
from handshake.wire.key_exchange import DigitallySigned
from handshake.wire.messages import (
    HELLO_RETRY_REQUEST_RANDOM,
    push_ocsp_response,
    push_server_hello,
)
from handshake.wire.record import Record, push_record
from handshake.wire.registry import (
    AlertDescription,
    ContentType,
    ExtensionType,
    HandshakeType,
    ProtocolVersion,
    SignatureScheme,
)
from tests.handshake.flights import (
    SERVER_RANDOM,
    Server13,
    certificate,
    ecdhe_key_exchange,
    handshake_record,
    hello_of,
    key_share,
    server_hello,
    server_hello_13,
)
from tests.handshake.modern import (
    OPENSSL_4,
    SECP256R1,
    X25519,
    extension,
    groups,
    replaced,
    schemes,
    shares,
)
from tests.handshake.peers import Ours, client, credentials

TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
ECDHE_RSA = 0xC02F
RSA_PSS, RSA_PKCS1 = SignatureScheme.RSA_PSS_RSAE_SHA256, SignatureScheme.RSA_PKCS1_SHA256
ALPN = ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION
HELLO = replaced(
    OPENSSL_4,
    groups(X25519, SECP256R1),
    shares((X25519, 32)),
    schemes(RSA_PSS, SignatureScheme.ECDSA_SECP256R1_SHA256, RSA_PKCS1),
    extension(ALPN, "0003026832"),
    extension(ExtensionType.STATUS_REQUEST, "0100000000"),
    extension(ExtensionType.SESSION_TICKET),
)
ILLEGAL = AlertDescription.ILLEGAL_PARAMETER
UNEXPECTED = AlertDescription.UNEXPECTED_MESSAGE
DECODE = AlertDescription.DECODE_ERROR
UNSUPPORTED = AlertDescription.UNSUPPORTED_EXTENSION


def greeted() -> Ours:
    ours = Ours(client(HELLO))
    ours.give()
    return ours


def alert(ours: Ours) -> int | None:
    """The alert that the client has refused with; None where it goes on."""
    assert not [event for event in ours.events if isinstance(event, Unsupported)]
    faulted = [event for event in ours.events if isinstance(event, PeerFaulted)]
    sent = [event.description for event in ours.events if isinstance(event, AlertSent)]
    assert len(faulted) == len(sent), (faulted, sent)
    return sent[0] if sent else None


# Records in the clear, once TLS 1.3's keys are in use


@pytest.mark.parametrize(
    ("content_type", "fragment"),
    [
        (ContentType.HANDSHAKE, bytes.fromhex("080000020000")),
        (ContentType.ALERT, b"\x01\x00"),
        (ContentType.ALERT, b"\x02\x28"),
        (ContentType.HANDSHAKE, b""),
    ],
)
def test_a_record_in_the_clear(content_type: int, fragment: bytes) -> None:
    ours = greeted()
    server = Server13(ours.connection)
    ours.take(server.data())
    ours.take(push_record(Record(content_type, TLS_1_2, fragment)))
    assert alert(ours) == UNEXPECTED
    protected = greeted()
    protected.take(Server13(protected.connection).encrypted_extensions().data())
    assert alert(protected) is None


def test_change_cipher_spec_has_its_place() -> None:
    record = push_record(Record(ContentType.CHANGE_CIPHER_SPEC, TLS_1_2, b"\x01"))
    ours = greeted()
    server = Server13(ours.connection)
    ours.take(server.data() + record)
    ours.take(authenticated(server).finished().data())
    assert ours.is_connected
    assert alert(ours) is None
    ours.take(record)
    assert alert(ours) == UNEXPECTED


# Signature schemes


def authenticated(server: Server13, scheme: int = RSA_PSS) -> Server13:
    server.encrypted_extensions().certificate(credentials()["rsa"].chain)
    content = certificate_verify_content(Role.SERVER, server.schedule.transcript_hash(server.messages))
    return server.certificate_verify(scheme, sign(credentials()["rsa"].private_key, scheme, content))


@pytest.mark.parametrize(
    ("scheme", "refused"),
    [
        (RSA_PSS, None),
        (RSA_PKCS1, ILLEGAL),
        (SignatureScheme.RSA_PSS_RSAE_SHA512, ILLEGAL),
        (SignatureScheme.RSA_PSS_PSS_SHA256, ILLEGAL),
    ],
)
def test_a_scheme_of_tls_1_3(scheme: int, refused: int | None) -> None:
    """The hello offers the first two; the second is for TLS 1.2 alone."""
    ours = greeted()
    ours.take(authenticated(Server13(ours.connection), scheme).data())
    assert alert(ours) == refused


@pytest.mark.parametrize(
    ("scheme", "refused"),
    [
        (RSA_PSS, None),
        (RSA_PKCS1, None),
        (SignatureScheme.RSA_PKCS1_SHA1, ILLEGAL),
        (SignatureScheme.RSA_PKCS1_SHA512, ILLEGAL),
    ],
)
def test_a_scheme_of_tls_1_2(scheme: int, refused: int | None) -> None:
    ours = greeted()
    ours.take(server_hello(TLS_1_2, ECDHE_RSA) + certificate(*credentials()["rsa"].chain))
    ours.take(signed_key_exchange(ours, scheme, X25519))
    assert alert(ours) == refused


def signed_key_exchange(ours: Ours, scheme: int, group: int) -> bytes:
    point = generate_key_pair(group, os.urandom).public_bytes
    parameters = b"\x03" + group.to_bytes(2, "big") + bytes([len(point)]) + point
    assert isinstance(ours.connection.handshake.hello.client_random, bytes)  # type: ignore[attr-defined]
    content = ours.connection.handshake.hello.client_random + SERVER_RANDOM + parameters  # type: ignore[attr-defined]
    signature = sign(credentials()["rsa"].private_key, scheme, content)
    return ecdhe_key_exchange(group, point, DigitallySigned(scheme, signature))


def test_a_curve_of_tls_1_2() -> None:
    for group, refused in ((X25519, None), (SECP256R1, None), (0x0018, ILLEGAL)):
        ours = greeted()
        ours.take(server_hello(TLS_1_2, ECDHE_RSA) + certificate(*credentials()["rsa"].chain))
        ours.take(signed_key_exchange(ours, RSA_PSS, group))
        assert alert(ours) == refused


# HelloRetryRequest


def retry(ours: Ours, *extensions: Extension) -> bytes:
    hello = server_hello_13(hello_of(ours.connection), 0x1301, *extensions, random=HELLO_RETRY_REQUEST_RANDOM)
    return handshake_record(HandshakeType.SERVER_HELLO, push_server_hello(hello))


def asked(group: int) -> Extension:
    return Extension(ExtensionType.KEY_SHARE, push_selected_group(group))


COOKIE = Extension(ExtensionType.COOKIE, push_cookie(b"cookie"))


@pytest.mark.parametrize(
    ("extensions", "refused"),
    [
        ((asked(SECP256R1),), None),
        ((COOKIE,), None),
        ((asked(SECP256R1), COOKIE), None),
        ((), ILLEGAL),
        ((asked(X25519),), ILLEGAL),
        ((asked(0x0018),), ILLEGAL),
        ((asked(SECP256R1), asked(SECP256R1)), DECODE),
        ((COOKIE, COOKIE), DECODE),
        ((Extension(ExtensionType.COOKIE, push_cookie(b"")),), DECODE),
        ((asked(SECP256R1), Extension(ALPN, push_alpn((b"h2",)))), ILLEGAL),
    ],
    ids=range(10),
)
def test_what_a_retry_may_ask_for(extensions: tuple[Extension, ...], refused: int | None) -> None:
    ours = greeted()
    ours.take(retry(ours, *extensions))
    assert alert(ours) == refused


@pytest.mark.parametrize(
    ("suite", "group", "refused"),
    [(0x1301, SECP256R1, None), (0x1302, SECP256R1, ILLEGAL), (0x1301, X25519, ILLEGAL)],
)
def test_the_server_hello_keeps_to_the_retry(suite: int, group: int, refused: int | None) -> None:
    ours = greeted()
    ours.take(retry(ours, asked(SECP256R1)))
    share = key_share(group, generate_key_pair(group, os.urandom).public_bytes)
    hello = server_hello_13(hello_of(ours.connection), suite, share)
    ours.take(handshake_record(HandshakeType.SERVER_HELLO, push_server_hello(hello)))
    assert alert(ours) == refused


def test_the_version_stays_behind_a_retry() -> None:
    ours = greeted()
    ours.take(retry(ours, COOKIE))
    ours.take(server_hello(TLS_1_2, ECDHE_RSA))
    assert alert(ours) == ILLEGAL


# ServerHello


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({}, None),
        ({"session_id": b""}, ILLEGAL),
        ({"session_id": bytes(32)}, ILLEGAL),
        ({"legacy_version": TLS_1_3}, None),  # to be ignored, section 4.2.1
        ({"compression_method": 1}, ILLEGAL),
    ],
)
def test_the_fixed_fields_of_tls_1_3(change: dict[str, int | bytes], refused: int | None) -> None:
    ours = greeted()
    share = key_share(X25519, generate_key_pair(X25519, os.urandom).public_bytes)
    hello = replace(server_hello_13(hello_of(ours.connection), 0x1301, share), **change)  # type: ignore[arg-type]
    ours.take(handshake_record(HandshakeType.SERVER_HELLO, push_server_hello(hello)))
    assert alert(ours) == refused


def test_a_server_that_has_tls_1_3_and_chooses_less() -> None:
    for end, refused in ((b"DOWNGRD\x01", ILLEGAL), (b"DOWNGRD\x00", ILLEGAL), (b"DOWNGRD\x02", None)):
        ours = greeted()
        record = server_hello(TLS_1_2, ECDHE_RSA)
        ours.take(record.replace(SERVER_RANDOM, SERVER_RANDOM[:24] + end))
        assert alert(ours) == refused


# Extensions


@pytest.mark.parametrize(
    ("extensions", "refused"),
    [
        ((), None),
        ((Extension(ALPN, push_alpn((b"h2",))),), None),
        ((Extension(ALPN, push_alpn((b"h3",))),), ILLEGAL),
        ((Extension(ALPN, push_alpn((b"h2", b"h2"))),), DECODE),
        ((Extension(ALPN, push_alpn(())),), DECODE),
        ((Extension(ALPN, push_alpn((b"h2",))), Extension(ALPN, push_alpn((b"h2",)))), DECODE),
        ((Extension(ExtensionType.SERVER_NAME),), None),
        ((Extension(ExtensionType.SERVER_NAME, b"\x00"),), DECODE),
        ((Extension(ExtensionType.SUPPORTED_GROUPS, bytes.fromhex("00020018")),), None),
        ((Extension(ExtensionType.SUPPORTED_GROUPS, bytes.fromhex("000300")),), DECODE),
        ((Extension(ExtensionType.EXTENDED_MASTER_SECRET),), ILLEGAL),
        ((Extension(ExtensionType.RENEGOTIATION_INFO, b"\x00"),), ILLEGAL),
        ((Extension(ExtensionType.EC_POINT_FORMATS, b"\x01\x00"),), ILLEGAL),
        ((Extension(ExtensionType.ENCRYPT_THEN_MAC),), UNSUPPORTED),
        ((Extension(0x7777),), UNSUPPORTED),
    ],
    ids=range(15),
)
def test_encrypted_extensions(extensions: tuple[Extension, ...], refused: int | None) -> None:
    ours = greeted()
    ours.take(Server13(ours.connection).encrypted_extensions(*extensions).data())
    assert alert(ours) == refused


@pytest.mark.parametrize(
    ("extensions", "refused"),
    [
        ((), None),
        ((Extension(ExtensionType.EXTENDED_MASTER_SECRET),), None),
        ((Extension(ExtensionType.EXTENDED_MASTER_SECRET, b"\x00"),), DECODE),
        ((Extension(ExtensionType.SESSION_TICKET),), None),
        ((Extension(ExtensionType.SESSION_TICKET, b"ticket"),), DECODE),
        ((Extension(ExtensionType.EC_POINT_FORMATS, b"\x01\x00"),), None),
        ((Extension(ExtensionType.EC_POINT_FORMATS, b"\x01\x01"),), ILLEGAL),
        ((Extension(ExtensionType.SIGNATURE_ALGORITHMS, push_signature_algorithms((RSA_PSS,))),), ILLEGAL),
        ((Extension(ExtensionType.PSK_KEY_EXCHANGE_MODES, b"\x01\x01"),), ILLEGAL),
        ((Extension(ALPN, push_alpn((b"http/1.1",))),), ILLEGAL),
    ],
    ids=range(10),
)
def test_server_hello_of_tls_1_2(extensions: tuple[Extension, ...], refused: int | None) -> None:
    ours = greeted()
    ours.take(server_hello(TLS_1_2, ECDHE_RSA, *extensions))
    assert alert(ours) == refused


@pytest.mark.parametrize(
    ("extensions", "refused"),
    [
        ((Extension(ExtensionType.STATUS_REQUEST, push_ocsp_response(b"answer")),), None),
        ((Extension(ExtensionType.STATUS_REQUEST),), DECODE),
        ((Extension(ExtensionType.STATUS_REQUEST, b"\x01\x00\x00\x00"),), DECODE),
        ((Extension(ExtensionType.SERVER_NAME),), ILLEGAL),
        ((Extension(ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP),), UNSUPPORTED),
    ],
)
def test_extensions_of_a_certificate(extensions: tuple[Extension, ...], refused: int | None) -> None:
    ours = greeted()
    server = Server13(ours.connection).encrypted_extensions()
    ours.take(server.certificate(credentials()["rsa"].chain, *extensions).data())
    assert alert(ours) == refused
