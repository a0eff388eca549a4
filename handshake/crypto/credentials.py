"""Keys and certificates: those a peer shows, and self-signed ones made at run time.

Nothing here reads a clock or a file: the time and the serial number of a new certificate are arguments. Keys
themselves are `cryptography`'s and come from its randomness.
"""

import hashlib
import warnings
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Address
from textwrap import wrap

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.dsa import DSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from handshake.crypto.certificate_der import PSS_WITH_SHA256, pss_private_key, signed_with_sha1, with_pss_key
from handshake.crypto.dh_groups import DSA_SUBGROUP_ORDER_1024, JSSE_DH_GROUPS
from handshake.crypto.key_algorithms import is_pss_key
from handshake.crypto.signatures import MLDSAPrivateKey, PublicKey, schemes_of_key
from handshake.crypto.suite_parameters import CertificateType
from handshake.errors import Fault, LocalError, PeerFault

HOST_NAMES = ("server.example.test", "localhost")
"""DNS names in every certificate made here, beside the address 127.0.0.1."""

VALIDITY = timedelta(days=365)
"""On either side of the time given, so that clocks of old stacks may be wrong by months."""

AUTHORITY_BITS = 2048
"""The RSA key of an authority that issues a certificate here."""

DELEGATION_USAGE = x509.ObjectIdentifier("1.3.6.1.4.1.44363.44")
"""The extension of a certificate whose key may sign delegated credentials (RFC 9345 section 4.2)."""
_NULL = bytes.fromhex("0500")

CredentialKey = RSAPrivateKey | DSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey | MLDSAPrivateKey


_WITHOUT_HASH = Ed25519PrivateKey | MLDSAPrivateKey
"""Keys whose algorithm has its own hash."""


@dataclass(frozen=True, slots=True)
class CredentialPEM:
    """A credential as text: a PKCS#8 private key and a chain of certificates, leaf first."""

    private_key: str = field(repr=False)
    chain: str


