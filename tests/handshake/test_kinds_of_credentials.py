"""The engine as a server with keys of every kind: it signs with each by its own schemes, and has no use for
one that signs by schemes alone before TLS 1.2, nor for RSA key transport.
"""

import os
from datetime import UTC, datetime
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import crypto

from handshake.client.connection import ClientConnection
from handshake.crypto.certificate_der import PSS_WITH_SHA256
from handshake.crypto.credentials import (
    Credential,
    generate_ecdsa,
    generate_ed25519,
    generate_mldsa,
    generate_rsa,
    generate_rsa_pss,
    generate_rsa_signed_with_sha1,
)
from handshake.events import AlertSent, CertificateReceived, PeerFaulted, PolicyRefused
from handshake.hello_template import ClientLimits, ClientPolicy, HelloTemplate
from handshake.server import ClientCertificate
from handshake.wire.registry import AlertDescription, ProtocolVersion, SignatureScheme
from tests.handshake.modern import OPENSSL_4, replaced, schemes
from tests.handshake.peers import OpenSSLPeer, Ours, client, exchange, openssl_context, pump, server, template

TLS_1_1, TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
ECDHE_RSA, ECDHE_ECDSA, ECDHE_RSA_SHA, ECDHE_ECDSA_SHA, RSA_SHA = 0xC02F, 0xC02B, 0xC013, 0xC009, 0x002F
# Of each key, a scheme that it signs with in both versions, and one of another key.
OF_RSA, OF_PSS = SignatureScheme.RSA_PSS_RSAE_SHA256, SignatureScheme.RSA_PSS_PSS_SHA256
OWN_SCHEMES = {
    "rsa-1024": OF_RSA,
    "sha1": OF_RSA,
    "pss": OF_PSS,
    "secp384r1": SignatureScheme.ECDSA_SECP384R1_SHA384,
    "secp521r1": SignatureScheme.ECDSA_SECP521R1_SHA512,
    "ed25519": SignatureScheme.ED25519,
}


@cache
def credential(name: str) -> Credential:
    said = {"subject": "server.example.test", "now": datetime.now(UTC), "serial": 4}
    made = {
        "rsa": lambda: generate_rsa(2048, **said),
        "rsa-1024": lambda: generate_rsa(1024, **said),
        "sha1": lambda: generate_rsa_signed_with_sha1(2048, **said),
        "pss": lambda: generate_rsa_pss(2048, **said),
        "secp256r1": lambda: generate_ecdsa(ec.SECP256R1(), **said),
        "secp384r1": lambda: generate_ecdsa(ec.SECP384R1(), **said),
        "secp521r1": lambda: generate_ecdsa(ec.SECP521R1(), **said),
        "ed25519": lambda: generate_ed25519(**said),
        "mldsa44": lambda: generate_mldsa(mldsa.MLDSA44PrivateKey, **said),
        "mldsa65": lambda: generate_mldsa(mldsa.MLDSA65PrivateKey, **said),
        "mldsa87": lambda: generate_mldsa(mldsa.MLDSA87PrivateKey, **said),
    }
    return made[name]()


def showing(name: str, version: int, *suites: int) -> Ours:
    shown = credential(name)
    return Ours(server(version, *suites, credentials={shown.certificate_type: shown}))


def suites_for(name: str, version: int) -> tuple[int, ...]:
    if version == TLS_1_3:
        return (0x1301,)
    return (ECDHE_RSA if credential(name).certificate_type == "rsa" else ECDHE_ECDSA,)


OF_TLS_1_3_ALONE = {
    "mldsa44": SignatureScheme.MLDSA44,
    "mldsa65": SignatureScheme.MLDSA65,
    "mldsa87": SignatureScheme.MLDSA87,
}
WHERE = [(name, version) for name in OWN_SCHEMES for version in (TLS_1_2, TLS_1_3)] + [
    (name, TLS_1_3) for name in OF_TLS_1_3_ALONE
]


@pytest.mark.parametrize(("name", "version"), WHERE)
def test_openssl_and_our_client_take_every_kind(name: str, version: int) -> None:
    suites = suites_for(name, version)
    exchange(Ours(client(OPENSSL_4)), showing(name, version, *suites))
    ciphers = "TLS_AES_128_GCM_SHA256" if version == TLS_1_3 else "ALL"
    exchange(OpenSSLPeer(openssl_context(version, ciphers), "client"), showing(name, version, *suites))


@pytest.mark.parametrize(("name", "version"), WHERE)
def test_a_key_is_of_no_use_where_the_hello_has_none_of_its_schemes(name: str, version: int) -> None:
    own = (OWN_SCHEMES | OF_TLS_1_3_ALONE)[name]
    offered = replaced(OPENSSL_4, schemes(own))
    exchange(Ours(client(offered)), showing(name, version, *suites_for(name, version)))
    foreign = OF_PSS if own == OF_RSA else OF_RSA
    ours, theirs = (
        Ours(client(replaced(OPENSSL_4, schemes(foreign)))),
        showing(name, version, *suites_for(name, version)),
    )
    pump(ours, theirs)
    assert not ours.is_connected
    assert any(isinstance(event, PeerFaulted) for event in theirs.events)


