"""What the key in a certificate may be used for.

The kind of key alone does not say it: an RSA key is for PKCS #1 and for PSS with rsaEncryption in its
certificate, and for PSS alone, with schemes of its own, with id-RSASSA-PSS (RFC 4055 section 1.2, RFC 8446
section 4.2.3). What the certificate says of the key's use counts too (RFC 5246 section 7.4.2, RFC 8446
section 4.4.2.2).
"""

import warnings
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from handshake.crypto.credentials import certificate_public_key
from handshake.crypto.key_algorithms import is_pss_key
from handshake.crypto.key_exchange import GROUPS_OF_CURVES
from handshake.crypto.signatures import schemes_of_key
from handshake.errors import Fault, PeerFault


@lru_cache(maxsize=256)
def _key_usage(certificate: bytes) -> x509.KeyUsage | None:
    try:
        with warnings.catch_warnings():
            # What `cryptography` warns of in a peer's certificate must not become an error under -W error.
            warnings.simplefilter("ignore")
            extensions = x509.load_der_x509_certificate(certificate).extensions
            return extensions.get_extension_for_class(x509.KeyUsage).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return None


def check_key_usage(certificate: bytes, *, signs: bool) -> None:
    """Refuse a certificate that says what its key is for, where that is not signing, or for RSA key transport
    not the encryption of keys. Raises PeerFault.
    """
    usage = _key_usage(certificate)
    if usage is not None and not (usage.digital_signature if signs else usage.key_encipherment):
        purpose = "signing" if signs else "key transport"
        raise PeerFault(Fault.BAD_CERTIFICATE, f"the certificate's key is not for {purpose} (keyUsage)")


def certificate_group(certificate: bytes) -> int | None:
    """The named group of an EC key in a certificate (DER); None for another key, or a curve without one."""
    key = certificate_public_key(certificate)
    return GROUPS_OF_CURVES.get(key.curve.name) if isinstance(key, EllipticCurvePublicKey) else None


@lru_cache(maxsize=256)
def certificate_schemes(certificate: bytes, version: int) -> tuple[int, ...]:
    """The schemes that the key of a certificate (DER) signs with in TLS 1.2 or 1.3; () before TLS 1.2.

    Raises PeerFault where the key cannot be used.
    """
    return schemes_of_key(certificate_public_key(certificate), version, is_pss=is_pss_key(certificate))
