"""What a server refuses of a client, kind by kind, with the same hello beside it as it should be.

The alerts are the RFCs' (RFC 5246 section 7.2.2, RFC 8446 section 6.2).
"""

import dataclasses
import os

import pytest
from msgspec import structs

from handshake.client.hello import fill_hello
from handshake.events import AlertSent, PeerFaulted
from handshake.server import ClientCertificate
from handshake.wire.client_hello import ClientHello, Extension, push_client_hello
from handshake.wire.extensions import pull_key_share_list, push_key_share_list, push_offered_psks
from handshake.wire.record import Record, push_record
from handshake.wire.registry import (
    AlertDescription,
    ContentType,
    ExtensionType,
    HandshakeType,
    ProtocolVersion,
    SignatureScheme,
)
from tests.handshake.flights import handshake_record
from tests.handshake.peers import Ours, client, configuration, credentials, pump, server, template

TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
SUITES = {TLS_1_2: 0xC02F, TLS_1_3: 0x1301}
ILLEGAL = AlertDescription.ILLEGAL_PARAMETER
DECODE = AlertDescription.DECODE_ERROR
MISSING = AlertDescription.MISSING_EXTENSION
UNEXPECTED = AlertDescription.UNEXPECTED_MESSAGE
_E = ExtensionType


def alert(ours: Ours) -> int | None:
    """The alert that the server has refused with; None where it goes on."""
    faulted = [event for event in ours.events if isinstance(event, PeerFaulted)]
    sent = [event.description for event in ours.events if isinstance(event, AlertSent)]
    assert len(faulted) == len(sent), (faulted, sent)
    return sent[0] if sent else None


def hello(version: int) -> ClientHello:
    filled = fill_hello(
        template(version, SUITES[ProtocolVersion(version)]), "server.example.test", os.urandom
    )
    assert isinstance(filled.hello, ClientHello)
    return filled.hello


def with_body(sent: ClientHello, extension_type: int, body: bytes | None) -> ClientHello:
    """The hello with another body of an extension; None leaves it out."""
    others = tuple(e for e in sent.extensions or () if e.extension_type != extension_type)
    new = () if body is None else (Extension(extension_type, body),)
    return structs.replace(sent, extensions=(*others, *new))


def answer_to(sent: ClientHello, version: int) -> int | None:
    ours = Ours(server(version, SUITES[ProtocolVersion(version)]))
    ours.take(handshake_record(HandshakeType.CLIENT_HELLO, push_client_hello(sent)))
    return alert(ours)


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_a_hello_as_it_should_be(version: int) -> None:
    assert answer_to(hello(version), version) is None


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_an_extension_twice(version: int) -> None:
    sent = hello(version)
    for extension in sent.extensions or ():
        doubled = structs.replace(sent, extensions=(*(sent.extensions or ()), extension))
        assert answer_to(doubled, version) == DECODE


def test_compression_methods() -> None:
    for version, methods, refused in (
        (TLS_1_2, b"\x00", None),
        (TLS_1_2, b"\x01\x00", None),
        (TLS_1_2, b"\x01", ILLEGAL),
        (TLS_1_3, b"\x01\x00", ILLEGAL),
        (TLS_1_3, b"\x01", ILLEGAL),
    ):
        assert answer_to(structs.replace(hello(version), compression_methods=methods), version) == refused


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize(
    ("extension_type", "body", "refused"),
    [
        (_E.EC_POINT_FORMATS, b"\x01\x00", None),
        (_E.EC_POINT_FORMATS, b"\x02\x01\x00", None),
        (_E.EC_POINT_FORMATS, b"\x01\x01", ILLEGAL),
        (_E.EC_POINT_FORMATS, b"\x00", DECODE),
        (_E.SERVER_NAME, bytes.fromhex("0000"), DECODE),
        (_E.SERVER_NAME, bytes.fromhex("0004 00 0001 61 00"), DECODE),
        (_E.SERVER_NAME, bytes.fromhex("0004 00 0001 61"), None),
        (_E.APPLICATION_LAYER_PROTOCOL_NEGOTIATION, bytes.fromhex("0000"), DECODE),
        (_E.APPLICATION_LAYER_PROTOCOL_NEGOTIATION, bytes.fromhex("0003 02 6832"), None),
        (_E.CERTIFICATE_AUTHORITIES, bytes.fromhex("0000"), DECODE),
        (_E.CERTIFICATE_AUTHORITIES, bytes.fromhex("0004 0002 3000"), None),
    ],
    ids=range(11),
)
def test_bodies(version: int, extension_type: int, body: bytes, refused: int | None) -> None:
    assert answer_to(with_body(hello(version), extension_type, body), version) == refused


def test_key_shares_and_groups_of_tls_1_3() -> None:
    sent = hello(TLS_1_3)
    assert answer_to(with_body(sent, _E.KEY_SHARE, None), TLS_1_3) == MISSING
    assert answer_to(with_body(sent, _E.SUPPORTED_GROUPS, None), TLS_1_3) == MISSING
    share = pull_key_share_list(sent.extension(_E.KEY_SHARE) or b"")
    assert answer_to(with_body(sent, _E.KEY_SHARE, push_key_share_list(share * 2)), TLS_1_3) == ILLEGAL
    compressed = ((0x0017, b"\x02" + bytes(32)),)
    assert answer_to(with_body(sent, _E.KEY_SHARE, push_key_share_list(compressed)), TLS_1_3) == ILLEGAL


IDENTITY, BINDER = (b"ticket", 0), bytes(32)
MODES = Extension(_E.PSK_KEY_EXCHANGE_MODES, b"\x01\x01")


