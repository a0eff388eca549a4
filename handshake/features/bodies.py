"""What an extension says where a hello is given one: the body that most clients send, as far as there is one.

The bodies are those of many of the recorded hellos (`clients/evidence`), or the only one there can be.
"""

from handshake.crypto.key_shares import KEY_SHARE_GROUPS
from handshake.errors import LocalError
from handshake.features.code_points import name_of_extension
from handshake.features.edits import first_of, record_format
from handshake.hello_template import ExtensionTemplate, Fill, HelloTemplate
from handshake.wire.extensions import (
    pull_supported_groups,
    push_key_share_list,
    push_signature_algorithms,
    push_supported_groups,
    push_supported_versions,
)
from handshake.wire.registry import (
    ExtensionType,
    NamedGroup,
    ProtocolVersion,
    SignatureScheme,
    group_name,
    is_grease,
    version_name,
)
from handshake.wire.share_lengths import KEY_EXCHANGE_LENGTHS

KEY_SHARE_LENGTHS = {
    group: length for group, length in KEY_EXCHANGE_LENGTHS.items() if group in KEY_SHARE_GROUPS
}
"""Bytes of a client's key_exchange, of groups that a key can be made in."""

GROUPS = (NamedGroup.X25519, NamedGroup.SECP256R1, NamedGroup.SECP384R1, NamedGroup.SECP521R1)
SCHEMES = (
    SignatureScheme.ECDSA_SECP256R1_SHA256,
    SignatureScheme.RSA_PSS_RSAE_SHA256,
    SignatureScheme.RSA_PKCS1_SHA256,
    SignatureScheme.ECDSA_SECP384R1_SHA384,
    SignatureScheme.RSA_PSS_RSAE_SHA384,
    SignatureScheme.RSA_PKCS1_SHA384,
    SignatureScheme.RSA_PSS_RSAE_SHA512,
    SignatureScheme.RSA_PKCS1_SHA512,
    SignatureScheme.RSA_PKCS1_SHA1,
)

_BODIES = {
    ExtensionType.MAX_FRAGMENT_LENGTH: "04",
    ExtensionType.CLIENT_CERTIFICATE_URL: "",
    ExtensionType.TRUNCATED_HMAC: "",
    ExtensionType.STATUS_REQUEST: "01 0000 0000",
    ExtensionType.CERT_TYPE: "01 00",
    ExtensionType.EC_POINT_FORMATS: "01 00",
    ExtensionType.USE_SRTP: "0002 0001 00",
    ExtensionType.HEARTBEAT: "01",
    ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION: "0009 08 687474702f312e31",
    ExtensionType.STATUS_REQUEST_V2: "0007 02 0004 0000 0000",
    ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP: "",
    ExtensionType.CLIENT_CERTIFICATE_TYPE: "01 00",
    ExtensionType.SERVER_CERTIFICATE_TYPE: "01 00",
    ExtensionType.PADDING: "00",
    ExtensionType.ENCRYPT_THEN_MAC: "",
    ExtensionType.EXTENDED_MASTER_SECRET: "",
    ExtensionType.COMPRESS_CERTIFICATE: "02 0002",
    ExtensionType.RECORD_SIZE_LIMIT: "4001",
    ExtensionType.DELEGATED_CREDENTIAL: "0008 0403 0503 0603 0203",
    ExtensionType.SESSION_TICKET: "",
    ExtensionType.PSK_KEY_EXCHANGE_MODES: "01 01",
    ExtensionType.POST_HANDSHAKE_AUTH: "",
    ExtensionType.RENEGOTIATION_INFO: "00",
    ExtensionType.NEXT_PROTOCOL_NEGOTIATION: "",
    ExtensionType.APPLICATION_SETTINGS: "0003 02 6832",
    ExtensionType.APPLICATION_SETTINGS_NEW: "0003 02 6832",
    ExtensionType.CHANNEL_ID_OLD: "",
    ExtensionType.CHANNEL_ID: "",
    ExtensionType.TOKEN_BINDING: "0010 03 020100",
    ExtensionType.TOKEN_BINDING_DRAFT: "0001 0002 0002",
    ExtensionType.TRUST_ANCHORS: "0000",
    ExtensionType.TLS13_SHORT_HEADER: "",
}
_ECH, _ECH_PAYLOAD = bytes.fromhex("00 0001 0001"), 144
"""Of no meaning, as Chromium 156 has it: AES-128-GCM, and the shortest of its payloads."""
_NEVER_ALONE = {
    ExtensionType.PRE_SHARED_KEY: "it needs a session to resume (RFC 8446 section 4.2.11)",
    ExtensionType.EARLY_DATA: "it needs a session to resume (RFC 8446 section 4.2.10)",
    ExtensionType.COOKIE: "it answers a HelloRetryRequest (RFC 8446 section 4.2.2)",
}


