"""Signatures of handshakes: ServerKeyExchange and CertificateVerify, SSLv3 to TLS 1.3.

Up to TLS 1.1 the key's kind decides: RSA signs MD5 and SHA-1 side by side without naming them, DSA and ECDSA
sign SHA-1 (RFC 6101 section 5.6.3, RFC 2246 section 7.4.3, RFC 8422 section 5.4). From TLS 1.2 on a
SignatureScheme decides (RFC 5246 section 7.4.1.4.1: high byte hash, low byte signature; RFC 8446 section
4.2.3). `signature_scheme` None means the former.
"""

import hashlib
from enum import Enum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.dsa import DSAPrivateKey, DSAPublicKey
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey, Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PrivateKey,
    MLDSA44PublicKey,
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
    MLDSA87PrivateKey,
    MLDSA87PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, Prehashed
from msgspec import Struct

from handshake.crypto.key_schedule import Role, hash_algorithm
from handshake.errors import Fault, LocalError, PeerFault
from handshake.wire.registry import ProtocolVersion, SignatureScheme, signature_scheme_name

MLDSAPublicKey = MLDSA44PublicKey | MLDSA65PublicKey | MLDSA87PublicKey
MLDSAPrivateKey = MLDSA44PrivateKey | MLDSA65PrivateKey | MLDSA87PrivateKey
PublicKey = (
    RSAPublicKey | DSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey | MLDSAPublicKey
)
PrivateKey = (
    RSAPrivateKey
    | DSAPrivateKey
    | EllipticCurvePrivateKey
    | Ed25519PrivateKey
    | Ed448PrivateKey
    | MLDSAPrivateKey
)

PSS_KEY_SCHEMES = frozenset(
    {
        SignatureScheme.RSA_PSS_PSS_SHA256,
        SignatureScheme.RSA_PSS_PSS_SHA384,
        SignatureScheme.RSA_PSS_PSS_SHA512,
    }
)
"""The schemes of keys whose certificates say id-RSASSA-PSS (RFC 8446 section 4.2.3)."""

DEFAULT_SCHEMES = (
    SignatureScheme.RSA_PKCS1_SHA1,
    SignatureScheme.DSA_SHA1,
    SignatureScheme.ECDSA_SHA1,
)
"""What a hello of TLS 1.2 without signature_algorithms stands for (RFC 5246 section 7.4.1.4.1)."""


class SignatureAlgorithm(Enum):
    """How a scheme signs, apart from its hash."""

    RSA_PKCS1 = "rsa"
    RSA_PSS = "rsa-pss"
    DSA = "dsa"
    ECDSA = "ecdsa"
    EDDSA = "eddsa"
    MLDSA = "mldsa"


class Scheme(Struct, frozen=True):
    """A SignatureScheme taken apart; `hash_name` is hashlib's, None where the algorithm has
    its own.
    """

    algorithm: SignatureAlgorithm
    hash_name: str | None


def sign(private_key: PrivateKey, signature_scheme: int | None, content: bytes) -> bytes:
    """Sign `content` whole (it is hashed here); raises `LocalError` if the key cannot sign in this scheme."""
    if signature_scheme is None:
        return sign_md5_sha1(private_key, _md5_sha1(content))
    scheme = _scheme_for(private_key, signature_scheme)
    if scheme is None:
        raise LocalError(
            f"a {type(private_key).__name__} cannot sign with {signature_scheme_name(signature_scheme)}"
        )
    try:
        return _sign(private_key, scheme, content)
    except ValueError as error:  # an RSA key too small for the digest
        raise LocalError(f"cannot sign with {signature_scheme_name(signature_scheme)}: {error}") from error


def verify(public_key: PublicKey, signature_scheme: int | None, content: bytes, signature: bytes) -> None:
    """Check the peer's signature over `content`.

    Raises `PeerFault(DECRYPT)` if it does not fit, `PeerFault(ILLEGAL_PARAMETER)` if the key is not one of
    the scheme's.
    """
    if signature_scheme is None:
        verify_md5_sha1(public_key, _md5_sha1(content), signature)
        return
    scheme = _scheme_for(public_key, signature_scheme)
    if scheme is None:
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER,
            f"signed with {signature_scheme_name(signature_scheme)} by a {type(public_key).__name__}",
        )
    try:
        _verify(public_key, scheme, content, signature)
    except (InvalidSignature, ValueError) as error:
        raise _bad_signature(signature_scheme_name(signature_scheme)) from error


