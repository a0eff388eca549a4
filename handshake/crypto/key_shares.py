"""Key shares of TLS 1.3: a fresh one in every group that can be computed, and the answer to one.

A curve and a finite field are one key pair each (`key_exchange`). A hybrid group joins ML-KEM (FIPS 203)
and a curve: both parts in one key_exchange, both secrets in one shared secret, in the group's own order
(draft-ietf-tls-ecdhe-mlkem sections 4.1 to 4.3). With ML-KEM the two sides do not do the same: the client
sends an encapsulation key, the server a ciphertext made with it. That is why answering is a function of its
own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
    MLKEM1024PrivateKey,
    MLKEM1024PublicKey,
)

from handshake.crypto.dh_groups import FFDHE_GROUPS
from handshake.crypto.key_exchange import ECDHKeyPair, GroupKeyPair, generate_key_pair, supported_groups
from handshake.errors import Fault, PeerFault
from handshake.wire.registry import NamedGroup, group_name

_PrivateKey = MLKEM768PrivateKey | MLKEM1024PrivateKey
_PublicKey = MLKEM768PublicKey | MLKEM1024PublicKey


@dataclass(frozen=True, slots=True)
class _HybridGroup:
    """What a hybrid group is made of. Lengths are bytes (FIPS 203 table 3; RFC 8446 section 4.2.8.2)."""

    curve: int
    ml_kem_first: bool
    private_key: type[_PrivateKey]
    public_key: type[_PublicKey]
    encapsulation_key_length: int
    ciphertext_length: int
    point_length: int

    def join(self, ml_kem: bytes, curve: bytes) -> bytes:
        """Both parts in the group's order."""
        return ml_kem + curve if self.ml_kem_first else curve + ml_kem

    def split(self, joined: bytes, ml_kem_length: int) -> tuple[bytes, bytes] | None:
        """The part of ML-KEM and that of the curve; None where the length is another."""
        if len(joined) != ml_kem_length + self.point_length:
            return None
        if self.ml_kem_first:
            return joined[:ml_kem_length], joined[ml_kem_length:]
        return joined[self.point_length :], joined[: self.point_length]


_HYBRID_GROUPS: dict[int, _HybridGroup] = {
    NamedGroup.X25519MLKEM768: _HybridGroup(
        NamedGroup.X25519, True, MLKEM768PrivateKey, MLKEM768PublicKey, 1184, 1088, 32
    ),
    NamedGroup.SECP256R1MLKEM768: _HybridGroup(
        NamedGroup.SECP256R1, False, MLKEM768PrivateKey, MLKEM768PublicKey, 1184, 1088, 65
    ),
    NamedGroup.SECP384R1MLKEM1024: _HybridGroup(
        NamedGroup.SECP384R1, False, MLKEM1024PrivateKey, MLKEM1024PublicKey, 1568, 1568, 97
    ),
}
HYBRID_GROUPS = frozenset(map(int, _HYBRID_GROUPS))
"""The groups of ML-KEM and a curve that can be computed."""

KEY_SHARE_GROUPS = supported_groups() | FFDHE_GROUPS | HYBRID_GROUPS
"""The groups in which a key share of TLS 1.3 can be made and used."""


@dataclass(frozen=True, slots=True)
class HybridKeyPair:
    """A client's key in a hybrid group."""

    named_group: int
    ml_kem: _PrivateKey = field(repr=False)
    ecdh: ECDHKeyPair

    @classmethod
    def generate(cls, named_group: int) -> "HybridKeyPair":
        """A fresh key in one of `HYBRID_GROUPS`."""
        group = _HYBRID_GROUPS[named_group]
        return cls(named_group, group.private_key.generate(), ECDHKeyPair.generate(group.curve))

    @property
    def public_bytes(self) -> bytes:
        """key_exchange as a client sends it."""
        encapsulation_key = self.ml_kem.public_key().public_bytes_raw()
        return _HYBRID_GROUPS[self.named_group].join(encapsulation_key, self.ecdh.public_bytes)

    def shared_secret(self, peer_public: bytes) -> bytes:
        """The shared secret of a server's key_exchange; raises `PeerFault(ILLEGAL_PARAMETER)` for one of
        another length and for a point that is none (draft-ietf-tls-ecdhe-mlkem section 4.2).
        """
        group = _HYBRID_GROUPS[self.named_group]
        parts = group.split(peer_public, group.ciphertext_length)
        if parts is None:
            raise _no_key_exchange(self.named_group, peer_public)
        ciphertext, point = parts
        return group.join(self.ml_kem.decapsulate(ciphertext), self.ecdh.shared_secret(point))


@dataclass(frozen=True, slots=True)
class KeyShareAnswer:
    """A server's part: its own key_exchange and the shared secret."""

    key_exchange: bytes
    shared_secret: bytes = field(repr=False)


def generate_key_share(named_group: int, entropy: Callable[[int], bytes]) -> GroupKeyPair:
    """A client's fresh key; raises `LocalError` for a group that is not in `KEY_SHARE_GROUPS`."""
    if named_group in HYBRID_GROUPS:
        return HybridKeyPair.generate(named_group)
    return generate_key_pair(named_group, entropy)


def answer_key_share(
    named_group: int, key_exchange: bytes, entropy: Callable[[int], bytes]
) -> KeyShareAnswer:
    """A server's answer to a client's key_exchange. Raises `PeerFault(ILLEGAL_PARAMETER)` for one that is no
    key of the group: of another length, or not of the form of FIPS 203 section 7.2, or no point.
    """
    if named_group not in HYBRID_GROUPS:
        pair = generate_key_pair(named_group, entropy)
        return KeyShareAnswer(pair.public_bytes, pair.shared_secret(key_exchange))
    group = _HYBRID_GROUPS[named_group]
    parts = group.split(key_exchange, group.encapsulation_key_length)
    if parts is None:
        raise _no_key_exchange(named_group, key_exchange)
    encapsulation_key, point = parts
    try:
        secret, ciphertext = group.public_key.from_public_bytes(encapsulation_key).encapsulate()
    except ValueError as error:
        raise _no_key_exchange(named_group, key_exchange) from error
    ecdh = ECDHKeyPair.generate(group.curve)
    return KeyShareAnswer(
        group.join(ciphertext, ecdh.public_bytes), group.join(secret, ecdh.shared_secret(point))
    )


def _no_key_exchange(named_group: int, received: bytes) -> PeerFault:
    return PeerFault(
        Fault.ILLEGAL_PARAMETER,
        f"the peer's {len(received)} bytes are no key_exchange in {group_name(named_group)}",
    )
