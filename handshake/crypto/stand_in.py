"""Public keys for the groups that cannot be computed here: fresh, of the right form, without a private half.

A captured hello must go out in its own length, but never with its recorded key. Random bytes alone would not
do: a server that picks the group reads the key first (OpenSSL 4.0.3 refuses an ML-KEM key that is no list of
numbers below 3329, with illegal_parameter), and it must not be blamed for that. What nobody can compute is
told from what the server answers.
"""

from collections.abc import Callable

from handshake.crypto.key_exchange import ECDHKeyPair
from handshake.wire.registry import NamedGroup

ML_KEM_MODULUS = 3329
"""q of FIPS 203 section 2.4; an encapsulation key is 256 numbers below it for each rank, 12 bits each, and a
seed of 32 bytes (sections 5.1 and 7.2).
"""

Entropy = Callable[[int], bytes]


def stand_in_key_exchange(named_group: int, length: int, entropy: Entropy) -> bytes:
    """`length` bytes that read as a key of the group where its form is known, else random ones."""
    parts = _PARTS.get(named_group)
    if parts is not None:
        key = b"".join(part(entropy) for part in parts)
        if len(key) == length:
            return key
    return entropy(length)


def _ml_kem(rank: int) -> Callable[[Entropy], bytes]:
    def encapsulation_key(entropy: Entropy) -> bytes:
        drawn = entropy(2 * 256 * rank)
        numbers = [int.from_bytes(drawn[i : i + 2], "big") % ML_KEM_MODULUS for i in range(0, len(drawn), 2)]
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        return b"".join([(low | high << 12).to_bytes(3, "little") for low, high in pairs]) + entropy(32)

    return encapsulation_key


def _curve(named_group: int) -> Callable[[Entropy], bytes]:
    return lambda entropy: ECDHKeyPair.generate(named_group).public_bytes


_X25519, _P256 = _curve(NamedGroup.X25519), _curve(NamedGroup.SECP256R1)
# In the order of draft-tls-westerbaan-xyber768d00 section 3.
_PARTS: dict[int, tuple[Callable[[Entropy], bytes], ...]] = {
    NamedGroup.MLKEM512: (_ml_kem(2),),
    NamedGroup.MLKEM768: (_ml_kem(3),),
    NamedGroup.MLKEM1024: (_ml_kem(4),),
    NamedGroup.X25519KYBER768DRAFT00: (_X25519, _ml_kem(3)),
    NamedGroup.SECP256R1KYBER768DRAFT00: (_P256, _ml_kem(3)),
}
