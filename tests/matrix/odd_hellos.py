"""Hellos that lack one thing each, for asking what servers require: nothing but what they are made of is
meant by their names.
"""

from msgspec.structs import replace

from clients.player import PlayedHello, Player
from handshake.hello_template import ExtensionTemplate, Fill, HelloTemplate
from handshake.wire.cipher_suites import TLS_FALLBACK_SCSV
from handshake.wire.extensions import (
    push_alpn,
    push_key_share_list,
    push_signature_algorithms,
    push_supported_groups,
    push_supported_versions,
)
from handshake.wire.registry import ExtensionType, NamedGroup, ProtocolVersion, SignatureScheme

TLS_1_0, TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
RSA, ECDHE_RSA, ECDHE_ECDSA = 0x009C, 0xC02F, 0xC02B
P256, P384, X25519 = NamedGroup.SECP256R1, NamedGroup.SECP384R1, NamedGroup.X25519
RSA_SHA1, RSA_SHA256 = SignatureScheme.RSA_PKCS1_SHA1, SignatureScheme.RSA_PKCS1_SHA256
PSS, ECDSA = SignatureScheme.RSA_PSS_RSAE_SHA256, SignatureScheme.ECDSA_SECP256R1_SHA256
DSA_SHA256 = SignatureScheme.DSA_SHA256
KEY_SHARE = ExtensionTemplate(
    ExtensionType.KEY_SHARE, push_key_share_list(((P256, bytes(65)),)), Fill.KEY_SHARE
)


def groups(*codes: int) -> ExtensionTemplate:
    return ExtensionTemplate(ExtensionType.SUPPORTED_GROUPS, push_supported_groups(codes))


def schemes(*codes: int) -> ExtensionTemplate:
    return ExtensionTemplate(ExtensionType.SIGNATURE_ALGORITHMS, push_signature_algorithms(codes))


def versions(*codes: int) -> ExtensionTemplate:
    return ExtensionTemplate(ExtensionType.SUPPORTED_VERSIONS, push_supported_versions(codes))


def protocols(*names: bytes) -> ExtensionTemplate:
    return ExtensionTemplate(ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION, push_alpn(names))


def hello(suites: tuple[int, ...], *extensions: ExtensionTemplate, version: int = TLS_1_2) -> HelloTemplate:
    return HelloTemplate(version, suites, extensions=extensions or None)


SIGNED, NAMED = schemes(RSA_SHA256, PSS, ECDSA), groups(X25519, P256)
HELLOS = {
    "TLS 1.0, RC4 alone": hello((0x0005,), version=TLS_1_0),
    "all that is needed": hello((ECDHE_RSA, RSA), SIGNED, NAMED),
    "RSA key exchange, no signature_algorithms": hello((RSA,), NAMED),
    "ECDHE, no signature_algorithms": hello((ECDHE_RSA,), NAMED),
    "ECDHE, no supported_groups": hello((ECDHE_RSA,), SIGNED),
    "RSA key exchange, no extensions": hello((RSA,)),
    "ECDHE, no extensions": hello((ECDHE_RSA,)),
    "ECDSA, no P-256": hello((ECDHE_ECDSA,), SIGNED, groups(P384)),
    "no group in common": hello((ECDHE_RSA,), SIGNED, groups(NamedGroup.SECP192K1)),
    "no group but a rare one, RSA key exchange too": hello(
        (ECDHE_RSA, RSA), SIGNED, groups(NamedGroup.SECP192K1)
    ),
    "ECDHE_RSA, schemes for ECDSA": hello((ECDHE_RSA,), schemes(ECDSA), NAMED),
    "RSA key exchange, schemes for ECDSA": hello((RSA,), schemes(ECDSA), NAMED),
    "ECDHE_RSA, SHA-1 alone": hello((ECDHE_RSA,), schemes(RSA_SHA1), NAMED),
    "RSA key exchange, SHA-1 alone": hello((RSA,), schemes(RSA_SHA1), NAMED),
    "a fallback to TLS 1.0": hello((0x002F, TLS_FALLBACK_SCSV), version=TLS_1_0),
    "a fallback to TLS 1.2": hello((ECDHE_RSA, RSA, TLS_FALLBACK_SCSV), SIGNED, NAMED),
    "an unknown application protocol": hello((ECDHE_RSA, RSA), SIGNED, NAMED, protocols(b"x-unknown")),
    "TLS 1.3": hello((0x1301,), SIGNED, groups(P256), versions(TLS_1_3), KEY_SHARE),
    "TLS 1.3, RSA PKCS #1 alone": hello(
        (0x1301,), schemes(RSA_SHA256), groups(P256), versions(TLS_1_3), KEY_SHARE
    ),
    "TLS 1.3, no group in common": hello(
        (0x1301,),
        SIGNED,
        groups(NamedGroup.SECP192K1),
        versions(TLS_1_3),
        ExtensionTemplate(ExtensionType.KEY_SHARE, push_key_share_list(())),
    ),
}


PLAIN = hello((ECDHE_RSA, RSA, 0x002F), SIGNED, NAMED)
ODDLY_SENT = {
    "two segments": replace(PLAIN, segments=(60,), pause_seconds=0.2),
    **{f"a first record of {size}": replace(PLAIN, records=(size,)) for size in range(1, 8)},
    "records of one byte": replace(PLAIN, records=(1,) * 512),
    **{
        f"{length} bytes": replace(PLAIN, length=length)
        for length in (1536, 16384, 16388, 16389, 32772, 32773, 40960)
    },
}
"""A hello that lacks nothing, delivered in odd ways, and padded to odd lengths."""


def player(name: str) -> Player:
    """A client with one of these hellos and no policy of its own."""
    return Player((PlayedHello({**HELLOS, **ODDLY_SENT}[name]),))