def is_verifiable(signature_scheme: int) -> bool:
    """Whether a signature in this scheme can be verified here, by a key of its kind."""
    return signature_scheme in _SCHEMES


def sign_md5_sha1(private_key: PrivateKey, digests: bytes) -> bytes:
    """Sign 16 bytes of MD5 and 20 of SHA-1 as all versions up to TLS 1.1 do.

    Needed by itself for the CertificateVerify of SSLv3, whose hash has the master secret in it.
    """
    match private_key:
        case RSAPrivateKey():
            return private_key.sign(digests, PKCS1v15(), NoDigestInfo())
        case DSAPrivateKey():
            return private_key.sign(digests[16:], Prehashed(hashes.SHA1()))
        case EllipticCurvePrivateKey():
            return private_key.sign(digests[16:], ECDSA(Prehashed(hashes.SHA1())))
        case _:
            raise LocalError(f"a {type(private_key).__name__} cannot sign before TLS 1.2")


def verify_md5_sha1(public_key: PublicKey, digests: bytes, signature: bytes) -> None:
    """The other side of `sign_md5_sha1`; raises as `verify` does."""
    try:
        match public_key:
            case RSAPublicKey():
                if public_key.recover_data_from_signature(signature, PKCS1v15(), None) != digests:
                    raise InvalidSignature
            case DSAPublicKey():
                public_key.verify(signature, digests[16:], Prehashed(hashes.SHA1()))
            case EllipticCurvePublicKey():
                public_key.verify(signature, digests[16:], ECDSA(Prehashed(hashes.SHA1())))
            case _:
                raise PeerFault(Fault.ILLEGAL_PARAMETER, f"a {type(public_key).__name__} before TLS 1.2")
    except (InvalidSignature, ValueError) as error:
        raise _bad_signature("the algorithms of TLS 1.1 and before") from error


def certificate_verify_content(role: Role, transcript_hash: bytes) -> bytes:
    """What TLS 1.3's CertificateVerify of `role` signs (RFC 8446 section 4.4.3)."""
    return b" " * 64 + b"TLS 1.3, %b CertificateVerify\x00" % role.encode() + transcript_hash


def signature_schemes(key: PrivateKey | PublicKey, version: int) -> tuple[int, ...]:
    """The schemes a key can sign or verify with in TLS 1.2 or 1.3, those of TLS 1.2 proper first; () before
    TLS 1.2.

    In TLS 1.3 RSA means PSS, and an ECDSA scheme belongs to one curve (RFC 8446 section 4.2.3).
    """
    if version < ProtocolVersion.TLS_1_2:
        return ()
    is_tls13 = version >= ProtocolVersion.TLS_1_3
    curve = key.curve.name if isinstance(key, EllipticCurvePrivateKey | EllipticCurvePublicKey) else None
    usable = []
    for code, scheme in _SCHEMES.items():
        if not isinstance(key, _KEY_TYPES[scheme.algorithm]) or not _is_large_enough(key, scheme):
            continue
        if is_tls13 and scheme.algorithm in (SignatureAlgorithm.RSA_PKCS1, SignatureAlgorithm.DSA):
            continue
        if code in _TYPES_OF_SCHEMES and not isinstance(key, _TYPES_OF_SCHEMES[code]):
            continue
        if code in _TLS13_ONLY and not is_tls13:
            continue
        if is_tls13 and scheme.algorithm is SignatureAlgorithm.ECDSA and _TLS13_CURVES.get(code) != curve:
            continue
        usable.append(code)
    return tuple(usable)


def schemes_of_key(key: PrivateKey | PublicKey, version: int, *, is_pss: bool) -> tuple[int, ...]:
    """The same of a key with its certificate, which says whether an RSA key is for RSASSA-PSS alone and has
    schemes of its own (RFC 8446 section 4.2.3).
    """
    possible = signature_schemes(key, version)
    return tuple(scheme for scheme in possible if (scheme in PSS_KEY_SCHEMES) == is_pss)


