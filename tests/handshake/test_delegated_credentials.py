"""Delegated credentials (RFC 9345) between two ends of our own. What a client must refuse is in the
departures' tests; here are all kinds of keys, times at the bounds, and who gets none.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from handshake.client.connection import ClientConnection
from handshake.crypto.credentials import DELEGATION_USAGE, Credential
from handshake.crypto.delegation import (
    DELEGATED_SCHEMES,
    MAX_VALIDITY_SECONDS,
    VALIDITY_SECONDS,
    Delegation,
    delegate,
    delegated_public_key,
    may_delegate,
    not_before,
    signed_content,
)
from handshake.crypto.signatures import sign, verify
from handshake.errors import LocalError, PeerFault
from handshake.events import AlertSent, CertificateReceived
from handshake.hello_template import ClientLimits, ClientPolicy, ExtensionTemplate, HelloTemplate
from handshake.server import ServerConnection
from handshake.wire.delegated_credential import pull_delegated_credential
from handshake.wire.extensions import push_signature_algorithms
from handshake.wire.registry import AlertDescription, ExtensionType, ProtocolVersion, SignatureScheme
from servers.credentials import KINDS
from tests.handshake.modern import OPENSSL_4, replaced
from tests.handshake.peers import Ours, configuration, credentials, exchange, pump

TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
P256 = SignatureScheme.ECDSA_SECP256R1_SHA256
NOW = datetime.now(UTC)
USUAL = Delegation(P256, P256)


@cache
def delegating() -> Credential:
    return KINDS["ecdsa-secp256r1-delegating"].make(subject="server.example.test", now=NOW, serial=6)


def asking(*schemes: int) -> HelloTemplate:
    listed = ExtensionTemplate(ExtensionType.DELEGATED_CREDENTIAL, push_signature_algorithms(schemes))
    return replaced(OPENSSL_4, listed)


def client_at(hello: HelloTemplate, time: Callable[[], float] | None) -> Ours:
    connection = ClientConnection(
        hello,
        server_name=None,
        limits=ClientLimits(),
        policy=ClientPolicy(),
        entropy=os.urandom,
        clock=time,
    )
    connection.start(0.0)
    return Ours(connection)


def talk(
    hello: HelloTemplate,
    scheme: int | None,
    *,
    version: int = TLS_1_3,
    clients_time: float | None = None,
    credential: Credential | None = None,
) -> tuple[Ours, Ours]:
    suite, shown = (0x1301, credential or delegating()) if version == TLS_1_3 else (0xC02B, delegating())
    settings = configuration(version, suite, credentials={"ecdsa": shown}, delegated_credential=scheme)
    now = NOW.timestamp()
    theirs = Ours(ServerConnection(settings, entropy=os.urandom, clock=lambda: now))
    ours = client_at(hello, lambda: now if clients_time is None else clients_time)
    pump(ours, theirs)
    return ours, theirs


def delegated_scheme(side: Ours) -> int | None:
    assert isinstance(side.connection, ClientConnection)
    return side.connection.handshake.delegated_scheme


@pytest.mark.parametrize("scheme", DELEGATED_SCHEMES)
def test_a_key_of_every_scheme(scheme: int) -> None:
    ours, theirs = talk(asking(scheme), scheme)
    exchange(ours, theirs)
    assert delegated_scheme(ours) == scheme
    chains = [event.chain for event in ours.events if isinstance(event, CertificateReceived)]
    assert chains == [delegating().chain], "the certificate is the server's own"


def test_who_gets_none() -> None:
    for hello, scheme, version in (
        (OPENSSL_4, P256, TLS_1_3),
        (asking(SignatureScheme.ED25519), P256, TLS_1_3),
        (asking(P256), None, TLS_1_3),
        (asking(P256), P256, TLS_1_2),
    ):
        ours, theirs = talk(hello, scheme, version=version)
        exchange(ours, theirs)
        assert delegated_scheme(ours) is None


@pytest.mark.parametrize(
    ("seconds", "is_taken"),
    [
        (VALIDITY_SECONDS - 2, True),
        (VALIDITY_SECONDS + 1, False),
        (VALIDITY_SECONDS - MAX_VALIDITY_SECONDS + 2, True),
        (VALIDITY_SECONDS - MAX_VALIDITY_SECONDS - 2, False),
    ],
)
def test_the_bounds_of_time(seconds: int, is_taken: bool) -> None:
    ours, _ = talk(asking(P256), P256, clients_time=NOW.timestamp() + seconds)
    assert ours.is_connected is is_taken
    sent = [event.description for event in ours.events if isinstance(event, AlertSent)]
    assert sent == ([] if is_taken else [AlertDescription.ILLEGAL_PARAMETER])


def test_without_a_clock_no_time_is_judged() -> None:
    settings = configuration(TLS_1_3, 0x1301, credentials={"ecdsa": delegating()}, delegated_credential=P256)
    theirs = Ours(ServerConnection(settings, entropy=os.urandom))
    ours = client_at(asking(P256), None)
    exchange(ours, theirs)
    assert delegated_scheme(ours) == P256


def test_after_a_hello_retry_request_too() -> None:
    groups = ExtensionTemplate(ExtensionType.SUPPORTED_GROUPS, bytes.fromhex("0004 001d 0018"))
    ours = client_at(replaced(asking(P256), groups), NOW.timestamp)
    settings = configuration(
        TLS_1_3, 0x1301, credentials={"ecdsa": delegating()}, delegated_credential=P256, named_groups=(0x18,)
    )
    exchange(ours, Ours(ServerConnection(settings, entropy=os.urandom, clock=NOW.timestamp)))
    assert delegated_scheme(ours) == P256


def test_the_certificate_says_what_it_may() -> None:
    (leaf,) = delegating().chain
    certificate = x509.load_der_x509_certificate(leaf)
    usage = certificate.extensions.get_extension_for_oid(DELEGATION_USAGE)
    assert not usage.critical, "RFC 9345 section 4.2"
    assert usage.value.public_bytes() == b"\x05\x00"
    assert may_delegate(leaf)
    for kind in ("rsa", "ecdsa"):
        assert not may_delegate(credentials()[kind].chain[0])


def test_what_is_signed() -> None:
    now = NOW.timestamp()
    key = delegate(delegating(), USUAL, P256, now)
    delegated, (leaf,) = pull_delegated_credential(key.body), delegating().chain
    assert not_before(leaf) + delegated.valid_time == pytest.approx(now + VALIDITY_SECONDS, abs=1)
    assert delegated_public_key(delegated) == key.private_key.public_key()
    public = delegating().private_key.public_key()
    verify(public, P256, signed_content(leaf, delegated), delegated.signature)
    context = signed_content(leaf, delegated)[64:]
    assert context.startswith(b"TLS, server delegated credentials\x00" + leaf + delegated.credential)
    for other in (replace(delegated, valid_time=1), replace(delegated, signed_with=0x0503)):
        with pytest.raises(PeerFault):
            verify(public, P256, signed_content(leaf, other), delegated.signature)


def test_a_key_that_is_not_made_or_not_read() -> None:
    with pytest.raises(LocalError, match="rsa_pss_rsae_sha256"):
        delegate(delegating(), Delegation(0x0804, 0x0804), P256, 0.0)
    delegated = pull_delegated_credential(delegate(delegating(), USUAL, P256, 0.0).body)
    for unreadable in (b"\x30\x00", b"key", bytes.fromhex("302a300506032b656e032100") + bytes(32)):
        with pytest.raises(PeerFault):
            delegated_public_key(replace(delegated, public_key=unreadable))


def test_an_rsa_key_for_pss_alone_is_taken() -> None:
    """The one RSA key that may be delegated (RFC 9345 section 3.1)."""
    key = rsa.generate_private_key(65537, 2048)
    plain = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    rsa_encryption = bytes.fromhex("300d06092a864886f70d0101010500")
    for_pss = bytes.fromhex("300b06092a864886f70d01010a")
    assert rsa_encryption in plain
    info = plain.replace(rsa_encryption, for_pss)
    info = b"\x30\x82" + (len(info) - 4).to_bytes(2, "big") + info[4:]
    delegated = pull_delegated_credential(delegate(delegating(), USUAL, P256, 0.0).body)
    read = delegated_public_key(replace(delegated, public_key=info))
    scheme = SignatureScheme.RSA_PSS_PSS_SHA256
    verify(read, scheme, b"content", sign(key, scheme, b"content"))
