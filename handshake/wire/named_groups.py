"""In which versions of the protocol a named group may be negotiated (registry "TLS Supported Groups")."""

from handshake.wire.registry import NamedGroup, ProtocolVersion

_OBSOLETE_IN_TLS_1_3 = frozenset(
    {
        *range(NamedGroup.SECT163K1, NamedGroup.SECP256K1 + 1),
        *range(NamedGroup.BRAINPOOLP256R1, NamedGroup.BRAINPOOLP512R1 + 1),
        NamedGroup.ARBITRARY_EXPLICIT_PRIME_CURVES,
        NamedGroup.ARBITRARY_EXPLICIT_CHAR2_CURVES,
    }
)
"""obsolete_RESERVED in RFC 8446 section 4.2.7: TLS 1.3 may not negotiate them."""

_FFDHE_RANGE = range(256, 512)
"""Set aside for finite fields, which no ServerKeyExchange names (RFC 7919 section 2)."""

_NO_NAMED_CURVES = frozenset(
    {
        *_FFDHE_RANGE,
        NamedGroup.BRAINPOOLP256R1TLS13,  # RFC 8734 section 2
        NamedGroup.BRAINPOOLP384R1TLS13,
        NamedGroup.BRAINPOOLP512R1TLS13,
        NamedGroup.CURVESM2,  # RFC 8998 section 2
        NamedGroup.MLKEM512,  # draft-ietf-tls-mlkem
        NamedGroup.MLKEM768,
        NamedGroup.MLKEM1024,
        NamedGroup.SECP256R1MLKEM768,  # draft-ietf-tls-ecdhe-mlkem
        NamedGroup.X25519MLKEM768,
        NamedGroup.SECP384R1MLKEM1024,
        NamedGroup.CURVESM2MLKEM768,
        NamedGroup.X25519KYBER768DRAFT00,  # draft-tls-westerbaan-xyber768d00
        NamedGroup.SECP256R1KYBER768DRAFT00,
        NamedGroup.ARBITRARY_EXPLICIT_PRIME_CURVES,  # they are offered by these numbers, never chosen by them
        NamedGroup.ARBITRARY_EXPLICIT_CHAR2_CURVES,
    }
)
"""What cannot stand in a ServerKeyExchange as a named curve: not a curve, or one for TLS 1.3 only."""


def is_negotiable(named_group: int, version: int) -> bool:
    """Whether a server may choose the group in `version`; of a group that nobody has registered it may."""
    if version >= ProtocolVersion.TLS_1_3:
        return named_group not in _OBSOLETE_IN_TLS_1_3
    return named_group not in _NO_NAMED_CURVES
