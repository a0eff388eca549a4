import hashlib
import warnings
from datetime import UTC, datetime
from ipaddress import IPv4Address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handshake.crypto.credentials import (
    Credential,
    certificate_public_key,
    generate_dsa,
    generate_ecdsa,
    generate_rsa,
    self_signed,
)
from handshake.crypto.export_rsa import generate_export_rsa_key
from handshake.crypto.signatures import sign, verify
from handshake.crypto.suite_parameters import CertificateType
from handshake.errors import Fault, LocalError, PeerFault

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def credentials() -> dict[str, Credential]:
    return {
        "rsa": generate_rsa(1024, subject="an RSA server", now=NOW, serial=11),
        "dsa": generate_dsa(1024, subject="a DSA server", now=NOW, serial=12),
        "ecdsa": generate_ecdsa(ec.SECP256R1(), subject="an EC server", now=NOW, serial=13),
    }


@pytest.mark.parametrize(
    ("kind", "serial", "key_type"),
    [("rsa", 11, rsa.RSAPublicKey), ("dsa", 12, dsa.DSAPublicKey), ("ecdsa", 13, ec.EllipticCurvePublicKey)],
)
def test_certificates_say_what_was_asked(credentials, kind, serial, key_type):
    credential = credentials[kind]
    (der,) = credential.chain
    certificate = x509.load_der_x509_certificate(der)
    certificate.verify_directly_issued_by(certificate)
    assert certificate.serial_number == serial
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc
    assert "server" in certificate.subject.rfc4514_string()
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["server.example.test", "localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [IPv4Address("127.0.0.1")]
    public_key = certificate_public_key(der)
    assert isinstance(public_key, key_type)
    verify(public_key, None, b"content", sign(credential.private_key, None, b"content"))
    assert credential.certificate_type is CertificateType(kind)
    assert credential.certificate_sha256 == hashlib.sha256(der).hexdigest()


def test_pem_and_back(credentials):
    for credential in credentials.values():
        pem = credential.to_pem()
        assert pem.private_key.startswith("-----BEGIN PRIVATE KEY-----\n")
        assert "PRIVATE" not in repr(pem)
        read = Credential.from_pem(pem.private_key, pem.chain)
        assert read.chain == credential.chain
        assert read.to_pem() == pem


def test_a_chain_of_several_keeps_its_order(credentials):
    chain = credentials["rsa"].chain + credentials["dsa"].chain
    pem = Credential(credentials["rsa"].private_key, chain).to_pem()
    assert Credential.from_pem(pem.private_key, pem.chain).chain == chain


def test_unreadable_pem_is_named(credentials):
    pem = credentials["rsa"].to_pem()
    with pytest.raises(LocalError, match="private key"):
        Credential.from_pem(pem.chain, pem.chain)
    with pytest.raises(LocalError, match="chain"):
        Credential.from_pem(pem.private_key, pem.private_key)
    with pytest.raises(LocalError, match="chain"):
        Credential.from_pem(pem.private_key, "")


def rewritten(der: bytes, old: bytes, new: bytes) -> bytes:
    assert der.count(old) == 1
    return der.replace(old, new)


def test_a_certificate_with_a_512_bit_key_can_be_made_and_read(entropy):
    private_key = generate_export_rsa_key(512, entropy)
    credential = self_signed(private_key, subject="of the nineties", now=NOW, serial=7)
    public_key = certificate_public_key(credential.chain[0])
    assert isinstance(public_key, rsa.RSAPublicKey)
    assert public_key.public_numbers() == private_key.public_key().public_numbers()


@pytest.mark.parametrize("cut", [0, 1, 40, 200, -1])
def test_broken_certificates_are_the_peers_fault(credentials, cut):
    with pytest.raises(PeerFault) as caught:
        certificate_public_key(credentials["rsa"].chain[0][:cut])
    assert caught.value.fault is Fault.BAD_CERTIFICATE


def test_certificates_with_broken_keys_are_the_peers_fault(credentials):
    (der,) = credentials["ecdsa"].chain
    point = (
        credentials["ecdsa"]
        .private_key.public_key()
        .public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    )
    with pytest.raises(PeerFault) as caught:
        certificate_public_key(rewritten(der, point, b"\x04" + bytes(64)))
    assert caught.value.fault is Fault.BAD_CERTIFICATE


def test_certificates_of_an_unknown_version_are_the_peers_fault(credentials):
    (der,) = credentials["rsa"].chain
    sixth = rewritten(der, bytes.fromhex("a00302010202010b"), bytes.fromhex("a00302010502010b"))
    with pytest.raises(PeerFault) as caught:
        certificate_public_key(sixth)
    assert caught.value.fault is Fault.BAD_CERTIFICATE


def test_what_is_odd_about_a_peers_certificate_is_not_warned_about():
    """A serial number of zero, for which `cryptography` warns."""
    (der,) = generate_rsa(1024, subject="s", now=NOW, serial=1).chain
    zero = rewritten(der, bytes.fromhex("a003020102020101"), bytes.fromhex("a003020102020100"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        certificate_public_key(zero)
    assert caught == []
