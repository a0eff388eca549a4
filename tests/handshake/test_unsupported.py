"""What a server rightly chooses and this engine cannot compute is nobody's fault; what it may not choose is
its own, whether the engine can compute it or not.
"""

import os

import pytest
from msgspec.structs import replace
from OpenSSL import SSL

from handshake.crypto.key_exchange import generate_key_pair, supported_groups
from handshake.crypto.key_schedule import Role
from handshake.crypto.key_shares import KEY_SHARE_GROUPS, answer_key_share, generate_key_share
from handshake.crypto.signatures import certificate_verify_content, sign
from handshake.errors import Parameter
from handshake.events import (
    AlertSent,
    HandshakeCompleted,
    PeerFaulted,
    Phase,
    ServerHelloReceived,
    Unsupported,
)
from handshake.hello_template import ExtensionTemplate, HelloTemplate
from handshake.wire.client_hello import Extension
from handshake.wire.extensions import (
    push_supported_versions,
)
from handshake.wire.key_exchange import DigitallySigned
from handshake.wire.messages import push_server_hello
from handshake.wire.registry import (
    AlertDescription,
    ExtensionType,
    HandshakeType,
    NamedGroup,
    ProtocolVersion,
    SignatureScheme,
    extension_name,
    group_name,
)
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
    OPENSSL_4,
    SECP256R1,
    X25519,
    X25519MLKEM768,
    extension,
    groups,
    replaced,
    schemes,
    shares,
)
from tests.handshake.peers import OpenSSLPeer, Ours, client, credentials, openssl_context, pump

TLS_1_0, TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
ECDHE_RSA, ECDHE_ECDSA, ECDH_ANON = 0xC02F, 0xC02B, 0xC018
ILLEGAL = "illegal-parameter"
OBSOLETE = {*range(1, 23), 26, 27, 28, 0xFF01, 0xFF02}  # RFC 8446 section 4.2.7
FOR_TLS_1_3_ONLY = {group for group in NamedGroup if group >= 0x0100 or group in (31, 32, 33, 41)}


def greeted(template: HelloTemplate) -> Ours:
    ours = Ours(client(template))
    ours.give()
    return ours


def verdict(ours: Ours) -> Unsupported | str | None:
    """Whose fault it is: this engine's gap, the word for the server's mistake, or nobody's so far."""
    found = [event for event in ours.events if isinstance(event, Unsupported | PeerFaulted)]
    assert len(found) < 2
    assert ours.connection.is_ended is bool(found)
    sent = AlertSent(2, AlertDescription.INTERNAL_ERROR)
    assert (sent in ours.events) is any(isinstance(event, Unsupported) for event in found)
    return next((e if isinstance(e, Unsupported) else e.what for e in found), None)


def group(named_group: int) -> Unsupported:
    return Unsupported(Parameter.NAMED_GROUP, group_name(named_group))


def in_server_hello(template: HelloTemplate, named_group: int) -> Unsupported | str | None:
    ours = greeted(template)
    public = bytes(32)
    if named_group in KEY_SHARE_GROUPS:
        share = generate_key_share(named_group, os.urandom).public_bytes
        public = answer_key_share(named_group, share, os.urandom).key_exchange
    answer = server_hello_13(hello_of(ours.connection), 0x1301, key_share(named_group, public))
    ours.take(handshake_record(HandshakeType.SERVER_HELLO, push_server_hello(answer)))
    return verdict(ours)


def in_retry(template: HelloTemplate, named_group: int) -> Unsupported | str | None:
    ours = greeted(template)
    ours.take(hello_retry_request(hello_of(ours.connection), named_group))
    return verdict(ours)


def in_key_exchange(template: HelloTemplate, named_group: int) -> Unsupported | str | None:
    ours = greeted(replace(template, cipher_suites=(ECDH_ANON,)))
    ours.take(server_hello(TLS_1_2, ECDH_ANON))
    is_curve = named_group in supported_groups()
    point = generate_key_pair(named_group, os.urandom).public_bytes if is_curve else b"\x04"
    ours.take(ecdhe_key_exchange(named_group, point))
    if verdict(ours) is None:
        ours.take(handshake_record(HandshakeType.SERVER_HELLO_DONE, b""))
    assert ours.connection.phase in (Phase.KEY_EXCHANGE, Phase.FINISHED)
    return verdict(ours)


