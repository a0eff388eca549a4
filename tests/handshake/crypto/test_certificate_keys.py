"""What a certificate's key may be used for: what its keyUsage, its curve and its algorithm say."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from handshake.crypto.certificate_keys import (
    certificate_group,
    certificate_schemes,
    check_key_usage,
)
from handshake.crypto.key_algorithms import is_pss_key
from handshake.errors import PeerFault
from handshake.wire.registry import NamedGroup, ProtocolVersion, SignatureScheme
from tests.handshake.peers import credentials

_RSA_ENCRYPTION = bytes.fromhex("2a864886f70d010101")
_RSASSA_PSS = bytes.fromhex("2a864886f70d01010a")


def with_key_usage(*, signing: bool, transport: bool) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "rsa")])
    now, key = datetime.now(UTC), credentials()["rsa"].private_key
    usage = x509.KeyUsage(signing, False, transport, False, False, True, False, False, False)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    certificate = builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    return certificate.public_bytes(Encoding.DER)


@pytest.mark.parametrize("signs", [True, False])
def test_key_usage(signs: bool) -> None:
    check_key_usage(with_key_usage(signing=signs, transport=not signs), signs=signs)
    check_key_usage(credentials()["rsa"].chain[0], signs=signs)
    with pytest.raises(PeerFault, match="keyUsage"):
        check_key_usage(with_key_usage(signing=not signs, transport=signs), signs=signs)


def test_a_key_for_pss_alone() -> None:
    plain = credentials()["rsa"].chain[0]
    start = plain.index(_RSA_ENCRYPTION)
    pss = plain[:start] + _RSASSA_PSS + plain[start + len(_RSASSA_PSS) :]
    assert is_pss_key(pss)
    assert not is_pss_key(plain)
    assert not is_pss_key(credentials()["ecdsa"].chain[0])
    schemes = certificate_schemes(plain, ProtocolVersion.TLS_1_3)
    assert SignatureScheme.RSA_PSS_RSAE_SHA256 in schemes
    assert SignatureScheme.RSA_PSS_PSS_SHA256 not in schemes
    assert SignatureScheme.RSA_PKCS1_SHA256 not in schemes
    assert SignatureScheme.RSA_PKCS1_SHA256 in certificate_schemes(plain, ProtocolVersion.TLS_1_2)


def test_the_group_of_a_curve() -> None:
    assert isinstance(credentials()["ecdsa"].private_key, ec.EllipticCurvePrivateKey)
    assert certificate_group(credentials()["ecdsa"].chain[0]) == NamedGroup.SECP256R1
    assert certificate_group(credentials()["rsa"].chain[0]) is None
