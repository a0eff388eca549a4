"""What the key in a certificate may be used for.

The kind of key alone does not say it: an RSA key is for PKCS #1 and for PSS with rsaEncryption in its
certificate, and for PSS alone, with schemes of its own, with id-RSASSA-PSS (RFC 4055 section 1.2, RFC 8446
section 4.2.3).
"""

from functools import lru_cache

from handshake.crypto.credentials import certificate_public_key
from handshake.crypto.key_algorithms import key_algorithm
from handshake.crypto.signatures import PSS_KEY_SCHEMES, signature_schemes

_ID_RSASSA_PSS = "1.2.840.113549.1.1.10"


@lru_cache(maxsize=256)
def is_pss_key(certificate: bytes) -> bool:
    """Whether the key is for RSASSA-PSS alone."""
    algorithm = key_algorithm(certificate)
    return algorithm is not None and algorithm.identifier == _ID_RSASSA_PSS


def certificate_schemes(certificate: bytes, version: int) -> tuple[int, ...]:
    """The schemes that the key of a certificate (DER) signs with in TLS 1.2 or 1.3; () before TLS 1.2.

    Raises PeerFault where the key cannot be used.
    """
    possible = signature_schemes(certificate_public_key(certificate), version)
    is_pss = is_pss_key(certificate)
    return tuple(scheme for scheme in possible if (scheme in PSS_KEY_SCHEMES) == is_pss)