@pytest.mark.parametrize(
    ("name", "plain", "suite", "hello"),
    [
        ("ed25519", "secp256r1", ECDHE_ECDSA_SHA, template(TLS_1_1, ECDHE_ECDSA_SHA)),
        ("mldsa65", "secp256r1", ECDHE_ECDSA_SHA, template(TLS_1_1, ECDHE_ECDSA_SHA)),
        (
            "mldsa65",
            "secp256r1",
            ECDHE_ECDSA,
            replaced(template(TLS_1_2, ECDHE_ECDSA), schemes(0x0403, 0x0905)),
        ),
        ("pss", "rsa", ECDHE_RSA_SHA, template(TLS_1_1, ECDHE_RSA_SHA)),
        ("pss", "rsa", RSA_SHA, template(TLS_1_1, RSA_SHA)),
        ("pss", "rsa", RSA_SHA, replaced(template(TLS_1_2, RSA_SHA), schemes(OF_RSA, OF_PSS))),
    ],
    ids=[
        "ed25519-tls11",
        "mldsa-tls11",
        "mldsa-tls12",
        "pss-tls11",
        "pss-transport-tls11",
        "pss-transport-tls12",
    ],
)
def test_a_key_that_signs_by_schemes_alone(name: str, plain: str, suite: int, hello: HelloTemplate) -> None:
    ours, theirs = Ours(client(hello)), showing(name, hello.client_version, suite)
    pump(ours, theirs)
    assert not ours.is_connected
    assert any(isinstance(event, PeerFaulted) for event in theirs.events)
    exchange(Ours(client(hello)), showing(plain, hello.client_version, suite))


@pytest.mark.parametrize("name", ["pss", "ed25519", "mldsa44", "mldsa65", "mldsa87", "sha1"])
def test_as_text_and_back(name: str) -> None:
    pem = credential(name).to_pem()
    read = Credential.from_pem(pem.private_key, pem.chain)
    assert read.chain == credential(name).chain
    assert read.fits
    assert read.schemes(TLS_1_3) == credential(name).schemes(TLS_1_3)
    assert read.to_pem() == pem


def test_a_pss_key_says_so_in_both_texts_and_is_signed_by_itself() -> None:
    pem = credential("pss").to_pem()
    certificate = x509.load_pem_x509_certificate(pem.chain.encode())
    assert certificate.public_key_algorithm_oid.dotted_string == "1.2.840.113549.1.1.10"
    assert certificate.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSASSA_PSS
    key = certificate.public_key()
    assert isinstance(key, RSAPublicKey)
    key.verify(certificate.signature, certificate.tbs_certificate_bytes, PSS_WITH_SHA256, hashes.SHA256())
    loaded = load_pem_private_key(pem.private_key.encode(), None)
    assert loaded.public_key() == key
    assert credential("pss").is_pss
    assert not credential("rsa").is_pss
    plain = x509.load_pem_x509_certificate(credential("rsa").to_pem().chain.encode())
    assert plain.public_key_algorithm_oid.dotted_string == "1.2.840.113549.1.1.1"


def test_an_authority_signs_with_sha1() -> None:
    leaf, authority = (x509.load_der_x509_certificate(der) for der in credential("sha1").chain)
    assert leaf.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSA_WITH_SHA1
    assert authority.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSA_WITH_SHA256
    assert leaf.issuer == authority.subject != leaf.subject
    # `cryptography` verifies no certificate with SHA-1; OpenSSL's store does.
    store = crypto.X509Store()
    store.add_cert(crypto.X509.from_cryptography(authority))
    crypto.X509StoreContext(store, crypto.X509.from_cryptography(leaf)).verify_certificate()
    stranger = x509.load_der_x509_certificate(credential("rsa").chain[0])
    other = crypto.X509Store()
    other.add_cert(crypto.X509.from_cryptography(stranger))
    with pytest.raises(crypto.X509StoreContextError):
        crypto.X509StoreContext(other, crypto.X509.from_cryptography(leaf)).verify_certificate()


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3], ids=lambda version: version.name)
def test_a_key_too_small_for_its_signatures_is_refused_where_it_signs(version: int) -> None:
    limits = ClientLimits(min_signature_rsa_bits=2048)
    small = Ours(client(OPENSSL_4, limits=limits))
    pump(small, showing("rsa-1024", version, *suites_for("rsa-1024", version)))
    assert [event.what for event in small.events if isinstance(event, PolicyRefused)] == ["rsa-key-bits"]
    sent = [event.description for event in small.events if isinstance(event, AlertSent)]
    assert sent == [AlertDescription.DECRYPT_ERROR]
    large = Ours(client(OPENSSL_4, limits=limits))
    exchange(large, showing("rsa", version, *suites_for("rsa", version)))


def test_such_a_key_may_still_receive_a_secret() -> None:
    ours = Ours(client(template(TLS_1_1, RSA_SHA), limits=ClientLimits(min_signature_rsa_bits=2048)))
    exchange(ours, showing("rsa-1024", TLS_1_1, RSA_SHA))


@pytest.mark.parametrize(("name", "since"), [("ed25519", TLS_1_2), ("pss", TLS_1_2), ("mldsa65", TLS_1_3)])
@pytest.mark.parametrize("version", [TLS_1_1, TLS_1_2, TLS_1_3], ids=lambda version: version.name)
def test_a_client_shows_such_a_key_where_it_signs(version: int, name: str, since: int) -> None:
    shown, suite = credential(name), 0x1301 if version == TLS_1_3 else RSA_SHA
    connection = ClientConnection(
        template(version, suite),
        server_name=None,
        limits=ClientLimits(),
        policy=ClientPolicy(),
        entropy=os.urandom,
        credentials={shown.certificate_type: shown},
    )
    connection.start(0.0)
    trusted = (shown.chain[0], credential("rsa").chain[0])
    theirs = Ours(
        server(
            version,
            suite,
            client_certificate=ClientCertificate.REQUEST,
            trusted_certificates=trusted,
            requested_signature_schemes=((OWN_SCHEMES | OF_TLS_1_3_ALONE)[name], OF_RSA),
        )
    )
    exchange(Ours(connection), theirs)
    chains = [event.chain for event in theirs.events if isinstance(event, CertificateReceived)]
    assert chains == ([shown.chain] if version >= since else [])
