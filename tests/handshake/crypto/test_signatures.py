import hashlib
import random
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, rsa

from handshake.crypto.credentials import generate_dsa
from handshake.crypto.export_rsa import generate_export_rsa_key
from handshake.crypto.key_schedule import Role
from handshake.crypto.signatures import (
    PrivateKey,
    PublicKey,
    certificate_verify_content,
    sign,
    sign_md5_sha1,
    signature_schemes,
    verify,
    verify_md5_sha1,
)
from handshake.errors import Fault, LocalError, PeerFault
from handshake.wire.registry import SignatureScheme

TLS_1_1, TLS_1_2, TLS_1_3 = 0x0302, 0x0303, 0x0304
CONTENT = b"client random, server random, parameters"


@pytest.fixture(scope="module")
def keys() -> dict[str, PrivateKey]:
    dsa = generate_dsa(1024, subject="dsa", now=datetime(2020, 1, 1, tzinfo=UTC), serial=1)
    return {
        "rsa": rsa.generate_private_key(65537, 2048),
        "rsa1024": rsa.generate_private_key(65537, 1024),
        "rsa512": generate_export_rsa_key(512, random.Random(1).randbytes),
        "dsa": dsa.private_key,
        "p256": ec.generate_private_key(ec.SECP256R1()),
        "p384": ec.generate_private_key(ec.SECP384R1()),
        "p521": ec.generate_private_key(ec.SECP521R1()),
        "brainpool": ec.generate_private_key(ec.BrainpoolP256R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
        "ed448": ed448.Ed448PrivateKey.generate(),
        "mldsa44": mldsa.MLDSA44PrivateKey.generate(),
        "mldsa65": mldsa.MLDSA65PrivateKey.generate(),
        "mldsa87": mldsa.MLDSA87PrivateKey.generate(),
    }


def public(key: PrivateKey) -> PublicKey:
    return key.public_key()


def assert_fault(fault: Fault, call: Callable[..., None], *arguments: object) -> None:
    with pytest.raises(PeerFault) as caught:
        call(*arguments)
    assert caught.value.fault is fault


def assert_only_this_verifies(key: PublicKey, other: PublicKey, scheme: int | None, signature: bytes) -> None:
    verify(key, scheme, CONTENT, signature)
    flipped = signature[:-1] + bytes((signature[-1] ^ 1,))
    assert_fault(Fault.DECRYPT, verify, key, scheme, CONTENT + b"!", signature)
    assert_fault(Fault.DECRYPT, verify, other, scheme, CONTENT, signature)
    for wrong in (flipped, signature[:-1], signature + b"\x00", b""):
        assert_fault(Fault.DECRYPT, verify, key, scheme, CONTENT, wrong)


def another(key: PrivateKey) -> PublicKey:
    """A key of the same kind and size."""
    match key:
        case rsa.RSAPrivateKey():
            return generate_export_rsa_key(key.key_size, random.Random(2).randbytes).public_key()
        case ec.EllipticCurvePrivateKey():
            return ec.generate_private_key(key.curve).public_key()
        case ed25519.Ed25519PrivateKey():
            return ed25519.Ed25519PrivateKey.generate().public_key()
        case ed448.Ed448PrivateKey():
            return ed448.Ed448PrivateKey.generate().public_key()
        case mldsa.MLDSA44PrivateKey():
            return mldsa.MLDSA44PrivateKey.generate().public_key()
        case mldsa.MLDSA65PrivateKey():
            return mldsa.MLDSA65PrivateKey.generate().public_key()
        case mldsa.MLDSA87PrivateKey():
            return mldsa.MLDSA87PrivateKey.generate().public_key()
        case _:
            return key.parameters().generate_private_key().public_key()


@pytest.mark.parametrize("kind", ["rsa", "rsa1024", "rsa512", "dsa", "p256", "p521"])
def test_signatures_before_tls12(keys, kind):
    signature = sign(keys[kind], None, CONTENT)
    assert_only_this_verifies(public(keys[kind]), another(keys[kind]), None, signature)


def test_rsa_before_tls12_is_md5_and_sha1_without_digest_info(keys):
    """RFC 2246 section 7.4.3; checked with the bare arithmetic of RSA."""
    key = keys["rsa1024"].private_numbers()
    signature = int.from_bytes(sign(keys["rsa1024"], None, CONTENT), "big")
    numbers = key.public_numbers
    block = pow(signature, numbers.e, numbers.n).to_bytes(128, "big")
    digests = hashlib.md5(CONTENT).digest() + hashlib.sha1(CONTENT).digest()
    assert block == b"\x00\x01" + b"\xff" * (128 - 39) + b"\x00" + digests


@pytest.mark.parametrize(
    ("code", "name"), [(1, "md5"), (2, "sha1"), (3, "sha224"), (4, "sha256"), (5, "sha384"), (6, "sha512")]
)
def test_the_high_byte_of_a_tls12_scheme_is_the_hash(keys, code, name):
    """RFC 5246 section 7.4.1.4.1; what RSA signed ends in the digest itself."""
    numbers = keys["rsa"].private_numbers().public_numbers
    signature = int.from_bytes(sign(keys["rsa"], code << 8 | 1, CONTENT), "big")
    block = pow(signature, numbers.e, numbers.n).to_bytes(256, "big")
    assert block.endswith(hashlib.new(name, CONTENT).digest())


def test_dsa_and_ecdsa_before_tls12_are_those_of_tls12_with_sha1(keys):
    for kind, scheme in (("dsa", SignatureScheme.DSA_SHA1), ("p256", SignatureScheme.ECDSA_SHA1)):
        verify(public(keys[kind]), scheme, CONTENT, sign(keys[kind], None, CONTENT))
        verify(public(keys[kind]), None, CONTENT, sign(keys[kind], scheme, CONTENT))


@pytest.mark.parametrize("kind", ["rsa", "rsa512", "dsa", "p256"])
def test_digests_signed_as_they_are(keys, kind):
    digests = bytes(range(36))
    signature = sign_md5_sha1(keys[kind], digests)
    verify_md5_sha1(public(keys[kind]), digests, signature)
    assert_fault(Fault.DECRYPT, verify_md5_sha1, public(keys[kind]), bytes(36), signature)


@pytest.mark.parametrize("kind", ["ed25519", "mldsa65"])
def test_what_signs_by_schemes_alone_has_no_place_before_tls12(keys, kind):
    with pytest.raises(LocalError):
        sign(keys[kind], None, CONTENT)
    assert_fault(Fault.ILLEGAL_PARAMETER, verify, public(keys[kind]), None, CONTENT, b"")


EXPECTED_SCHEMES = {
    ("rsa", TLS_1_2): "0401 0501 0601 0301 0201 0101 0804 0805 0806 0809 080a 080b",
    ("rsa", TLS_1_3): "0804 0805 0806 0809 080a 080b",
    ("rsa1024", TLS_1_3): "0804 0805 0809 080a",
    ("rsa512", TLS_1_2): "0401 0301 0201 0101",
    ("rsa512", TLS_1_3): "",
    ("dsa", TLS_1_2): "0402 0502 0602 0302 0202 0102",
    ("dsa", TLS_1_3): "",
    ("p256", TLS_1_2): "0403 0503 0603 0303 0203 0103",
    ("p256", TLS_1_3): "0403",
    ("p384", TLS_1_3): "0503",
    ("p521", TLS_1_3): "0603",
    ("brainpool", TLS_1_3): "081a",
    ("brainpool", TLS_1_2): "0403 0503 0603 0303 0203 0103",
    ("ed25519", TLS_1_2): "0807",
    ("ed448", TLS_1_3): "0808",
    ("mldsa44", TLS_1_3): "0904",
    ("mldsa65", TLS_1_3): "0905",
    ("mldsa87", TLS_1_3): "0906",
    ("mldsa65", TLS_1_2): "",
    ("rsa", TLS_1_1): "",
}


@pytest.mark.parametrize(("kind", "version"), EXPECTED_SCHEMES)
def test_schemes_of_a_key_and_each_of_them_signs(keys, kind, version):
    expected = tuple(int(code, 16) for code in EXPECTED_SCHEMES[kind, version].split())
    assert signature_schemes(keys[kind], version) == expected
    assert signature_schemes(public(keys[kind]), version) == expected
    other = another(keys[kind])
    for scheme in expected:
        assert_only_this_verifies(public(keys[kind]), other, scheme, sign(keys[kind], scheme, CONTENT))


@pytest.mark.parametrize(
    ("kind", "scheme"),
    [
        ("rsa", 0x0403),
        ("p256", 0x0401),
        ("dsa", 0x0804),
        ("ed25519", 0x0808),
        ("rsa", 0x9999),
        ("mldsa44", 0x0905),
        ("rsa", 0x0904),
        ("mldsa87", 0x0807),
    ],
)
def test_schemes_that_are_not_the_keys(keys, kind, scheme):
    with pytest.raises(LocalError):
        sign(keys[kind], scheme, CONTENT)
    assert_fault(Fault.ILLEGAL_PARAMETER, verify, public(keys[kind]), scheme, CONTENT, b"\x00" * 64)


def test_rsa_keys_too_small_for_a_scheme(keys):
    for kind, scheme in (
        ("rsa1024", SignatureScheme.RSA_PSS_RSAE_SHA512),
        ("rsa512", SignatureScheme.RSA_PSS_RSAE_SHA512),
        ("rsa512", SignatureScheme.RSA_PKCS1_SHA512),
    ):
        with pytest.raises(LocalError):
            sign(keys[kind], scheme, CONTENT)
        assert_fault(Fault.DECRYPT, verify, public(keys[kind]), scheme, CONTENT, b"\x00" * 64)


def test_a_signature_with_one_hash_does_not_verify_with_another(keys):
    signature = sign(keys["rsa"], SignatureScheme.RSA_PKCS1_SHA256, CONTENT)
    for scheme in (SignatureScheme.RSA_PKCS1_SHA1, SignatureScheme.RSA_PSS_RSAE_SHA256, None):
        assert_fault(Fault.DECRYPT, verify, public(keys["rsa"]), scheme, CONTENT, signature)


def test_certificate_verify_content_of_tls13():
    content = certificate_verify_content(Role.SERVER, b"\x01" * 32)
    assert content == b"\x20" * 64 + b"TLS 1.3, server CertificateVerify" + b"\x00" + b"\x01" * 32
    assert b"client" in certificate_verify_content(Role.CLIENT, bytes(32))
