"""Hellos of 2026 with a post-quantum key share, as templates: what of them bears on a server's choices.

Captured from OpenSSL 4.0.3 (library default) and Chromium 156 on Debian 12; lists, lengths and GREASE values
are theirs, and RECORDED stands where each had its public keys.
"""

from msgspec.structs import replace

from handshake.hello_template import ExtensionTemplate, Fill, HelloTemplate
from handshake.wire.extensions import push_key_share_list, push_signature_algorithms, push_supported_groups
from handshake.wire.registry import ExtensionType, ProtocolVersion

GREASE = tuple(0x0A0A + 0x1010 * number for number in range(16))
"""The sixteen values of RFC 8701 section 2."""

RECORDED = b"\xc5"
X25519, SECP256R1, X25519MLKEM768 = 0x001D, 0x0017, 0x11EC
OPENSSL_SHARES = ((X25519MLKEM768, 1216), (X25519, 32))
CHROMIUM_SHARES = ((0xFAFA, 1), (X25519MLKEM768, 1216), (X25519, 32))


def extension(extension_type: int, body: str = "") -> ExtensionTemplate:
    """An extension by its body in hex."""
    return ExtensionTemplate(extension_type, bytes.fromhex(body))


def shares(*lengths: tuple[int, int]) -> ExtensionTemplate:
    """A key_share as captured: a group and the length of its key, each byte the recorded one."""
    body = push_key_share_list(tuple((group, RECORDED * length) for group, length in lengths))
    return ExtensionTemplate(ExtensionType.KEY_SHARE, body, Fill.KEY_SHARE)


def groups(*named_groups: int) -> ExtensionTemplate:
    """A supported_groups."""
    return ExtensionTemplate(ExtensionType.SUPPORTED_GROUPS, push_supported_groups(named_groups))


def schemes(*codes: int) -> ExtensionTemplate:
    """A signature_algorithms."""
    return ExtensionTemplate(ExtensionType.SIGNATURE_ALGORITHMS, push_signature_algorithms(codes))


def versions(*listed: int) -> ExtensionTemplate:
    """A supported_versions."""
    body = b"".join(version.to_bytes(2, "big") for version in listed)
    return ExtensionTemplate(ExtensionType.SUPPORTED_VERSIONS, bytes((len(body),)) + body)


def replaced(template: HelloTemplate, *extensions: ExtensionTemplate) -> HelloTemplate:
    """The template with these extensions in the place of its own of the same types, new ones at the end."""
    new = {each.extension_type: each for each in extensions}
    old = tuple(new.pop(each.extension_type, each) for each in template.extensions or ())
    return replace(template, extensions=(*old, *new.values()))


OPENSSL_4 = HelloTemplate(
    ProtocolVersion.TLS_1_2,
    (0x1302, 0x1303, 0x1301, 0xC02C, 0xC030, 0x009F, 0xC02B, 0xC02F, 0x009E, 0x009D, 0x009C, 0x002F),
    session_id_length=32,
    extensions=(
        extension(ExtensionType.RENEGOTIATION_INFO, "00"),
        extension(ExtensionType.EC_POINT_FORMATS, "0100"),
        extension(
            ExtensionType.SUPPORTED_GROUPS, "0016 11ec 11eb 11ee 001d 0017 001e 0018 0019 0029 0100 0101"
        ),
        extension(ExtensionType.EXTENDED_MASTER_SECRET),
        extension(
            ExtensionType.SIGNATURE_ALGORITHMS,
            "0036 0905 0906 0904 0403 0503 0603 0807 0808 081a 081b 081c 0809 080a 080b 0804 0805 0806 0401"
            "0501 0601 0303 0301 0302 0402 0502 0602 0708",
        ),
        extension(ExtensionType.SUPPORTED_VERSIONS, "04 0304 0303"),
        extension(ExtensionType.PSK_KEY_EXCHANGE_MODES, "0101"),
        shares(*OPENSSL_SHARES),
        ExtensionTemplate(ExtensionType.SERVER_NAME, fill=Fill.SERVER_NAME),
    ),
)

CHROMIUM_156 = HelloTemplate(
    ProtocolVersion.TLS_1_2,
    (0x3A3A, 0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xC013, 0xC014, 0x009C, 0x009D, 0x002F),
    session_id_length=32,
    extensions=(
        extension(0xEAEA),
        extension(ExtensionType.SUPPORTED_GROUPS, "000a fafa 11ec 001d 0017 0018"),
        ExtensionTemplate(ExtensionType.SERVER_NAME, fill=Fill.SERVER_NAME),
        extension(ExtensionType.PSK_KEY_EXCHANGE_MODES, "0101"),
        extension(ExtensionType.SUPPORTED_VERSIONS, "06 7a7a 0304 0303"),
        extension(
            ExtensionType.SIGNATURE_ALGORITHMS,
            "0018 baba 0904 0905 0906 0403 0804 0401 0503 0805 0501 0806 0601",
        ),
        shares(*CHROMIUM_SHARES),
        extension(ExtensionType.RENEGOTIATION_INFO, "00"),
        extension(ExtensionType.EC_POINT_FORMATS, "0100"),
        extension(ExtensionType.EXTENDED_MASTER_SECRET),
        extension(0xCACA, "00"),
    ),
)