@pytest.mark.parametrize("template", [OPENSSL_4, CHROMIUM_156], ids=["openssl-4.0.3", "chromium-156"])
def test_a_modern_hello_meets_a_server_with_its_hybrid_group(template: HelloTemplate) -> None:
    assert in_server_hello(template, X25519MLKEM768) is None
    assert in_server_hello(template, X25519) is None
    assert in_server_hello(template, SECP256R1) == ILLEGAL, "offered, but no share was sent"
    assert in_server_hello(template, NamedGroup.X25519KYBER768DRAFT00) == ILLEGAL, "not offered"
    assert in_retry(template, SECP256R1) is None
    assert in_retry(template, X25519MLKEM768) == ILLEGAL, "its share was sent"
    assert in_retry(template, X25519) == ILLEGAL, "its share was sent"


def test_openssl_asks_for_a_group_we_cannot_compute_and_is_not_blamed() -> None:
    """OpenSSL 4.0.3 asks for curveSM2MLKEM768, which it offers itself."""
    ours = Ours(client(replaced(OPENSSL_4, groups(0x11EE, 0xFE32), shares((0xFE32, 40)))))
    peer = OpenSSLPeer(openssl_context(TLS_1_3, "TLS_AES_128_GCM_SHA256", ("rsa",)), "server")
    with pytest.raises(SSL.Error, match="alert internal error"):
        pump(ours, peer)
    assert verdict(ours) == group(0x11EE)


def test_a_retry_to_a_group_without_a_share() -> None:
    for named_group in (0x11EE, 0x0029):
        assert in_retry(OPENSSL_4, named_group) == group(named_group)
        assert in_retry(CHROMIUM_156, named_group) == ILLEGAL, "not offered"
    assert in_retry(OPENSSL_4, 0x11EB) is None
    assert in_retry(CHROMIUM_156, 0x11EB) == ILLEGAL, "not offered"
    assert in_retry(OPENSSL_4, NamedGroup.FFDHE2048) is None
    assert in_retry(OPENSSL_4, NamedGroup.FFDHE8192) == ILLEGAL, "not offered"


@pytest.mark.parametrize("named_group", [*NamedGroup, 0x9999], ids=group_name)
def test_every_group_wherever_a_server_names_one(named_group: int) -> None:
    offering = replaced(OPENSSL_4, groups(named_group, X25519), shares((X25519, 32)))
    sending = replaced(OPENSSL_4, groups(named_group, X25519), shares((named_group, 40)))
    other = replaced(OPENSSL_4, groups(0x9998), shares((0x9998, 40)))
    in_tls_1_3: Unsupported | str | None = group(named_group)
    in_tls_1_2 = in_tls_1_3
    if named_group in OBSOLETE:
        in_tls_1_3 = ILLEGAL
    elif named_group in KEY_SHARE_GROUPS:
        in_tls_1_3 = None
    if named_group in FOR_TLS_1_3_ONLY:
        in_tls_1_2 = ILLEGAL
    elif named_group in supported_groups():
        in_tls_1_2 = None
    assert in_server_hello(sending, named_group) == in_tls_1_3
    assert in_retry(offering, named_group) == (ILLEGAL if named_group == X25519 else in_tls_1_3)
    assert in_key_exchange(offering, named_group) == in_tls_1_2
    assert in_server_hello(other, named_group) == ILLEGAL
    assert in_retry(other, named_group) == ILLEGAL
    assert in_key_exchange(other, named_group) == ILLEGAL


def test_a_hello_without_groups_leaves_the_server_free() -> None:
    bare = HelloTemplate(TLS_1_2, (ECDH_ANON,))
    assert in_key_exchange(bare, NamedGroup.SECT283K1) == group(NamedGroup.SECT283K1)
    assert in_key_exchange(bare, NamedGroup.SECP256R1) is None
    assert in_key_exchange(bare, NamedGroup.FFDHE2048) == ILLEGAL