def _sign(private_key: PrivateKey, scheme: Scheme, content: bytes) -> bytes:
    match private_key:
        case (
            Ed25519PrivateKey()
            | Ed448PrivateKey()
            | MLDSA44PrivateKey()
            | MLDSA65PrivateKey()
            | MLDSA87PrivateKey()
        ):
            return private_key.sign(content)
        case RSAPrivateKey():
            return private_key.sign(content, _rsa_padding(scheme), _hash(scheme))
        case DSAPrivateKey():
            return private_key.sign(content, _hash(scheme))
        case EllipticCurvePrivateKey():
            return private_key.sign(content, ECDSA(_hash(scheme)))


def _verify(public_key: PublicKey, scheme: Scheme, content: bytes, signature: bytes) -> None:
    match public_key:
        case RSAPublicKey():
            public_key.verify(signature, content, _rsa_padding(scheme), _hash(scheme))
        case EllipticCurvePublicKey():
            public_key.verify(signature, content, ECDSA(_hash(scheme)))
        case (
            Ed25519PublicKey()
            | Ed448PublicKey()
            | MLDSA44PublicKey()
            | MLDSA65PublicKey()
            | MLDSA87PublicKey()
        ):
            public_key.verify(signature, content)
        case DSAPublicKey():
            public_key.verify(signature, content, _hash(scheme))


def _scheme_for(key: PrivateKey | PublicKey, signature_scheme: int) -> Scheme | None:
    """The scheme taken apart, if it is known and the key is of its kind."""
    scheme = _SCHEMES.get(signature_scheme)
    if scheme is None or not isinstance(key, _KEY_TYPES[scheme.algorithm]):
        return None
    if signature_scheme in _TYPES_OF_SCHEMES and not isinstance(key, _TYPES_OF_SCHEMES[signature_scheme]):
        return None
    return scheme


def _is_large_enough(key: PrivateKey | PublicKey, scheme: Scheme) -> bool:
    """Whether an RSA key has room for the encoded digest (RFC 8017 sections 9.1.1 and 9.2).

    PSS takes a salt as long as the digest; PKCS#1 v1.5 some 19 bytes of DigestInfo and 11 of padding.
    """
    if scheme.hash_name is None or not isinstance(key, RSAPrivateKey | RSAPublicKey):
        return True
    digest_length = hashlib.new(scheme.hash_name).digest_size
    if scheme.algorithm is SignatureAlgorithm.RSA_PSS:
        return (key.key_size + 6) // 8 >= 2 * digest_length + 2
    return (key.key_size + 7) // 8 >= digest_length + 30


def _hash(scheme: Scheme) -> hashes.HashAlgorithm:
    return hash_algorithm(scheme.hash_name or "")


def _rsa_padding(scheme: Scheme) -> PKCS1v15 | PSS:
    if scheme.algorithm is SignatureAlgorithm.RSA_PKCS1:
        return PKCS1v15()
    return PSS(MGF1(_hash(scheme)), PSS.DIGEST_LENGTH)


def _md5_sha1(content: bytes) -> bytes:
    return hashlib.md5(content).digest() + hashlib.sha1(content).digest()


def _bad_signature(with_what: str) -> PeerFault:
    return PeerFault(
        Fault.DECRYPT, f"the signature, made with {with_what}, does not fit the key and the handshake"
    )


