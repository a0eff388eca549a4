"""Key shares of TLS 1.3: a fresh one in every group that can be computed, and the answer to one.

A curve and a finite field are one key pair each (`key_exchange`). ML-KEM (FIPS 203) is a group by itself
(draft-ietf-tls-mlkem), and a hybrid group joins it and a curve: both parts in one key_exchange, both secrets
in one shared secret, in the group's own order (draft-ietf-tls-ecdhe-mlkem sections 4.1 to 4.3). With ML-KEM
the two sides do not do the same: the client sends an encapsulation key, the server a ciphertext made with it.
That is why answering is a function of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
    MLKEM1024PrivateKey,
    MLKEM1024PublicKey,
)
from msgspec import Struct

from handshake.crypto.dh_groups import FFDHE_GROUPS
from handshake.crypto.key_exchange import ECDHKeyPair, GroupKeyPair, generate_key_pair, supported_groups
from handshake.errors import Fault, PeerFault
from handshake.wire.registry import NamedGroup, group_name

_PrivateKey = MLKEM768PrivateKey | MLKEM1024PrivateKey
_PublicKey = MLKEM768PublicKey | MLKEM1024PublicKey


class _MLKEMGroup(Struct, frozen=True):
    """What a group is made of; `curve` is None in ML-KEM by itself, where it has no point. Lengths are bytes
    (FIPS 203 table 3; RFC 8446 section 4.2.8.2).
    """

    curve: int | None
    ml_kem_first: bool
    private_key: type[_PrivateKey]
    public_key: type[_PublicKey]
    encapsulation_key_length: int
    ciphertext_length: int
    point_length: int = 0

    def curve_key(self) -> ECDHKeyPair | None:
        """A fresh key on the curve, if there is one."""
        return None if self.curve is None else ECDHKeyPair.generate(self.curve)

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


_ML_KEM_GROUPS: dict[int, _MLKEMGroup] = {
    NamedGroup.MLKEM768: _MLKEMGroup(None, True, MLKEM768PrivateKey, MLKEM768PublicKey, 1184, 1088),
    NamedGroup.MLKEM1024: _MLKEMGroup(None, True, MLKEM1024PrivateKey, MLKEM1024PublicKey, 1568, 1568),
    NamedGroup.X25519MLKEM768: _MLKEMGroup(
        NamedGroup.X25519, True, MLKEM768PrivateKey, MLKEM768PublicKey, 1184, 1088, 32
    ),
    NamedGroup.SECP256R1MLKEM768: _MLKEMGroup(
        NamedGroup.SECP256R1, False, MLKEM768PrivateKey, MLKEM768PublicKey, 1184, 1088, 65
    ),
    NamedGroup.SECP384R1MLKEM1024: _MLKEMGroup(
        NamedGroup.SECP384R1, False, MLKEM1024PrivateKey, MLKEM1024PublicKey, 1568, 1568, 97
    ),
}
HYBRID_GROUPS = frozenset(int(code) for code, group in _ML_KEM_GROUPS.items() if group.curve is not None)
"""The groups of ML-KEM and a curve that can be computed."""

KEY_SHARE_GROUPS = supported_groups() | FFDHE_GROUPS | frozenset(map(int, _ML_KEM_GROUPS))
"""The groups in which a key share of TLS 1.3 can be made and used."""


@dataclass(frozen=True, slots=True)
class MLKEMKeyPair:
    """A client's key in a group of ML-KEM; `ecdh` is its part on the curve of a hybrid one."""

    named_group: int
    ml_kem: _PrivateKey = field(repr=False)
    ecdh: ECDHKeyPair | None

    @classmethod
    def generate(cls, named_group: int) -> "MLKEMKeyPair":
        """A fresh key in such a group."""
        group = _ML_KEM_GROUPS[named_group]
        return cls(named_group, group.private_key.generate(), group.curve_key())

    @property
    def public_bytes(self) -> bytes:
        """key_exchange as a client sends it."""
        encapsulation_key = self.ml_kem.public_key().public_bytes_raw()
        point = b"" if self.ecdh is None else self.ecdh.public_bytes
        return _ML_KEM_GROUPS[self.named_group].join(encapsulation_key, point)

    def shared_secret(self, peer_public: bytes) -> bytes:
        """The shared secret of a server's key_exchange; raises `PeerFault(ILLEGAL_PARAMETER)` for one of
        another length and for a point that is none (draft-ietf-tls-ecdhe-mlkem section 4.2).
        """
        group = _ML_KEM_GROUPS[self.named_group]
        parts = group.split(peer_public, group.ciphertext_length)
        if parts is None:
            raise _no_key_exchange(self.named_group, peer_public)
        ciphertext, point = parts
        on_curve = b"" if self.ecdh is None else self.ecdh.shared_secret(point)
        return group.join(self.ml_kem.decapsulate(ciphertext), on_curve)


@dataclass(frozen=True, slots=True)
class KeyShareAnswer:
    """A server's part: its own key_exchange and the shared secret."""

    key_exchange: bytes
    shared_secret: bytes = field(repr=False)


def generate_key_share(named_group: int, entropy: Callable[[int], bytes]) -> GroupKeyPair:
    """A client's fresh key; raises `LocalError` for a group that is not in `KEY_SHARE_GROUPS`."""
    if named_group in _ML_KEM_GROUPS:
        return MLKEMKeyPair.generate(named_group)
    return generate_key_pair(named_group, entropy)


def answer_key_share(
    named_group: int, key_exchange: bytes, entropy: Callable[[int], bytes]
) -> KeyShareAnswer:
    """A server's answer to a client's key_exchange. Raises `PeerFault(ILLEGAL_PARAMETER)` for one that is no
    key of the group: of another length, or not of the form of FIPS 203 section 7.2, or no point.
    """
    if named_group not in _ML_KEM_GROUPS:
        pair = generate_key_pair(named_group, entropy)
        return KeyShareAnswer(pair.public_bytes, pair.shared_secret(key_exchange))
    group = _ML_KEM_GROUPS[named_group]
    parts = group.split(key_exchange, group.encapsulation_key_length)
    if parts is None:
        raise _no_key_exchange(named_group, key_exchange)
    encapsulation_key, point = parts
    try:
        secret, ciphertext = group.public_key.from_public_bytes(encapsulation_key).encapsulate()
    except ValueError as error:
        raise _no_key_exchange(named_group, key_exchange) from error
    ecdh = group.curve_key()
    if ecdh is None:
        return KeyShareAnswer(ciphertext, secret)
    return KeyShareAnswer(
        group.join(ciphertext, ecdh.public_bytes), group.join(secret, ecdh.shared_secret(point))
    )


def _no_key_exchange(named_group: int, received: bytes) -> PeerFault:
    return PeerFault(
        Fault.ILLEGAL_PARAMETER,
        f"the peer's {len(received)} bytes are no key_exchange in {group_name(named_group)}",
    )