@pytest.mark.parametrize(("curve_type", "offer"), [(1, 0xFF01), (2, 0xFF02)])
def test_a_curve_that_is_spelt_out(curve_type: int, offer: int) -> None:
    for offered, whose in ((offer, group(offer)), (X25519, "decode")):
        ours = greeted(replace(replaced(OPENSSL_4, groups(offered)), cipher_suites=(ECDH_ANON,)))
        ours.take(server_hello(TLS_1_2, ECDH_ANON))
        ours.take(handshake_record(HandshakeType.SERVER_KEY_EXCHANGE, bytes((curve_type, 1, 2, 3))))
        assert verdict(ours) == whose


def signed(version: int, offered: tuple[int, ...], scheme: int) -> Unsupported | str | None:
    """The client after a signature in `scheme` by an RSA key, whose value is wrong."""
    ours = greeted(replaced(OPENSSL_4, schemes(*offered)))
    chain = credentials()["rsa"].chain
    if version == TLS_1_3:
        server = Server13(ours.connection).encrypted_extensions().certificate(chain)
        ours.take(server.certificate_verify(scheme, bytes(256)).data())
    else:
        ours.take(server_hello(TLS_1_2, ECDHE_RSA))
        ours.take(certificate(*chain))
        point = generate_key_pair(X25519, os.urandom).public_bytes
        ours.take(ecdhe_key_exchange(X25519, point, DigitallySigned(scheme, bytes(256))))
    return verdict(ours)


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3], ids=["TLS 1.2", "TLS 1.3"])
def test_a_signature_scheme(version: int) -> None:
    rsa_pss, unknown = 0x0804, 0xFE01
    assert signed(version, (rsa_pss,), rsa_pss) == "decrypt", "one that can be verified is"
    unsupported = Unsupported(Parameter.SIGNATURE_SCHEME, "0xfe01")
    assert signed(version, (rsa_pss, unknown), unknown) == unsupported
    assert signed(version, (rsa_pss,), unknown) == ILLEGAL, "not offered"
    # An RSA key does not sign in these, whoever may verify them (RFC 8446 section 4.4.3).
    for scheme in (SignatureScheme.MLDSA65, SignatureScheme.SM2SIG_SM3, SignatureScheme.GOSTR34102012_256A):
        assert signed(version, (rsa_pss, scheme), scheme) == ILLEGAL
        assert signed(version, (rsa_pss,), scheme) == ILLEGAL


@pytest.mark.parametrize(
    ("extension_type", "message"),
    [
        (ExtensionType.TRUNCATED_HMAC, "ServerHello"),
        (ExtensionType.CHANNEL_ID_OLD, "ServerHello"),
        (ExtensionType.CHANNEL_ID, "ServerHello"),
        (ExtensionType.CACHED_INFO, "ServerHello"),
        (ExtensionType.TLS_LTS, "ServerHello"),
        (ExtensionType.CERT_TYPE, "ServerHello"),
        (ExtensionType.SERVER_CERTIFICATE_TYPE, "ServerHello"),
        (ExtensionType.SERVER_CERTIFICATE_TYPE, "EncryptedExtensions"),
    ],
    ids=lambda value: value if isinstance(value, str) else extension_name(value),
)
def test_an_extension_that_changes_what_follows(extension_type: int, message: str) -> None:
    name = extension_name(extension_type)
    unsupported = Unsupported(Parameter.EXTENSION, name)
    for offered, whose in ((True, unsupported), (False, "unsupported-extension")):
        ours = greeted(replaced(OPENSSL_4, extension(extension_type)) if offered else OPENSSL_4)
        answer = Extension(extension_type, b"\x02")
        if message == "ServerHello":
            ours.take(server_hello(TLS_1_2, ECDHE_RSA, answer))
        else:
            ours.take(Server13(ours.connection).encrypted_extensions(answer).data())
        assert verdict(ours) == whose


def test_an_x509_certificate_may_be_named_as_one() -> None:
    ours = greeted(replaced(OPENSSL_4, extension(ExtensionType.SERVER_CERTIFICATE_TYPE, "0102 00")))
    answer = Extension(ExtensionType.SERVER_CERTIFICATE_TYPE, b"\x00")
    ours.take(server_hello(TLS_1_2, ECDHE_RSA, answer))
    assert verdict(ours) is None


