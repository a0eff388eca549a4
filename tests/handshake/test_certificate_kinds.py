"""Certificates whose key this engine cannot use: its own gap where the hello allows the kind, else the
server's fault; and EdDSA in TLS 1.2 and ML-DSA in TLS 1.3, which it can.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from Cryptodome.Util.asn1 import DerBitString, DerObjectId, DerSequence
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PrivateKey,
    MLDSA65PrivateKey,
    MLDSA87PrivateKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec.structs import replace
from OpenSSL import SSL

from handshake.crypto.key_algorithms import EC_PUBLIC_KEY, KeyAlgorithm, key_algorithm
from handshake.errors import Parameter
from handshake.events import PeerFaulted, Unsupported
from handshake.hello_template import HelloTemplate
from handshake.wire.registry import ProtocolVersion, SignatureScheme
from tests.handshake.flights import Server13, certificate, server_hello
from tests.handshake.modern import CHROMIUM_156, OPENSSL_4, groups, replaced, schemes, shares, versions
from tests.handshake.peers import OpenSSLPeer, Ours, client, credentials, exchange, pump

TLS_1_0, TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
ECDHE_RSA, ECDHE_ECDSA, ECDHE_ECDSA_SHA = 0xC02F, 0xC02B, 0xC009
RSA_PSS, MLDSA44 = SignatureScheme.RSA_PSS_RSAE_SHA256, SignatureScheme.MLDSA44
BAD = "bad-certificate"

ML_DSA = {"mldsa44": MLDSA44PrivateKey, "mldsa65": MLDSA65PrivateKey, "mldsa87": MLDSA87PrivateKey}
GOST_256, GOST_512, SM2 = "1.2.643.7.1.1.1.1", "1.2.643.7.1.1.1.2", "1.2.156.10197.1.301"
SECT283K1, SECP160R1, BRAINPOOLP256T1 = "1.3.132.0.16", "1.3.132.0.8", "1.3.36.3.3.2.8.1.1.8"
EXPERIMENTAL = "1.3.6.1.4.1.2.267.12.4.4"  # a Dilithium of before ML-DSA


def unsupported(name: str) -> Unsupported:
    return Unsupported(Parameter.CERTIFICATE, name)


def self_signed(key: object) -> bytes:
    """A certificate of a key that signs without a hash."""
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "s")]), datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(3)
    dated = builder.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    return dated.public_key(key.public_key()).sign(key, None).public_bytes(Encoding.DER)  # type: ignore[attr-defined]


def of_algorithm(identifier: str, curve: str | None = None) -> bytes:
    """A certificate whose key is said to be for an algorithm; the key's own bytes mean nothing."""
    whole = DerSequence().decode(credentials()["ecdsa"].chain[0])
    to_be_signed = DerSequence().decode(whole[0])
    named = [DerObjectId(each) for each in (identifier, curve) if each is not None]
    algorithm = DerSequence([each.encode() for each in named])
    to_be_signed[6] = DerSequence(
        [algorithm.encode(), DerBitString(b"\x04" + os.urandom(64)).encode()]
    ).encode()
    whole[0] = to_be_signed.encode()
    return bytes(whole.encode())


def shown(template: HelloTemplate, version: int, suite: int, der: bytes) -> Unsupported | str | None:
    """Whose fault a server's certificate is; None while it is nobody's."""
    ours = Ours(client(template))
    ours.give()
    if version == TLS_1_3:
        ours.take(Server13(ours.connection, suite=suite).encrypted_extensions().certificate([der]).data())
    else:
        ours.take(server_hello(version, suite))
        ours.take(certificate(der))
    found = [event for event in ours.events if isinstance(event, Unsupported | PeerFaulted)]
    assert ours.connection.is_ended is bool(found)
    return next((e if isinstance(e, Unsupported) else e.what for e in found), None)


@pytest.mark.parametrize("name", ML_DSA)
def test_ml_dsa_in_tls_1_3(name: str) -> None:
    der = self_signed(ML_DSA[name].generate())
    for template in (OPENSSL_4, CHROMIUM_156, replaced(OPENSSL_4, schemes(RSA_PSS))):
        assert shown(template, TLS_1_3, 0x1301, der) is None, "the signature says whether it was offered"
    # ML-DSA is for TLS 1.3 only (draft-ietf-tls-mldsa section 3).
    assert shown(OPENSSL_4, TLS_1_2, ECDHE_ECDSA, der) == BAD
    assert shown(OPENSSL_4, TLS_1_2, ECDHE_RSA, der) == BAD


@pytest.mark.parametrize(
    ("identifier", "curve", "scheme", "name"),
    [
        (GOST_256, None, SignatureScheme.GOSTR34102012_256B, "gostr34102012_256b"),
        (GOST_512, None, SignatureScheme.GOSTR34102012_512A, "gostr34102012_512a"),
        (EC_PUBLIC_KEY, SM2, SignatureScheme.SM2SIG_SM3, "sm2sig_sm3"),
        (EXPERIMENTAL, None, 0xFEA0, EXPERIMENTAL),
    ],
)
def test_kinds_without_a_library_in_tls_1_3(
    identifier: str, curve: str | None, scheme: int, name: str
) -> None:
    der = of_algorithm(identifier, curve)
    assert key_algorithm(der) == KeyAlgorithm(identifier, curve)
    offering = replaced(OPENSSL_4, schemes(0x0A0A, RSA_PSS, MLDSA44, scheme))
    assert shown(offering, TLS_1_3, 0x1301, der) == unsupported(name)
    assert shown(replaced(OPENSSL_4, schemes(0x0A0A, RSA_PSS, MLDSA44)), TLS_1_3, 0x1301, der) == BAD