def usual_extension(template: HelloTemplate, extension_type: int) -> ExtensionTemplate:
    """The extension as it would go into this hello. Raises LocalError where that is not known.

    A type that is not registered gets an empty body.
    """
    match extension_type:
        case ExtensionType.SERVER_NAME:
            return ExtensionTemplate(extension_type, fill=Fill.SERVER_NAME)
        case ExtensionType.SUPPORTED_GROUPS:
            return ExtensionTemplate(extension_type, push_supported_groups(GROUPS))
        case ExtensionType.SIGNATURE_ALGORITHMS | ExtensionType.SIGNATURE_ALGORITHMS_CERT:
            return ExtensionTemplate(extension_type, push_signature_algorithms(SCHEMES))
        case ExtensionType.SUPPORTED_VERSIONS:
            return ExtensionTemplate(extension_type, push_supported_versions(_versions(template)))
        case ExtensionType.KEY_SHARE | ExtensionType.KEY_SHARE_DRAFT:
            return ExtensionTemplate(extension_type, _key_share(template), Fill.KEY_SHARE)
        case ExtensionType.ENCRYPTED_CLIENT_HELLO:
            return ExtensionTemplate(extension_type, _ECH, Fill.ECH_GREASE, payload_sizes=(_ECH_PAYLOAD,))
    if extension_type in _NEVER_ALONE:
        raise LocalError(_NEVER_ALONE[ExtensionType(extension_type)])
    body = _BODIES.get(ExtensionType(extension_type)) if extension_type in set(ExtensionType) else ""
    if body is None:
        name = name_of_extension(extension_type)
        raise LocalError(f"no usual body of {name} is known; say which with body:{name}:<hex>")
    return ExtensionTemplate(extension_type, bytes.fromhex(body))


def public_value(group: int) -> bytes:
    """A place holder as long as the group's public value. Raises LocalError where no key can be made."""
    if is_grease(group):
        return bytes(1)  # as Chrome has it, RFC 8701 section 3.1 leaves it open
    if group not in KEY_SHARE_LENGTHS:
        raise LocalError(f"this program makes no key share in {group_name(group)}")
    return bytes(KEY_SHARE_LENGTHS[group])


def _versions(template: HelloTemplate) -> tuple[int, ...]:
    """The versions that the hello offers without the extension, the highest first."""
    version = record_format(template).client_version
    if version not in set(ProtocolVersion):
        raise LocalError(f"its client_version is {version_name(version)}")
    return tuple(range(version, ProtocolVersion.SSL_3_0, -1)) or (version,)


def _key_share(template: HelloTemplate) -> bytes:
    """A share in the first group of the hello that one can be made for; without one an empty list."""
    groups = first_of(template, ExtensionType.SUPPORTED_GROUPS)
    named = () if groups is None else pull_supported_groups(groups.body)
    shares = [(group, public_value(group)) for group in named if group in KEY_SHARE_LENGTHS]
    return push_key_share_list(tuple(shares[:1]))