@pytest.mark.parametrize(("method", "name"), [(1, "DEFLATE"), (64, "LZS"), (9, "0x09")])
def test_a_compression_method(method: int, name: str) -> None:
    offering = replace(OPENSSL_4, compression_methods=bytes((method, 0)))
    for template, version, whose in (
        (offering, TLS_1_2, Unsupported(Parameter.COMPRESSION_METHOD, name)),
        (OPENSSL_4, TLS_1_2, ILLEGAL),
        (offering, TLS_1_3, ILLEGAL),
    ):
        ours = greeted(template)
        if version == TLS_1_2:
            ours.take(server_hello(TLS_1_2, ECDHE_RSA, compression_method=method))
        else:
            answer = server_hello_13(hello_of(ours.connection), 0x1301, compression_method=method)
            ours.take(handshake_record(HandshakeType.SERVER_HELLO, push_server_hello(answer)))
        assert verdict(ours) == whose


@pytest.mark.parametrize(
    ("selected", "whose"),
    [
        (0x0304, None),
        (0x0303, ILLEGAL),  # RFC 8446 section 4.2.1: never by this extension
        (0x7F1C, Unsupported(Parameter.VERSION, "0x7f1c")),  # draft 28, as browsers of early 2018 offer it
        (0x7F17, ILLEGAL),  # not offered
        (0x0305, ILLEGAL),
    ],
)
def test_a_version_that_supported_versions_selects(selected: int, whose: Unsupported | str | None) -> None:
    offered = push_supported_versions((0x7F1C, TLS_1_3, TLS_1_2))
    ours = greeted(replaced(OPENSSL_4, ExtensionTemplate(ExtensionType.SUPPORTED_VERSIONS, offered)))
    share = key_share(X25519, b"\x09" + bytes(31))
    answer = server_hello_13(hello_of(ours.connection), 0x1301, share, version=selected)
    ours.take(handshake_record(HandshakeType.SERVER_HELLO, push_server_hello(answer)))
    assert verdict(ours) == whose
    assert (ServerHelloReceived(TLS_1_3, 0x1301) in ours.events) is (whose is None)


def test_a_version_that_was_not_offered_is_not_selected() -> None:
    only_1_2 = ExtensionTemplate(ExtensionType.SUPPORTED_VERSIONS, push_supported_versions((TLS_1_2,)))
    assert in_server_hello(replaced(OPENSSL_4, only_1_2), X25519) == ILLEGAL


@pytest.mark.parametrize(
    ("modes", "takes_psk", "whose"),
    [
        ("02 00 01", True, Unsupported(Parameter.KEY_EXCHANGE_MODE, "psk_ke")),
        ("01 01", True, "illegal-parameter"),
        ("02 00 01", False, "missing-extension"),
    ],
)
def test_a_pre_shared_key_alone(modes: str, takes_psk: bool, whose: Unsupported | str) -> None:
    ours = greeted(
        replaced(
            OPENSSL_4,
            extension(ExtensionType.PSK_KEY_EXCHANGE_MODES, modes),
            extension(ExtensionType.PRE_SHARED_KEY),
        )
    )
    taken = (Extension(ExtensionType.PRE_SHARED_KEY, b"\x00\x00"),) if takes_psk else ()
    answer = server_hello_13(hello_of(ours.connection), 0x1301, *taken)
    ours.take(handshake_record(HandshakeType.SERVER_HELLO, push_server_hello(answer)))
    assert verdict(ours) == whose


def test_a_certificate_asked_for_after_the_handshake() -> None:
    """Unoffered it is the server's fault; tests/handshake/test_later_certificate_requests.py has the rest."""
    ours, rsa = greeted(OPENSSL_4), credentials()["rsa"]
    server = Server13(ours.connection).encrypted_extensions().certificate(rsa.chain)
    content = certificate_verify_content(Role.SERVER, server.schedule.transcript_hash(server.messages))
    server.certificate_verify(0x0804, sign(rsa.private_key, 0x0804, content)).finished()
    body = b"\x00\x00\x08\x00\x0d\x00\x04\x00\x02\x08\x04"
    ours.take(server.message(HandshakeType.CERTIFICATE_REQUEST, body).data())
    assert [event for event in ours.events if isinstance(event, HandshakeCompleted)]
    assert verdict(ours) == "unexpected-message"
