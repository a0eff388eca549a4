"""Both sides' part in agreeing on a secret: RSA transport, finite-field and elliptic-curve Diffie-Hellman.

What comes in is the peer's and may be nonsense: it ends in `PeerFault`. Elliptic curves and RSA of 1024 bits
and more are `cryptography`'s, which draws its own randomness; the rest is gmpy2's and takes `entropy`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import gmpy2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.x448 import X448PrivateKey, X448PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct

from handshake.crypto.dh_groups import FFDHE_GROUPS, ffdhe_group
from handshake.errors import Fault, LocalError, PeerFault
from handshake.wire.registry import NamedGroup, ProtocolVersion, group_name

PRE_MASTER_SECRET_LENGTH = 48
"""Of RSA key transport: client_version and 46 random bytes (RFC 5246 section 7.4.7.1)."""

MAX_DH_PRIME_BITS = 10_000
"""As in OpenSSL (OPENSSL_DH_MAX_MODULUS_BITS): a prime without bound is a peer's way to keep this side
computing.
"""

_DH_EXPONENT_BYTES = 32
_UNCOMPRESSED = b"\x04"


def encrypt_pre_master_secret(public_key: RSAPublicKey, pre_master_secret: bytes) -> bytes:
    """EncryptedPreMasterSecret, without any length in front (RFC 5246 section 7.4.7.1).

    Raises `PeerFault(ILLEGAL_PARAMETER)` if the key, which is the peer's, cannot encrypt that much.
    """
    try:
        return public_key.encrypt(pre_master_secret, PKCS1v15())
    except ValueError as error:
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER,
            f"the peer's RSA key of {public_key.key_size} bits cannot encrypt a premaster secret: {error}",
        ) from error


def decrypt_pre_master_secret(private_key: RSAPrivateKey, encrypted: bytes) -> bytes:
    """The 48 bytes a client has sent; whether they start with its version is for the caller to judge.

    Raises `PeerFault(DECRYPT)`. OpenSSL since 3.2 rejects bad padding implicitly: it returns random bytes
    of a random length. Nearly always that length is not 48 and is caught here; else the handshake fails at
    the client's Finished.
    """
    try:
        pre_master_secret = private_key.decrypt(encrypted, PKCS1v15())
    except ValueError as error:
        raise PeerFault(
            Fault.DECRYPT, f"the encrypted premaster secret cannot be decrypted: {error}"
        ) from error
    if len(pre_master_secret) != PRE_MASTER_SECRET_LENGTH:
        raise PeerFault(Fault.DECRYPT, "the encrypted premaster secret does not hold 48 bytes")
    return pre_master_secret


@dataclass(frozen=True, slots=True)
class DHKeyPair:
    """A key of finite-field Diffie-Hellman in any group."""

    p: int
    g: int
    public: int
    private: int = field(repr=False)

    @classmethod
    def generate(cls, p: int, g: int, entropy: Callable[[int], bytes]) -> "DHKeyPair":
        """A fresh key; raises `PeerFault(ILLEGAL_PARAMETER)` for a group that cannot be one."""
        if p.bit_length() > MAX_DH_PRIME_BITS:
            raise PeerFault(Fault.ILLEGAL_PARAMETER, f"a DH prime of {p.bit_length()} bits is too large")
        if p < 7 or p % 2 == 0 or not 1 < g < p - 1:
            raise PeerFault(Fault.ILLEGAL_PARAMETER, "the DH prime and generator are no group")
        private = int.from_bytes(entropy(_DH_EXPONENT_BYTES), "big") % (p - 3) + 2
        return cls(p, g, int(gmpy2.powmod(g, private, p)), private)

    @property
    def length(self) -> int:
        """Length of the prime in bytes."""
        return (self.p.bit_length() + 7) // 8

    @property
    def public_bytes(self) -> bytes:
        """The public value at the prime's full length, as TLS 1.3 sends it (RFC 8446 section 4.2.8.1)."""
        return self.public.to_bytes(self.length, "big")

    def shared_secret(self, peer_public: int, version: int) -> bytes:
        """The premaster secret: without leading zeros up to TLS 1.2 (RFC 5246 section 8.1.2), of full length
        in TLS 1.3.

        Raises `PeerFault(ILLEGAL_PARAMETER)` for a public value outside 2 .. p-2 (RFC 7919 section 3).
        """
        if not 1 < peer_public < self.p - 1:
            raise PeerFault(Fault.ILLEGAL_PARAMETER, "the peer's DH public value is not between 1 and p-1")
        secret = int(gmpy2.powmod(peer_public, self.private, self.p))
        if version >= ProtocolVersion.TLS_1_3:
            return secret.to_bytes(self.length, "big")
        return secret.to_bytes((secret.bit_length() + 7) // 8, "big")


class GroupKeyPair(Protocol):
    """A key in a named group, as TLS 1.3's key_share has them (RFC 8446 section 4.2.8)."""

    @property
    def named_group(self) -> int:
        """The group's code point."""

    @property
    def public_bytes(self) -> bytes:
        """key_exchange as sent."""

    def shared_secret(self, peer_public: bytes) -> bytes:
        """The shared secret; raises `PeerFault(ILLEGAL_PARAMETER)` for a public key that is none."""


class FFDHEKeyPair(Struct, frozen=True):
    """A key in one of RFC 7919's groups, for TLS 1.3."""

    named_group: int
    key_pair: DHKeyPair

    @classmethod
    def generate(cls, named_group: int, entropy: Callable[[int], bytes]) -> "FFDHEKeyPair":
        """A fresh key; raises `LocalError` for any other group."""
        group = ffdhe_group(named_group)
        return cls(named_group, DHKeyPair.generate(group.p, group.g, entropy))

    @property
    def public_bytes(self) -> bytes:
        """The public value at the prime's full length."""
        return self.key_pair.public_bytes

    def shared_secret(self, peer_public: bytes) -> bytes:
        """The shared secret at the prime's full length (RFC 8446 section 7.4.1)."""
        if len(peer_public) != self.key_pair.length:
            raise PeerFault(
                Fault.ILLEGAL_PARAMETER,
                f"a public value in {group_name(self.named_group)} has {self.key_pair.length} bytes, "
                f"the peer's has {len(peer_public)}",
            )
        return self.key_pair.shared_secret(int.from_bytes(peer_public, "big"), ProtocolVersion.TLS_1_3)


@dataclass(frozen=True, slots=True)
class ECDHKeyPair:
    """A key on a named curve; the same in all versions (RFC 8422 section 5.10, RFC 8446 section 7.4.2)."""

    named_group: int
    private_key: X25519PrivateKey | X448PrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)
    public_bytes: bytes

    @classmethod
    def generate(cls, named_group: int) -> "ECDHKeyPair":
        """A fresh key; raises `LocalError` for a group that is not in `supported_groups()`."""
        if named_group == NamedGroup.X25519:
            x25519 = X25519PrivateKey.generate()
            return cls(named_group, x25519, x25519.public_key().public_bytes_raw())
        if named_group == NamedGroup.X448:
            x448 = X448PrivateKey.generate()
            return cls(named_group, x448, x448.public_key().public_bytes_raw())
        curve = _CURVES.get(named_group)
        if curve is None:
            raise LocalError(f"no key can be made on {group_name(named_group)}")
        private_key = ec.generate_private_key(curve)
        point = private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return cls(named_group, private_key, point)

    def shared_secret(self, peer_public: bytes) -> bytes:
        """The shared x-coordinate, of full length in every version.

        Raises `PeerFault(ILLEGAL_PARAMETER)` for bytes that are no point of the curve, or one of small order.
        """
        try:
            match self.private_key:
                case X25519PrivateKey() as x25519:
                    return x25519.exchange(X25519PublicKey.from_public_bytes(peer_public))
                case X448PrivateKey() as x448:
                    return x448.exchange(X448PublicKey.from_public_bytes(peer_public))
                case private_key:
                    if peer_public[:1] != _UNCOMPRESSED:  # RFC 8422 section 5.4.1, RFC 8446 section 4.2.8.2
                        raise ValueError("not an uncompressed point")
                    point = ec.EllipticCurvePublicKey.from_encoded_point(private_key.curve, peer_public)
                    return private_key.exchange(ec.ECDH(), point)
        except ValueError as error:
            raise PeerFault(
                Fault.ILLEGAL_PARAMETER,
                f"the peer's {len(peer_public)} bytes are no public key in {group_name(self.named_group)}",
            ) from error