@pytest.mark.parametrize(
    ("before", "identities", "binders", "after", "refused"),
    [
        ((MODES,), (IDENTITY,), (BINDER,), (), None),
        ((), (IDENTITY,), (BINDER,), (), MISSING),
        ((MODES,), (IDENTITY,), (), (), DECODE),
        ((MODES,), (), (BINDER,), (), DECODE),
        ((MODES,), (IDENTITY, IDENTITY), (BINDER,), (), ILLEGAL),
        ((MODES,), (IDENTITY,), (BINDER, BINDER), (), ILLEGAL),
        ((), (IDENTITY,), (BINDER,), (MODES,), ILLEGAL),
    ],
    ids=range(7),
)
def test_pre_shared_keys(
    before: tuple[Extension, ...],
    identities: tuple[tuple[bytes, int], ...],
    binders: tuple[bytes, ...],
    after: tuple[Extension, ...],
    refused: int | None,
) -> None:
    offered = Extension(_E.PRE_SHARED_KEY, push_offered_psks(identities, binders))
    sent = hello(TLS_1_3)
    sent = structs.replace(sent, extensions=(*(sent.extensions or ()), *before, offered, *after))
    assert answer_to(sent, TLS_1_3) == refused


# Records


def test_a_record_in_the_clear() -> None:
    """The client's Finished, and what it may still say in the clear: why it gives up."""
    for content_type, fragment, refused in (
        (ContentType.HANDSHAKE, bytes.fromhex("14000020") + bytes(32), UNEXPECTED),
        (ContentType.ALERT, b"\x02\x28", None),
    ):
        ours = Ours(server(TLS_1_3, 0x1301))
        ours.take(handshake_record(HandshakeType.CLIENT_HELLO, push_client_hello(hello(TLS_1_3))))
        assert alert(ours) is None
        ours.take(push_record(Record(content_type, TLS_1_2, fragment)))
        assert alert(ours) == refused
        assert ours.connection.is_ended


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_bytes_behind_a_flight(version: int) -> None:
    body = push_client_hello(hello(version))
    record = handshake_record(HandshakeType.CLIENT_HELLO, body)
    for more, refused in ((b"", None), (b"\x14", UNEXPECTED), (bytes.fromhex("10000000"), UNEXPECTED)):
        ours = Ours(server(version, SUITES[ProtocolVersion(version)]))
        message = record[5:] + more
        ours.take(push_record(Record(ContentType.HANDSHAKE, TLS_1_2, message)))
        assert alert(ours) == refused


def test_refused_early_data_is_passed_over() -> None:
    for announced, refused in ((True, None), (False, AlertDescription.BAD_RECORD_MAC)):
        ours, theirs = Ours(client(template(TLS_1_3, 0x1301))), Ours(server(TLS_1_3, 0x1301))
        sent = hello(TLS_1_3)
        if announced:
            sent = with_body(sent, _E.EARLY_DATA, b"")
        theirs.take(handshake_record(HandshakeType.CLIENT_HELLO, push_client_hello(sent)))
        theirs.take(push_record(Record(ContentType.APPLICATION_DATA, TLS_1_2, bytes(100))))
        assert alert(theirs) == refused
        del ours


# Certificates of clients


@pytest.mark.parametrize(
    ("version", "wanted", "signs", "refused"),
    [
        (TLS_1_2, SignatureScheme.RSA_PKCS1_SHA256, None, None),
        (TLS_1_2, SignatureScheme.RSA_PKCS1_SHA256, SignatureScheme.RSA_PKCS1_SHA1, ILLEGAL),
        (TLS_1_3, SignatureScheme.RSA_PSS_RSAE_SHA256, None, None),
        (TLS_1_3, SignatureScheme.RSA_PSS_RSAE_SHA256, SignatureScheme.RSA_PSS_RSAE_SHA512, ILLEGAL),
    ],
)
def test_the_scheme_of_a_client(version: int, wanted: int, signs: int | None, refused: int | None) -> None:
    """The client answers another request than the server has sent, where it signs with what is not asked."""
    theirs = Ours(
        server(
            version,
            SUITES[ProtocolVersion(version)],
            client_certificate=ClientCertificate.REQUIRE,
            trusted_certificates=(credentials()["rsa"].chain[0],),
            requested_signature_schemes=(wanted,) if signs is None else (signs,),
        )
    )
    ours = Ours(client(template(version, SUITES[ProtocolVersion(version)])))
    ours.connection.handshake.credentials = {"rsa": credentials()["rsa"]}  # type: ignore[attr-defined]
    theirs.take(ours.give())
    if signs is not None:
        theirs.connection.configuration = configuration(  # type: ignore[attr-defined]
            version,
            SUITES[ProtocolVersion(version)],
            client_certificate=ClientCertificate.REQUIRE,
            requested_signature_schemes=(wanted,),
        )
        theirs.connection.handshake.configuration = dataclasses.replace(  # type: ignore[attr-defined]
            theirs.connection.handshake.configuration,  # type: ignore[attr-defined]
            requested_signature_schemes=(wanted,),
        )
    pump(ours, theirs)
    assert alert(theirs) == refused
    assert theirs.is_connected is (refused is None)


def test_the_random_says_that_a_higher_version_is_there() -> None:
    for versions, end in (((TLS_1_3, TLS_1_2), b"DOWNGRD\x01"), ((TLS_1_2,), None)):
        ours = Ours(server(TLS_1_2, 0xC02F, versions=versions))
        ours.take(handshake_record(HandshakeType.CLIENT_HELLO, push_client_hello(hello(TLS_1_2))))
        random = ours.connection.handshake.server_random  # type: ignore[attr-defined]
        assert (random[-8:] == b"DOWNGRD\x01") is (end is not None)
