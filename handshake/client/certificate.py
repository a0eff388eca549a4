"""The server's public key, held against the suite and the limits of the client being played.

Nothing else of the certificate is judged: names, chains and dates are not what this project is about.
"""

from cryptography.hazmat.primitives.asymmetric.dsa import DSAPublicKey
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from handshake.crypto.signatures import PublicKey
from handshake.crypto.suite_parameters import CertificateType, SuiteParameters
from handshake.errors import Fault, PeerFault, PolicyRefusal
from handshake.hello_template import ClientLimits
from handshake.wire.registry import AlertDescription

_KEY_TYPES: dict[CertificateType, type] = {
    CertificateType.RSA: RSAPublicKey,
    CertificateType.DSA: DSAPublicKey,
    CertificateType.ECDSA: EllipticCurvePublicKey,
}


def check_server_key(key: PublicKey, suite: SuiteParameters, limits: ClientLimits) -> None:
    """Raise PeerFault for a key the suite cannot use, PolicyRefusal for one below the client's limit."""
    wanted = suite.certificate_type
    if wanted is not None and not isinstance(key, _KEY_TYPES[wanted]):
        raise PeerFault(Fault.BAD_CERTIFICATE, f"the suite needs a certificate with a key of type {wanted}")
    minimum = limits.min_rsa_bits
    if isinstance(key, RSAPublicKey) and minimum is not None and key.key_size < minimum:
        raise PolicyRefusal(
            "rsa-key-bits",
            f"the server's RSA key has {key.key_size} bits; this client wants {minimum} or more",
            AlertDescription.BAD_CERTIFICATE,
        )
