"""Delegated credentials (RFC 9345): a certificate's key signs another key, for a few days.

What time it is, is an argument, in seconds since 1970-01-01 00:00 UTC. Keys come from `cryptography`'s
randomness.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from msgspec import Struct
from msgspec.structs import replace

from handshake.crypto.credentials import DELEGATION_USAGE, Credential
from handshake.crypto.signatures import PrivateKey, PublicKey, sign
from handshake.errors import Fault, LocalError, PeerFault
from handshake.wire.delegated_credential import DelegatedCredential, push_delegated_credential
from handshake.wire.registry import SignatureScheme, signature_scheme_name

MAX_VALIDITY_SECONDS = 7 * 24 * 3600
"""From now on: what expires later is refused (RFC 9345 section 4.1.3)."""
VALIDITY_SECONDS = 24 * 3600
"""Of those made here."""

_MAKERS: Mapping[int, Callable[[], PrivateKey]] = MappingProxyType(
    {
        SignatureScheme.ECDSA_SECP256R1_SHA256: lambda: ec.generate_private_key(ec.SECP256R1()),
        SignatureScheme.ECDSA_SECP384R1_SHA384: lambda: ec.generate_private_key(ec.SECP384R1()),
        SignatureScheme.ECDSA_SECP521R1_SHA512: lambda: ec.generate_private_key(ec.SECP521R1()),
        SignatureScheme.ED25519: ed25519.Ed25519PrivateKey.generate,
        SignatureScheme.MLDSA44: mldsa.MLDSA44PrivateKey.generate,
        SignatureScheme.MLDSA65: mldsa.MLDSA65PrivateKey.generate,
        SignatureScheme.MLDSA87: mldsa.MLDSA87PrivateKey.generate,
    }
)
DELEGATED_SCHEMES = tuple(_MAKERS)
"""The schemes that keys are delegated for here."""


class Delegation(Struct, frozen=True):
    """What is to be delegated: a key for `scheme`, said to be for `said_scheme`, that is valid for that many
    seconds from now on.
    """

    scheme: int
    said_scheme: int
    valid_seconds: int = VALIDITY_SECONDS


@dataclass(frozen=True, slots=True)
class DelegatedKey:
    """A key with the scheme it signs with, and the body of the extension that vouches for it."""

    private_key: PrivateKey = field(repr=False)
    scheme: int
    body: bytes


def delegate(credential: Credential, delegation: Delegation, signed_with: int, now: float) -> DelegatedKey:
    """Make a key that the credential's signs, by the scheme `signed_with`. Raises LocalError for a scheme
    that keys are not made for.
    """
    if delegation.scheme not in _MAKERS:
        name = signature_scheme_name(delegation.scheme)
        raise LocalError(f"no key for {name} is delegated here: choose another scheme")
    private_key, leaf = _MAKERS[delegation.scheme](), credential.chain[0]
    public_key = private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    valid_time = max(int(now - not_before(leaf)) + delegation.valid_seconds, 0)
    unsigned = DelegatedCredential(valid_time, delegation.said_scheme, public_key, signed_with, b"")
    signature = sign(credential.private_key, signed_with, signed_content(leaf, unsigned))
    body = push_delegated_credential(replace(unsigned, signature=signature))
    return DelegatedKey(private_key, delegation.scheme, body)


def signed_content(certificate: bytes, delegated: DelegatedCredential) -> bytes:
    """What the key of the server's certificate (DER) signs (RFC 9345 section 4)."""
    context = b" " * 64 + b"TLS, server delegated credentials\x00"
    return context + certificate + delegated.credential + delegated.signed_with.to_bytes(2, "big")


@lru_cache(maxsize=64)
def not_before(certificate: bytes) -> float:
    """When a certificate (DER), which was read before, becomes valid."""
    return _read(certificate).not_valid_before_utc.timestamp()


@lru_cache(maxsize=64)
def may_delegate(certificate: bytes) -> bool:
    """Whether a certificate (DER) has DelegationUsage, and digitalSignature in its keyUsage (RFC 9345 section
    4.2).
    """
    try:
        extensions = _read(certificate).extensions
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        extensions.get_extension_for_oid(DELEGATION_USAGE)
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False
    return usage.digital_signature


def delegated_public_key(delegated: DelegatedCredential) -> PublicKey:
    """The key of a delegated credential. Raises PeerFault for one that cannot sign, or cannot be read."""
    try:
        with warnings.catch_warnings():
            # What `cryptography` warns of in a peer's key must not become an error under -W error.
            warnings.simplefilter("ignore")
            key = load_der_public_key(delegated.public_key)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        detail = f"the key of the delegated credential cannot be read: {error}"
        raise PeerFault(Fault.ILLEGAL_PARAMETER, detail) from error
    if not isinstance(key, PublicKey):
        detail = f"the delegated credential's key is a {type(key).__name__}: it cannot sign"
        raise PeerFault(Fault.ILLEGAL_PARAMETER, detail)
    return key


def _read(certificate: bytes) -> x509.Certificate:
    with warnings.catch_warnings():
        # What `cryptography` warns of in a peer's certificate must not become an error under -W error.
        warnings.simplefilter("ignore")
        return x509.load_der_x509_certificate(certificate)