_SCHEMES = {
    (hash_code << 8) | signature_code: Scheme(algorithm, hash_name)
    for hash_code, hash_name in (
        (4, "sha256"),
        (5, "sha384"),
        (6, "sha512"),
        (3, "sha224"),
        (2, "sha1"),
        (1, "md5"),
    )
    for signature_code, algorithm in (
        (1, SignatureAlgorithm.RSA_PKCS1),
        (2, SignatureAlgorithm.DSA),
        (3, SignatureAlgorithm.ECDSA),
    )
} | {
    SignatureScheme.RSA_PSS_RSAE_SHA256.value: Scheme(SignatureAlgorithm.RSA_PSS, "sha256"),
    SignatureScheme.RSA_PSS_RSAE_SHA384.value: Scheme(SignatureAlgorithm.RSA_PSS, "sha384"),
    SignatureScheme.RSA_PSS_RSAE_SHA512.value: Scheme(SignatureAlgorithm.RSA_PSS, "sha512"),
    SignatureScheme.ED25519.value: Scheme(SignatureAlgorithm.EDDSA, None),
    SignatureScheme.ED448.value: Scheme(SignatureAlgorithm.EDDSA, None),
    SignatureScheme.RSA_PSS_PSS_SHA256.value: Scheme(SignatureAlgorithm.RSA_PSS, "sha256"),
    SignatureScheme.RSA_PSS_PSS_SHA384.value: Scheme(SignatureAlgorithm.RSA_PSS, "sha384"),
    SignatureScheme.RSA_PSS_PSS_SHA512.value: Scheme(SignatureAlgorithm.RSA_PSS, "sha512"),
    SignatureScheme.ECDSA_BRAINPOOLP256R1TLS13_SHA256.value: Scheme(SignatureAlgorithm.ECDSA, "sha256"),
    SignatureScheme.ECDSA_BRAINPOOLP384R1TLS13_SHA384.value: Scheme(SignatureAlgorithm.ECDSA, "sha384"),
    SignatureScheme.ECDSA_BRAINPOOLP512R1TLS13_SHA512.value: Scheme(SignatureAlgorithm.ECDSA, "sha512"),
    SignatureScheme.MLDSA44.value: Scheme(SignatureAlgorithm.MLDSA, None),
    SignatureScheme.MLDSA65.value: Scheme(SignatureAlgorithm.MLDSA, None),
    SignatureScheme.MLDSA87.value: Scheme(SignatureAlgorithm.MLDSA, None),
}
_KEY_TYPES: dict[SignatureAlgorithm, tuple[type, ...]] = {
    SignatureAlgorithm.RSA_PKCS1: (RSAPrivateKey, RSAPublicKey),
    SignatureAlgorithm.RSA_PSS: (RSAPrivateKey, RSAPublicKey),
    SignatureAlgorithm.DSA: (DSAPrivateKey, DSAPublicKey),
    SignatureAlgorithm.ECDSA: (EllipticCurvePrivateKey, EllipticCurvePublicKey),
    SignatureAlgorithm.EDDSA: (Ed25519PrivateKey, Ed25519PublicKey, Ed448PrivateKey, Ed448PublicKey),
    SignatureAlgorithm.MLDSA: (
        MLDSA44PrivateKey,
        MLDSA44PublicKey,
        MLDSA65PrivateKey,
        MLDSA65PublicKey,
        MLDSA87PrivateKey,
        MLDSA87PublicKey,
    ),
}
_TYPES_OF_SCHEMES: dict[int, tuple[type, ...]] = {
    SignatureScheme.ED25519: (Ed25519PrivateKey, Ed25519PublicKey),
    SignatureScheme.ED448: (Ed448PrivateKey, Ed448PublicKey),
    SignatureScheme.MLDSA44: (MLDSA44PrivateKey, MLDSA44PublicKey),
    SignatureScheme.MLDSA65: (MLDSA65PrivateKey, MLDSA65PublicKey),
    SignatureScheme.MLDSA87: (MLDSA87PrivateKey, MLDSA87PublicKey),
}
"""The schemes that belong to one type of key (RFC 8422 section 5.1.1, draft-ietf-tls-mldsa section 3)."""
_TLS13_CURVES: dict[int, str] = {
    SignatureScheme.ECDSA_SECP256R1_SHA256: "secp256r1",
    SignatureScheme.ECDSA_SECP384R1_SHA384: "secp384r1",
    SignatureScheme.ECDSA_SECP521R1_SHA512: "secp521r1",
    SignatureScheme.ECDSA_BRAINPOOLP256R1TLS13_SHA256: "brainpoolP256r1",
    SignatureScheme.ECDSA_BRAINPOOLP384R1TLS13_SHA384: "brainpoolP384r1",
    SignatureScheme.ECDSA_BRAINPOOLP512R1TLS13_SHA512: "brainpoolP512r1",
}
_TLS13_ONLY = frozenset(
    {
        SignatureScheme.ECDSA_BRAINPOOLP256R1TLS13_SHA256,
        SignatureScheme.ECDSA_BRAINPOOLP384R1TLS13_SHA384,
        SignatureScheme.ECDSA_BRAINPOOLP512R1TLS13_SHA512,
        SignatureScheme.MLDSA44,
        SignatureScheme.MLDSA65,
        SignatureScheme.MLDSA87,
    }
)
"""Schemes without a place in TLS 1.2 (RFC 8734 section 2, draft-ietf-tls-mldsa section 3)."""