def generate_key_pair(named_group: int, entropy: Callable[[int], bytes]) -> GroupKeyPair:
    """A fresh key in any named group, curve or finite field; raises `LocalError` for one not in
    `supported_groups()`.
    """
    if named_group in FFDHE_GROUPS:
        return FFDHEKeyPair.generate(named_group, entropy)
    return ECDHKeyPair.generate(named_group)


def supported_groups() -> frozenset[int]:
    """The curves in which a key exchange can be completed (supported_groups of TLS 1.2; for TLS 1.3 add
    `FFDHE_GROUPS`).
    """
    return _SUPPORTED_GROUPS


_CURVES: dict[int, ec.EllipticCurve] = {
    NamedGroup.SECP192R1: ec.SECP192R1(),
    NamedGroup.SECP224R1: ec.SECP224R1(),
    NamedGroup.SECP256K1: ec.SECP256K1(),
    NamedGroup.SECP256R1: ec.SECP256R1(),
    NamedGroup.SECP384R1: ec.SECP384R1(),
    NamedGroup.SECP521R1: ec.SECP521R1(),
    NamedGroup.BRAINPOOLP256R1: ec.BrainpoolP256R1(),
    NamedGroup.BRAINPOOLP384R1: ec.BrainpoolP384R1(),
    NamedGroup.BRAINPOOLP512R1: ec.BrainpoolP512R1(),
    NamedGroup.BRAINPOOLP256R1TLS13: ec.BrainpoolP256R1(),
    NamedGroup.BRAINPOOLP384R1TLS13: ec.BrainpoolP384R1(),
    NamedGroup.BRAINPOOLP512R1TLS13: ec.BrainpoolP512R1(),
}
_SUPPORTED_GROUPS = frozenset(
    {NamedGroup.X25519.value, NamedGroup.X448.value, *(int(group) for group in _CURVES)}
)
GROUPS_OF_CURVES: dict[str, int] = {curve.name: int(group) for group, curve in reversed(_CURVES.items())}
"""The group of TLS up to 1.2 that an EC certificate's curve is, by the name `cryptography` has for it."""
