"""How long a client's key_exchange is in each named group, so that a hello can be described without its keys.

Lengths are bytes. GREASE has one byte, as BoringSSL sends it (RFC 8701 section 3.1 leaves it open).
"""

from collections.abc import Mapping

from handshake.wire.extensions import push_key_share_list
from handshake.wire.registry import NamedGroup, group_name, is_grease

_GREASE_LENGTH = 1
KEY_EXCHANGE_LENGTHS: Mapping[int, int] = {
    # RFC 8446 section 4.2.8.2: uncompressed points, and the u-coordinates of RFC 7748.
    NamedGroup.SECP256R1: 65,
    NamedGroup.SECP384R1: 97,
    NamedGroup.SECP521R1: 133,
    NamedGroup.X25519: 32,
    NamedGroup.X448: 56,
    # RFC 8446 section 4.2.8.1, sizes of RFC 7919 appendix A.
    NamedGroup.FFDHE2048: 256,
    NamedGroup.FFDHE3072: 384,
    NamedGroup.FFDHE4096: 512,
    NamedGroup.FFDHE6144: 768,
    NamedGroup.FFDHE8192: 1024,
    # FIPS 203 table 3, encapsulation keys.
    NamedGroup.MLKEM512: 800,
    NamedGroup.MLKEM768: 1184,
    NamedGroup.MLKEM1024: 1568,
    # draft-ietf-tls-ecdhe-mlkem section 4.1.
    NamedGroup.X25519MLKEM768: 1216,
    NamedGroup.SECP256R1MLKEM768: 1249,
    NamedGroup.SECP384R1MLKEM1024: 1665,
    # draft-tls-westerbaan-xyber768d00 section 3, draft-kwiatkowski-tls-ecdhe-kyber.
    NamedGroup.X25519KYBER768DRAFT00: 1216,
    NamedGroup.SECP256R1KYBER768DRAFT00: 1249,
}


def blank_key_shares(groups: tuple[int, ...]) -> bytes:
    """A key_share body that has a key_exchange of zeros in each group, in the length a client sends.

    Raises ValueError for a group whose length is not known.
    """
    return push_key_share_list(tuple((group, bytes(_length(group))) for group in groups))


def _length(group: int) -> int:
    length = _GREASE_LENGTH if is_grease(group) else KEY_EXCHANGE_LENGTHS.get(group)
    if length is None:
        raise ValueError(
            f"the length of a key share in {group_name(group)} is not known here: write body = with the keys"
        )
    return length