def test_an_unknown_scheme_in_the_hello_does_not_excuse_a_known_kind() -> None:
    offering = replaced(OPENSSL_4, schemes(RSA_PSS, 0xFEA0))
    for der in (
        of_algorithm("1.3.101.110"),  # X25519 cannot sign
        of_algorithm(EC_PUBLIC_KEY, SECT283K1),
        of_algorithm(GOST_256),
    ):
        assert shown(offering, TLS_1_3, 0x1301, der) == BAD


@pytest.mark.parametrize(
    ("curve", "named_group", "name"),
    [(SECT283K1, 9, "sect283k1"), (SECP160R1, 16, "secp160r1"), (BRAINPOOLP256T1, None, BRAINPOOLP256T1)],
)
def test_curves_without_a_library_up_to_tls_1_2(curve: str, named_group: int | None, name: str) -> None:
    der, ecdsa = of_algorithm(EC_PUBLIC_KEY, curve), (ECDHE_ECDSA, ECDHE_ECDSA_SHA, ECDHE_RSA)
    free, listed = HelloTemplate(TLS_1_2, ecdsa), versions(TLS_1_3, TLS_1_2, TLS_1_0)
    naming = replace(replaced(OPENSSL_4, listed, groups(29, named_group or 23)), cipher_suites=ecdsa)
    for version, suite in ((TLS_1_0, ECDHE_ECDSA_SHA), (TLS_1_2, ECDHE_ECDSA)):
        assert shown(free, version, suite, der) == unsupported(name)
        assert shown(naming, version, suite, der) == (unsupported(name) if named_group else BAD)
        other = replace(replaced(OPENSSL_4, listed, groups(29)), cipher_suites=ecdsa)
        assert shown(other, version, suite, der) == BAD, "not offered"
    assert shown(free, TLS_1_2, ECDHE_RSA, der) == BAD, "the suite is for an RSA key"
    assert shown(OPENSSL_4, TLS_1_3, 0x1301, der) == BAD, "TLS 1.3 has no scheme for the curve"


def test_what_is_no_certificate_is_the_servers_fault() -> None:
    for der in (b"\x30\x00", b"\x30\x03\x02\x01\x05", b"certificate", of_algorithm("1.3.101.110")):
        for version, suite in ((TLS_1_2, ECDHE_ECDSA), (TLS_1_3, 0x1301)):
            assert shown(OPENSSL_4, version, suite, der) == BAD


def openssl_with(key: object, folder: Path, version: int) -> SSL.Context:
    """A server that has nothing but this key and a certificate for it."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined]
    (folder / "key.pem").write_bytes(pem)
    context.use_certificate(x509.load_der_x509_certificate(self_signed(key)))
    context.use_privatekey_file(str(folder / "key.pem"))
    return context


@pytest.mark.parametrize("key_type", [Ed25519PrivateKey, Ed448PrivateKey])
@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3], ids=["TLS 1.2", "TLS 1.3"])
def test_openssl_with_an_eddsa_certificate(
    key_type: type[Ed25519PrivateKey | Ed448PrivateKey], version: int, tmp_path: Path
) -> None:
    key = key_type.generate()
    scheme = SignatureScheme.ED25519 if key_type is Ed25519PrivateKey else SignatureScheme.ED448
    suites = (0x1301, 0x1302, 0xC02B, 0xC02C)
    template = replace(
        replaced(OPENSSL_4, groups(29), shares((29, 32)), schemes(scheme, RSA_PSS)), cipher_suites=suites
    )
    exchange(Ours(client(template)), OpenSSLPeer(openssl_with(key, tmp_path, version), "server"))
    der, not_offered = self_signed(key), replaced(template, schemes(RSA_PSS))
    if version == TLS_1_2:
        assert shown(not_offered, TLS_1_2, ECDHE_ECDSA, der) is None, "the signature is what gives it away"
        assert shown(replace(template, cipher_suites=(ECDHE_RSA,)), TLS_1_2, ECDHE_RSA, der) == BAD
        listed = replaced(template, versions(TLS_1_2, TLS_1_0))
        sha = replace(listed, cipher_suites=(ECDHE_ECDSA_SHA,))
        assert shown(sha, TLS_1_0, ECDHE_ECDSA_SHA, der) == BAD, "there is no EdDSA before TLS 1.2"


@pytest.mark.parametrize("name", ML_DSA)
def test_openssl_with_an_ml_dsa_certificate(name: str, tmp_path: Path) -> None:
    key = ML_DSA[name].generate()
    exchange(Ours(client(OPENSSL_4)), OpenSSLPeer(openssl_with(key, tmp_path, TLS_1_3), "server"))
    without = Ours(client(replaced(OPENSSL_4, schemes(RSA_PSS))))
    with pytest.raises(SSL.Error, match="no suitable signature algorithm"):
        pump(without, OpenSSLPeer(openssl_with(key, tmp_path, TLS_1_3), "server"))
    assert not without.is_connected
