"""What a certificate says, and what about it a person should look at."""

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from matrix.results.certificate_facts import certificate_notes, read_certificate
from matrix.results.run_file import CertificateRecord

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RSA_KEY = rsa.generate_private_key(65537, 2048)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def certificate(
    *names: str, common_name: str = "x", days: tuple[int, int] = (-1, 1), key: Key = RSA_KEY
) -> CertificateRecord:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW + timedelta(days[0]))
        .not_valid_after(NOW + timedelta(days[1]))
    )
    if names:
        alternatives = [_alternative(each) for each in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    read = read_certificate(builder.sign(key, algorithm).public_bytes(Encoding.DER))
    assert read is not None
    return read


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@pytest.mark.parametrize(
    ("key", "said", "signature"),
    [
        (RSA_KEY, "RSA 2048", "RSA_WITH_SHA256"),
        (ec.generate_private_key(ec.SECP384R1()), "secp384r1", "ECDSA_WITH_SHA256"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519", "ED25519"),
    ],
)
def test_a_certificate_as_it_reads(key: Key, said: str, signature: str) -> None:
    read = certificate("shop.example", "192.0.2.1", common_name="shop.example", key=key)
    assert read.subject == read.issuer == "CN=shop.example"
    assert read.names == ["shop.example", "192.0.2.1"]
    assert (read.not_before, read.not_after) == ("2026-05-31T00:00:00+00:00", "2026-06-02T00:00:00+00:00")
    assert (read.key, read.signature) == (said, signature)


def test_what_is_no_certificate_is_none() -> None:
    assert read_certificate(b"") is None
    assert read_certificate(b"0\x82\x01\x00") is None


@pytest.mark.parametrize(
    ("names", "host", "matches"),
    [
        (["shop.example"], "shop.example", True),
        (["shop.example"], "SHOP.example.", True),
        (["shop.example"], "www.shop.example", False),
        (["*.shop.example"], "www.shop.example", True),
        (["*.shop.example"], "shop.example", False),
        (["*.shop.example"], "a.b.shop.example", False),
        (["192.0.2.1"], "192.0.2.1", True),
        (["192.0.2.1"], "192.0.2.2", False),
        (["2001:db8::1"], "2001:db8:0:0::1", True),
        (["shop.example"], "192.0.2.1", False),
        ([], "x", True),
        ([], "y", False),
    ],
)
def test_the_name(names: list[str], host: str, matches: bool) -> None:
    notes = list(certificate_notes(certificate(*names), host, NOW))
    assert notes == (
        [] if matches else [f"the certificate is for {', '.join(names) or 'CN=x'}, not for {host}"]
    )


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ((-1, 1), []),
        ((-9, -1), ["the certificate expired on 2026-05-31"]),
        ((1, 9), ["the certificate is not valid before 2026-06-02"]),
    ],
)
def test_the_dates(days: tuple[int, int], said: list[str]) -> None:
    assert list(certificate_notes(certificate("x", days=days), "x", NOW)) == said


def test_of_many_names_the_first_are_said() -> None:
    names = [f"shop-{number}.example" for number in range(1, 51)]
    (note,) = certificate_notes(certificate(*names), "other.example", NOW)
    first = "shop-1.example, shop-2.example, shop-3.example"
    assert note == f"the certificate is for {first}, 47 more, not for other.example"
    (note,) = certificate_notes(certificate(*names[:4]), "other.example", NOW)
    assert note == f"the certificate is for {first}, shop-4.example, not for other.example"
