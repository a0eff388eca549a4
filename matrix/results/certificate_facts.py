"""What a target's certificate says, as it reads, and what about it a person should look at. Pure.

Nothing is verified here: trust, name and date decide no outcome, since it is the server's TLS that is asked
about.
"""

import ipaddress
import warnings
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.dsa import DSAPublicKey
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import SignatureAlgorithmOID

from matrix.results.run_file import CertificateRecord

_MAX_TEXT = 200  # of one name: a certificate is a peer's, and its text may be of any length
_MAX_NAMES = 100
_NAMES_NOTED = 3
_SIGNATURES = {
    oid.dotted_string: name
    for name, oid in vars(SignatureAlgorithmOID).items()
    if isinstance(oid, x509.ObjectIdentifier)
}


@lru_cache(maxsize=64)  # a server shows the same one to each client
def read_certificate(der: bytes) -> CertificateRecord | None:
    """Read a leaf certificate; None where it cannot be read as RFC 5280 says."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # what `cryptography` minds in a peer's certificate is no error of ours
            certificate = x509.load_der_x509_certificate(der)
            return CertificateRecord(
                subject=certificate.subject.rfc4514_string()[:_MAX_TEXT],
                names=list(_names(certificate))[:_MAX_NAMES],
                issuer=certificate.issuer.rfc4514_string()[:_MAX_TEXT],
                notBefore=certificate.not_valid_before_utc.isoformat(),
                notAfter=certificate.not_valid_after_utc.isoformat(),
                key=_key(certificate),
                signature=_signature(certificate),
            )
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        return None


def certificate_notes(certificate: CertificateRecord, host: str, now: datetime) -> Iterator[str]:
    """Say what a person should look at: a name that does not match `host`, a date that has passed or not
    come.

    `host` is what the client calls the server, a name or an address; `now` is aware.
    """
    if not _matches(certificate, host):
        names = _first(certificate.names) or certificate.subject
        yield f"the certificate is for {names}, not for {host}"
    if datetime.fromisoformat(certificate.not_after) < now:
        yield f"the certificate expired on {certificate.not_after[:10]}"
    if datetime.fromisoformat(certificate.not_before) > now:
        yield f"the certificate is not valid before {certificate.not_before[:10]}"


def _first(names: Sequence[str]) -> str:
    """The first names and how many more there are: of a large site there are a hundred."""
    more = len(names) - _NAMES_NOTED
    return ", ".join((*names[:_NAMES_NOTED], f"{more} more") if more > 1 else names)


def _names(certificate: x509.Certificate) -> Iterator[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    for name in found:
        if isinstance(name, x509.DNSName | x509.IPAddress):
            yield str(name.value)[:_MAX_TEXT]


def _key(certificate: x509.Certificate) -> str:
    match certificate.public_key():
        case RSAPublicKey() as key:
            return f"RSA {key.key_size}"
        case DSAPublicKey() as key:
            return f"DSA {key.key_size}"
        case EllipticCurvePublicKey() as key:
            return key.curve.name
        case key:
            return type(key).__name__.removesuffix("PublicKey").strip("_")


def _signature(certificate: x509.Certificate) -> str:
    dotted = certificate.signature_algorithm_oid.dotted_string
    return _SIGNATURES.get(dotted, dotted)


def _matches(certificate: CertificateRecord, host: str) -> bool:
    """Compare as RFC 9525 section 6 does; without a subjectAltName by the common name, as once."""
    try:
        wanted = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        names = certificate.names or _common_names(certificate.subject)
        return any(_matches_name(name.lower(), host.lower().rstrip(".")) for name in names)
    return str(wanted) in certificate.names


def _common_names(subject: str) -> list[str]:
    return [part.removeprefix("CN=") for part in subject.split(",") if part.startswith("CN=")]


def _matches_name(pattern: str, host: str) -> bool:
    """Whether the name is the host's; `*` stands for one whole label, the first (RFC 9525 section 6.3)."""
    if not pattern.startswith("*."):
        return pattern == host
    label, dot, rest = host.partition(".")
    return bool(label and dot) and rest == pattern.removeprefix("*.")