@dataclass(frozen=True, slots=True)
class Credential:
    """A private key and the chain that vouches for it: DER, leaf first. `signature_schemes` are those that it
    signs with; None is all that the key can.
    """

    private_key: CredentialKey = field(repr=False)
    chain: tuple[bytes, ...]
    signature_schemes: tuple[int, ...] | None = None

    def schemes(self, version: int) -> tuple[int, ...]:
        """The schemes that it signs with in TLS 1.2 or 1.3; () before TLS 1.2."""
        possible = schemes_of_key(self.private_key, version, is_pss=self.is_pss)
        wanted = self.signature_schemes
        return possible if wanted is None else tuple(scheme for scheme in wanted if scheme in possible)

    @property
    def certificate_type(self) -> CertificateType:
        """Which suites the key is for; one of EdDSA is for those with ECDSA (RFC 8422 section 5.10), and so
        is one of ML-DSA here, which is for TLS 1.3 alone, whose suites name no kind.
        """
        match self.private_key:
            case RSAPrivateKey():
                return CertificateType.RSA
            case DSAPrivateKey():
                return CertificateType.DSA
            case _:
                return CertificateType.ECDSA

    @property
    def is_pss(self) -> bool:
        """Whether the leaf says that its key is for RSASSA-PSS alone."""
        return is_pss_key(self.chain[0])

    @property
    def needs_schemes(self) -> bool:
        """Whether the key does nothing but sign by a scheme, so that it is of no use before TLS 1.2, nor for
        RSA key transport (RFC 4055 section 1.2, RFC 8422 section 5.10).
        """
        return self.is_pss or isinstance(self.private_key, _WITHOUT_HASH)

    @property
    def certificate_sha256(self) -> str:
        """The leaf's SHA-256 in lower-case hex."""
        return hashlib.sha256(self.chain[0]).hexdigest()

    @property
    def fits(self) -> bool:
        """Whether the leaf is a certificate of the key."""
        try:
            certified = x509.load_der_x509_certificate(self.chain[0]).public_key()
        except (ValueError, UnsupportedAlgorithm):
            return False
        return certified == self.private_key.public_key()

    def to_pem(self) -> CredentialPEM:
        """As text, the key unencrypted."""
        key = self.private_key
        if self.is_pss and isinstance(key, RSAPrivateKey):
            private_key = _private_key_pem(pss_private_key(key))
        else:
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            private_key = pem.decode("ascii")
        certificates = (x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM) for der in self.chain)
        return CredentialPEM(private_key, b"".join(certificates).decode("ascii"))

    @classmethod
    def from_pem(cls, private_key: str, chain: str) -> "Credential":
        """From text; raises `LocalError` saying which of the two cannot be read."""
        try:
            key = load_pem_private_key(private_key.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise LocalError(
                f"the private key is not a readable PEM key without password: {error}"
            ) from error
        if not isinstance(key, CredentialKey):
            raise LocalError(
                f"the private key is a {type(key).__name__}; give an RSA, DSA, EC, Ed25519 or ML-DSA key"
            )
        try:
            certificates = x509.load_pem_x509_certificates(chain.encode())
        except ValueError as error:
            raise LocalError(f"the chain is not a sequence of PEM certificates: {error}") from error
        return cls(key, tuple(certificate.public_bytes(Encoding.DER) for certificate in certificates))


def generate_rsa(bits: int, *, subject: str, now: datetime, serial: int) -> Credential:
    """A self-signed RSA certificate, key of 1024 bits or more; `now` is aware, `subject` a common name."""
    return self_signed(rsa.generate_private_key(65537, bits), subject=subject, now=now, serial=serial)


def generate_dsa(bits: int, *, subject: str, now: datetime, serial: int) -> Credential:
    """A self-signed DSA certificate, key of 1024, 2048, 3072 or 4096 bits.

    At 1024 the domain is the one old keytools put into every key, at once; else it is generated, in seconds.
    """
    if bits == 1024:
        group = JSSE_DH_GROUPS[1024]
        domain = dsa.DSAParameterNumbers(group.p, DSA_SUBGROUP_ORDER_1024, group.g).parameters()
        return self_signed(domain.generate_private_key(), subject=subject, now=now, serial=serial)
    return self_signed(dsa.generate_private_key(bits), subject=subject, now=now, serial=serial)


def generate_ecdsa(curve: ec.EllipticCurve, *, subject: str, now: datetime, serial: int) -> Credential:
    """A self-signed certificate with an EC key, `ec.SECP256R1()` for instance."""
    return self_signed(ec.generate_private_key(curve), subject=subject, now=now, serial=serial)


def generate_ed25519(*, subject: str, now: datetime, serial: int) -> Credential:
    """A self-signed certificate with an Ed25519 key (RFC 8410)."""
    return self_signed(Ed25519PrivateKey.generate(), subject=subject, now=now, serial=serial)


def generate_mldsa(
    key_type: type[MLDSAPrivateKey], *, subject: str, now: datetime, serial: int
) -> Credential:
    """A self-signed certificate with an ML-DSA key, `MLDSA65PrivateKey` for instance (RFC 9881)."""
    return self_signed(key_type.generate(), subject=subject, now=now, serial=serial)


def generate_delegating_ecdsa(
    curve: ec.EllipticCurve, *, subject: str, now: datetime, serial: int
) -> Credential:
    """A self-signed certificate with an EC key that may sign delegated credentials (RFC 9345 section 4.2)."""
    key = ec.generate_private_key(curve)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    delegation = x509.UnrecognizedExtension(DELEGATION_USAGE, _NULL)
    builder = _builder(key, subject, now, serial, None).add_extension(usage, critical=True)
    certificate = builder.add_extension(delegation, critical=False).sign(key, hashes.SHA256())
    return Credential(key, (certificate.public_bytes(Encoding.DER),))


def generate_rsa_pss(bits: int, *, subject: str, now: datetime, serial: int) -> Credential:
    """A self-signed certificate whose RSA key is for RSASSA-PSS alone (RFC 4055 section 1.2)."""
    key = rsa.generate_private_key(65537, bits)
    builder = _builder(key, subject, now, serial, None)
    plain = builder.sign(key, hashes.SHA256(), rsa_padding=PSS_WITH_SHA256).public_bytes(Encoding.DER)
    return Credential(key, (with_pss_key(plain, key),))


def generate_rsa_signed_with_sha1(bits: int, *, subject: str, now: datetime, serial: int) -> Credential:
    """An RSA certificate that an authority has signed with SHA-1, and the authority's behind it: nobody looks
    at the signature of a certificate for itself.
    """
    authority = generate_rsa(AUTHORITY_BITS, subject=f"authority of {subject}", now=now, serial=serial + 1)
    key = rsa.generate_private_key(65537, bits)
    assert isinstance(authority.private_key, RSAPrivateKey), "it was made so"
    issuer = x509.load_der_x509_certificate(authority.chain[0]).subject
    builder = _builder(key, subject, now, serial, issuer)
    plain = builder.sign(authority.private_key, hashes.SHA256()).public_bytes(Encoding.DER)
    return Credential(key, (signed_with_sha1(plain, authority.private_key), *authority.chain))


@lru_cache(maxsize=256)
def certificate_public_key(certificate: bytes) -> PublicKey:
    """The public key of a peer's certificate (DER); raises `PeerFault(BAD_CERTIFICATE)` if it cannot be used
    here.
    """
    try:
        with warnings.catch_warnings():
            # What `cryptography` warns of in a peer's certificate must not become an error under -W error.
            warnings.simplefilter("ignore")
            key = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise PeerFault(Fault.BAD_CERTIFICATE, f"the certificate cannot be read: {error}") from error
    if isinstance(key, PublicKey):
        return key
    raise PeerFault(
        Fault.BAD_CERTIFICATE, f"the certificate's key is a {type(key).__name__}: it cannot sign or encrypt"
    )


def self_signed(key: CredentialKey, *, subject: str, now: datetime, serial: int) -> Credential:
    """A certificate of a key for itself, for `HOST_NAMES` and 127.0.0.1, signed with SHA-256; a key of
    Ed25519 or ML-DSA has a hash of its own.
    """
    algorithm = None if isinstance(key, _WITHOUT_HASH) else hashes.SHA256()
    certificate = _builder(key, subject, now, serial, None).sign(key, algorithm)
    return Credential(key, (certificate.public_bytes(Encoding.DER),))


def _builder(
    key: CredentialKey, subject: str, now: datetime, serial: int, issuer: x509.Name | None
) -> x509.CertificateBuilder:
    """All of a certificate but its signature; `issuer` None is for one that vouches for itself."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)])
    constraints = x509.BasicConstraints(ca=issuer is None, path_length=0 if issuer is None else None)
    alternative_names: list[x509.GeneralName] = [x509.DNSName(host) for host in HOST_NAMES]
    alternative_names.append(x509.IPAddress(IPv4Address("127.0.0.1")))
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer or name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - VALIDITY)
        .not_valid_after(now + VALIDITY)
        .add_extension(constraints, critical=True)
        .add_extension(x509.SubjectAlternativeName(alternative_names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _private_key_pem(der: bytes) -> str:
    """A private key as text (RFC 7468 section 10)."""
    encoded = "\n".join(wrap(b64encode(der).decode("ascii"), 64))
    return f"-----BEGIN PRIVATE KEY-----\n{encoded}\n-----END PRIVATE KEY-----\n"
