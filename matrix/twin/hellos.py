"""The hellos that questions are made of: as wide as may be, or of one thing alone. Pure.

A wide hello offers everything that this program can complete, so that the server chooses what it likes best
and says what it knows. Its code points are those that an emulated server can choose too.
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from handshake.crypto.dh_groups import FFDHE_GROUPS
from handshake.crypto.key_shares import KEY_SHARE_GROUPS
from handshake.crypto.signatures import is_verifiable
from handshake.crypto.suite_parameters import is_completable
from handshake.features.edits import put, remove
from handshake.hello_template import ExtensionTemplate, Fill, HelloTemplate
from handshake.wire.cipher_suites import CIPHER_SUITES, TLS_EMPTY_RENEGOTIATION_INFO_SCSV
from handshake.wire.extensions import (
    push_alpn,
    push_ec_point_formats,
    push_key_share_list,
    push_psk_key_exchange_modes,
    push_signature_algorithms,
    push_supported_groups,
    push_supported_versions,
)
from handshake.wire.named_groups import is_negotiable
from handshake.wire.registry import ExtensionType, NamedGroup, ProtocolVersion, SignatureScheme
from handshake.wire.suite_versions import suite_versions

_E, _V = ExtensionType, ProtocolVersion
SSL_AND_TLS = (_V.TLS_1_3, _V.TLS_1_2, _V.TLS_1_1, _V.TLS_1_0, _V.SSL_3_0)
"""The versions that are asked for, the highest first."""
SCSV = TLS_EMPTY_RENEGOTIATION_INFO_SCSV
UNKNOWN_SUITES = (0xFF20, 0xFF21)
"""Cipher suites that nobody has: they are for private use (RFC 8446 appendix B.4)."""
UNKNOWN_GROUP = 0xFE20
"""A group that nobody has: it is for private use (RFC 8446 section 4.2.7)."""
UNKNOWN_SCHEME = 0xFE20
"""A signature scheme that nobody has: it is for private use (RFC 8446 section 4.2.3)."""
SESSION_ID_LENGTH = 32
PSK_DHE_KE = 1
FIRST_GROUPS = (NamedGroup.X25519, NamedGroup.SECP256R1, NamedGroup.SECP384R1)
"""The groups that clients of today name first."""
NARROW_SUITES = (
    0xC02F, 0xC030, 0xC02B, 0xC02C, 0xC013, 0xC014, 0xC009, 0xC00A,
    0x009C, 0x002F, 0x0035, 0x000A, 0x0005, 0x0032, 0x0033,
)  # fmt: skip
"""Suites that most servers have some of, for a hello that is short."""


def suites_for(version: int) -> tuple[int, ...]:
    """The cipher suites that can be completed in `version`, AEADs and key exchanges with forward secrecy
    first.
    """
    possible = []
    for code in CIPHER_SUITES:
        versions = suite_versions(code)
        if versions is not None and versions.lowest <= version <= versions.highest and is_completable(code):
            possible.append(code)
    return tuple(sorted(possible, key=_rank))


def groups_for(version: int) -> tuple[int, ...]:
    """The groups in which a key exchange can be completed in `version`, the common ones first."""
    groups = (group for group in KEY_SHARE_GROUPS if is_negotiable(group, version))
    others = sorted(set(groups) - set(FIRST_GROUPS) - (FFDHE_GROUPS if version < _V.TLS_1_3 else set()))
    return (*FIRST_GROUPS, *others)


def schemes() -> tuple[int, ...]:
    """The signature schemes that can be verified, in the order of their numbers from SHA-256 on."""
    known = sorted(scheme for scheme in SignatureScheme if is_verifiable(scheme))
    weak = [scheme for scheme in known if scheme >> 8 in (1, 2, 3)]
    return (*(scheme for scheme in known if scheme not in weak), *reversed(weak))


def wide(version: int, suites: Iterable[int] | None = None) -> HelloTemplate:
    """A hello of `version` with all suites, groups and schemes; TLS 1.3 is offered alone."""
    suites = suites_for(version) if suites is None else tuple(suites)
    if version <= _V.SSL_3_0:
        return _hello(version, (*suites, SCSV), None)
    extensions = [
        ExtensionTemplate(_E.SERVER_NAME, fill=Fill.SERVER_NAME),
        ExtensionTemplate(_E.SUPPORTED_GROUPS, push_supported_groups(groups_for(version))),
        ExtensionTemplate(_E.EC_POINT_FORMATS, push_ec_point_formats((0,))),
    ]
    if version >= _V.TLS_1_2:
        extensions.append(ExtensionTemplate(_E.SIGNATURE_ALGORITHMS, push_signature_algorithms(schemes())))
    if version >= _V.TLS_1_3:
        extensions += [
            ExtensionTemplate(_E.SUPPORTED_VERSIONS, push_supported_versions((version,))),
            ExtensionTemplate(_E.PSK_KEY_EXCHANGE_MODES, push_psk_key_exchange_modes((PSK_DHE_KE,))),
            key_shares(FIRST_GROUPS[:2]),
        ]
    extensions.append(ExtensionTemplate(_E.RENEGOTIATION_INFO, b"\x00"))
    return _hello(version, suites, tuple(extensions))


def narrow(version: int) -> tuple[HelloTemplate, ...]:
    """Hellos of `version` that offer little, for a server that minds something of the wide one: each offers
    less than the one before.
    """
    if version >= _V.TLS_1_3:
        hello = wide(version)
        return (
            remove(hello, _E.RENEGOTIATION_INFO),
            with_groups(remove(hello, _E.RENEGOTIATION_INFO), FIRST_GROUPS),
        )
    suites = [code for code in NARROW_SUITES if code in suites_for(version)]
    if version <= _V.SSL_3_0:
        return (_hello(version, (*suites, SCSV), None), _hello(version, suites, None))
    hello = with_groups(wide(version, suites), FIRST_GROUPS)
    bare = tuple(each for each in hello.extensions or () if each.extension_type in _NEEDED_IN_1_2)
    if version < _V.TLS_1_2:
        bare = ()
    return (
        hello,
        replace(hello, cipher_suites=(*suites, SCSV), extensions=bare or None),
        replace(hello, extensions=bare or None),
        replace(hello, extensions=None),
    )


_NEEDED_IN_1_2 = (_E.SIGNATURE_ALGORITHMS,)


def key_shares(groups: Iterable[int]) -> ExtensionTemplate:
    """A key_share with fresh shares in these groups."""
    shares = tuple((int(group), b"\x00") for group in groups)
    return ExtensionTemplate(_E.KEY_SHARE, push_key_share_list(shares), fill=Fill.KEY_SHARE)


def with_suites(hello: HelloTemplate, suites: Sequence[int]) -> HelloTemplate:
    """The hello with these suites, and with its signal of RFC 5746 if that is a suite."""
    signal = (SCSV,) if SCSV in hello.cipher_suites else ()
    return replace(hello, cipher_suites=(*suites, *signal))


def with_groups(hello: HelloTemplate, groups: Sequence[int]) -> HelloTemplate:
    """The hello with these groups, and key shares in those of them that it had shares in."""
    return put(hello, ExtensionTemplate(_E.SUPPORTED_GROUPS, push_supported_groups(tuple(groups))))


def with_shares(hello: HelloTemplate, groups: Sequence[int]) -> HelloTemplate:
    """The hello with key shares in these groups alone; none leaves an empty list (RFC 8446 section 4.2.8)."""
    return put(hello, key_shares(groups))


def with_schemes(hello: HelloTemplate, offered: Sequence[int]) -> HelloTemplate:
    """The hello with these signature schemes."""
    return put(hello, ExtensionTemplate(_E.SIGNATURE_ALGORITHMS, push_signature_algorithms(tuple(offered))))


def with_protocols(hello: HelloTemplate, names: Sequence[bytes]) -> HelloTemplate:
    """The hello with these application protocols (RFC 7301)."""
    body = push_alpn(tuple(names))
    return put(hello, ExtensionTemplate(_E.APPLICATION_LAYER_PROTOCOL_NEGOTIATION, body))


def without(hello: HelloTemplate, extension_type: int) -> HelloTemplate:
    """The hello without the extension, even where another one needs it."""
    left = tuple(each for each in hello.extensions or () if each.extension_type != extension_type)
    return replace(hello, extensions=left or None)


def has(hello: HelloTemplate, extension_type: int) -> bool:
    """Whether the hello has the extension."""
    return any(each.extension_type == extension_type for each in hello.extensions or ())


def _hello(
    version: int, suites: Sequence[int], extensions: tuple[ExtensionTemplate, ...] | None
) -> HelloTemplate:
    return HelloTemplate(
        client_version=min(version, _V.TLS_1_2),
        cipher_suites=tuple(suites),
        record_version=_V.SSL_3_0 if version <= _V.SSL_3_0 else _V.TLS_1_0,
        session_id_length=SESSION_ID_LENGTH if version >= _V.TLS_1_3 else 0,
        extensions=extensions,
    )


def _rank(code: int) -> tuple[bool, bool, int]:
    name = CIPHER_SUITES[code].iana
    is_weak = any(word in name for word in ("NULL", "EXPORT", "anon", "_DES_", "RC4", "RC2"))
    return is_weak, "DHE" not in name, -code
