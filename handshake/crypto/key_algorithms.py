"""Which algorithm the key in a certificate is for, also where no library here can use the key.

It tells an RSA key that is for RSASSA-PSS alone from others, and, of a key that cannot be used here, whether
its kind is legal in TLS.
"""

from functools import lru_cache

from Cryptodome.Util.asn1 import DerObjectId, DerSequence
from msgspec import Struct

from handshake.wire.registry import NamedGroup, SignatureScheme

_ID_RSASSA_PSS = "1.2.840.113549.1.1.10"
"""RFC 8017 appendix C."""
EC_PUBLIC_KEY = "1.2.840.10045.2.1"
"""id-ecPublicKey, RFC 5480 section 2.1.1."""

_GOST_256 = (
    SignatureScheme.GOSTR34102012_256A,
    SignatureScheme.GOSTR34102012_256B,
    SignatureScheme.GOSTR34102012_256C,
    SignatureScheme.GOSTR34102012_256D,
)
_GOST_512 = (
    SignatureScheme.GOSTR34102012_512A,
    SignatureScheme.GOSTR34102012_512B,
    SignatureScheme.GOSTR34102012_512C,
)
_SM2_CURVE = "1.2.156.10197.1.301"

_SCHEMES: dict[str, tuple[int, ...]] = {
    "1.2.643.7.1.1.1.1": _GOST_256,  # RFC 9367, RFC 9215
    "1.2.643.7.1.1.1.2": _GOST_512,
    _SM2_CURVE: (SignatureScheme.SM2SIG_SM3,),  # RFC 8998: id-ecPublicKey with this curve
}
"""The schemes that keys of an algorithm without a library here sign with, by its identifier."""

_CURVES: dict[str, int] = {
    # SEC 2 version 2.0 appendix A.2, as in RFC 8422 section 5.1.1 and RFC 4492 section 5.1.1
    **{
        f"1.3.132.0.{last}": int(group)
        for last, group in (
            (1, NamedGroup.SECT163K1),
            (2, NamedGroup.SECT163R1),
            (15, NamedGroup.SECT163R2),
            (24, NamedGroup.SECT193R1),
            (25, NamedGroup.SECT193R2),
            (26, NamedGroup.SECT233K1),
            (27, NamedGroup.SECT233R1),
            (3, NamedGroup.SECT239K1),
            (16, NamedGroup.SECT283K1),
            (17, NamedGroup.SECT283R1),
            (36, NamedGroup.SECT409K1),
            (37, NamedGroup.SECT409R1),
            (38, NamedGroup.SECT571K1),
            (39, NamedGroup.SECT571R1),
            (9, NamedGroup.SECP160K1),
            (8, NamedGroup.SECP160R1),
            (30, NamedGroup.SECP160R2),
            (31, NamedGroup.SECP192K1),
            (32, NamedGroup.SECP224K1),
        )
    }
}
"""The curves of TLS up to 1.2 that no library here computes on, by their identifier."""

_OF_THE_LIBRARIES = frozenset(
    {
        "1.2.840.113549.1.1.1",  # rsaEncryption: RFC 8017 appendix C
        _ID_RSASSA_PSS,
        "1.2.840.113549.1.3.1",  # Diffie-Hellman: PKCS #3, RFC 3279 section 2.3.3
        "1.2.840.10046.2.1",
        "1.2.840.10040.4.1",  # id-dsa
        EC_PUBLIC_KEY,
        "1.3.101.110",  # X25519, X448, Ed25519, Ed448: RFC 8410 section 3
        "1.3.101.111",
        "1.3.101.112",
        "1.3.101.113",
        "2.16.840.1.101.3.4.3.17",  # ML-DSA: RFC 9881 section 2
        "2.16.840.1.101.3.4.3.18",
        "2.16.840.1.101.3.4.3.19",
    }
)
"""Algorithms whose keys are used here, or cannot sign."""

_KEY_SCHEMES = frozenset(scheme for schemes in _SCHEMES.values() for scheme in schemes)


class KeyAlgorithm(Struct, frozen=True):
    """The algorithm of a SubjectPublicKeyInfo: dotted identifiers, `curve` None unless it names one."""

    identifier: str
    curve: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether it is told here what the algorithm is for in TLS."""
        return self.identifier in _OF_THE_LIBRARIES or bool(self.schemes)

    @property
    def schemes(self) -> tuple[int, ...]:
        """The signature schemes it is for; empty where it is not known here."""
        return _SCHEMES.get(self.curve or self.identifier, ())

    @property
    def named_group(self) -> int | None:
        """The named group of an elliptic curve of TLS up to 1.2; None for anything else."""
        return _CURVES.get(self.curve or "")


def key_algorithm(certificate: bytes) -> KeyAlgorithm | None:
    """Read the algorithm from a certificate in DER; None where the DER is none (RFC 5280 section 4.1)."""
    try:
        to_be_signed = _fields(_fields(certificate)[0])
        has_version = to_be_signed[0] is not None  # else the first field is the serial number
        algorithm = _fields(_fields(to_be_signed[6 if has_version else 5])[0])
        identifier = DerObjectId().decode(algorithm[0] or b"").value
        curve = DerObjectId().decode(algorithm[1] or b"").value if identifier == EC_PUBLIC_KEY else None
    except (ValueError, IndexError):
        return None
    return KeyAlgorithm(identifier, curve)


@lru_cache(maxsize=256)
def is_pss_key(certificate: bytes) -> bool:
    """Whether the key in a certificate (DER) is for RSASSA-PSS alone (RFC 4055 section 1.2)."""
    algorithm = key_algorithm(certificate)
    return algorithm is not None and algorithm.identifier == _ID_RSASSA_PSS


def signs_with_a_key_of_its_own(signature_scheme: int) -> bool:
    """Whether only keys of an algorithm without a library here sign in this scheme: no other key fits it."""
    return signature_scheme in _KEY_SCHEMES


def _fields(encoded: bytes | None) -> list[bytes | None]:
    """The fields of a SEQUENCE in DER, None for a number. Raises ValueError if it is no SEQUENCE."""
    sequence = DerSequence().decode(encoded or b"")
    fields: list[object] = [sequence[index] for index in range(len(sequence))]
    return [field if isinstance(field, bytes) else None for field in fields]
