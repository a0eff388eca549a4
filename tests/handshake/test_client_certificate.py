"""A client's certificate: none, accepted, not trusted, of each kind, in every version; with ourselves and
OpenSSL.
"""

import os

import pytest
from cryptography.x509 import load_der_x509_certificate
from OpenSSL import SSL

from handshake.client.connection import ClientConnection
from handshake.crypto.credentials import Credential
from handshake.events import AlertReceived, CertificateReceived, CertificateRequested, PeerFaulted
from handshake.hello_template import ClientLimits, ClientPolicy
from handshake.server import ClientCertificate
from handshake.wire.registry import ProtocolVersion
from tests.handshake.peers import (
    VERSIONS,
    OpenSSLPeer,
    Ours,
    credentials,
    exchange,
    openssl_context,
    pump,
    server,
    suite_id,
    template,
)

SUITES = {version: 0x1301 if version >= ProtocolVersion.TLS_1_3 else 0x002F for version in VERSIONS}
KINDS = ["rsa", "dsa", "ecdsa"]
CASES = [
    (version, kind)
    for version in VERSIONS
    for kind in KINDS
    if not (version >= ProtocolVersion.TLS_1_3 and kind == "dsa")  # RFC 8446 has no DSA
]


def client(version: int, shown: dict[str, Credential]) -> Ours:
    connection = ClientConnection(
        template(version, SUITES[version]),
        server_name="server.example.test",
        limits=ClientLimits(),
        policy=ClientPolicy(),
        entropy=os.urandom,
        credentials=shown,
    )
    connection.start(0.0)
    return Ours(connection)


def asking(version: int, how: ClientCertificate, *trusted: str) -> Ours:
    certificates = tuple(credentials()[kind].chain[0] for kind in trusted)
    return Ours(server(version, SUITES[version], client_certificate=how, trusted_certificates=certificates))


@pytest.mark.parametrize(("version", "kind"), CASES, ids=suite_id)
@pytest.mark.parametrize("how", [ClientCertificate.REQUEST, ClientCertificate.REQUIRE])
def test_accepted(version: int, kind: str, how: ClientCertificate) -> None:
    ours, theirs = client(version, {kind: credentials()[kind]}), asking(version, how, *KINDS)
    exchange(ours, theirs)
    assert any(isinstance(event, CertificateRequested) for event in ours.events)
    shown = [event.chain for event in theirs.events if isinstance(event, CertificateReceived)]
    assert shown == [credentials()[kind].chain]


@pytest.mark.parametrize("version", VERSIONS, ids=suite_id)
def test_none_where_one_is_only_requested(version: int) -> None:
    exchange(client(version, {}), asking(version, ClientCertificate.REQUEST, "rsa"))


@pytest.mark.parametrize("version", VERSIONS, ids=suite_id)
@pytest.mark.parametrize(
    ("shown", "fault"), [([], "missing-certificate"), (["rsa"], "untrusted-certificate")]
)
def test_refused(version: int, shown: list[str], fault: str) -> None:
    ours = client(version, {kind: credentials()[kind] for kind in shown})
    theirs = asking(version, ClientCertificate.REQUIRE, "ecdsa")
    pump(ours, theirs)
    if version == ProtocolVersion.TLS_1_3 and not shown:
        fault = "certificate-required"  # which has an alert of its own, RFC 8446 section 6.2
    assert [event.what for event in theirs.events if isinstance(event, PeerFaulted)] == [fault]
    assert any(isinstance(event, AlertReceived) and event.level == 2 for event in ours.events)


@pytest.mark.parametrize("version", VERSIONS, ids=suite_id)
def test_a_certificate_without_its_key_does_not_get_through(version: int) -> None:
    stolen = Credential(credentials()["rsa"].private_key, credentials()["rsa"].chain)
    other = credentials()["ecdsa"]
    stolen = Credential(other.private_key, stolen.chain)
    kind = "ecdsa"
    ours, theirs = client(version, {kind: stolen}), asking(version, ClientCertificate.REQUIRE, "rsa")
    pump(ours, theirs)
    assert not theirs.is_connected
    assert any(isinstance(event, PeerFaulted) for event in theirs.events)


def test_nobody_is_asked_by_default() -> None:
    ours = client(ProtocolVersion.TLS_1_2, {"rsa": credentials()["rsa"]})
    exchange(ours, asking(ProtocolVersion.TLS_1_2, ClientCertificate.NO))
    assert not any(isinstance(event, CertificateRequested) for event in ours.events)


@pytest.mark.parametrize("version", [ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3], ids=suite_id)
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_openssl_accepts_ours(version: int, kind: str) -> None:
    is_tls13 = version >= ProtocolVersion.TLS_1_3
    context = openssl_context(version, "TLS_AES_128_GCM_SHA256" if is_tls13 else "AES128-SHA", ("rsa",))
    seen = []

    def verify(_: SSL.Connection, certificate: object, *rest: object) -> bool:
        seen.append(certificate.to_cryptography().subject.rfc4514_string())
        return True

    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, verify)
    exchange(client(version, {kind: credentials()[kind]}), OpenSSLPeer(context, "server"))
    assert set(seen) == {f"CN={kind}"}


@pytest.mark.parametrize("version", [ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3], ids=suite_id)
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_we_accept_openssls(version: int, kind: str) -> None:
    is_tls13 = version >= ProtocolVersion.TLS_1_3
    context = openssl_context(version, "TLS_AES_128_GCM_SHA256" if is_tls13 else "AES128-SHA")
    context.use_certificate(load_der_x509_certificate(credentials()[kind].chain[0]))
    context.use_privatekey(credentials()[kind].private_key)
    exchange(OpenSSLPeer(context, "client"), asking(version, ClientCertificate.REQUIRE, kind))
