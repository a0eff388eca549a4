"""What the flags make of the engine's two roles: a client's hello and policy, a server's configuration.

What is not asked for is as in the runner's own shim, for its tests count on it: which suites, groups and
signature schemes are there, and their order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from handshake.crypto.credentials import Credential
from handshake.crypto.key_exchange import supported_groups
from handshake.errors import LocalError
from handshake.hello_template import ClientPolicy, ExtensionTemplate, Fill, HelloTemplate
from handshake.record_splitting import RecordSplitting
from handshake.renegotiation import Renegotiation
from handshake.server import ClientCertificate, Preference, RenegotiationRules, ServerConfiguration
from handshake.wire.buffer import pack_vector
from handshake.wire.cipher_suites import TLS_FALLBACK_SCSV, parse_cipher_suite
from handshake.wire.extensions import (
    push_ec_point_formats,
    push_key_share_list,
    push_psk_key_exchange_modes,
    push_renegotiation_info,
    push_signature_algorithms,
    push_supported_groups,
    push_supported_versions,
)
from handshake.wire.messages import Alert
from handshake.wire.registry import (
    AlertDescription,
    AlertLevel,
    ExtensionType,
    NamedGroup,
    ProtocolVersion,
    SignatureScheme,
)
from handshake.wire.suite_versions import suite_versions
from tests.bogo.flags import Flags, Unimplemented

VERSIONS = (
    ProtocolVersion.TLS_1_3,
    ProtocolVersion.TLS_1_2,
    ProtocolVersion.TLS_1_1,
    ProtocolVersion.TLS_1_0,
)
GROUPS = (NamedGroup.X25519, NamedGroup.SECP256R1, NamedGroup.SECP384R1)
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
SUITES_13 = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
SUITES_12 = (
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
)
_NO_RENEGOTIATION = RenegotiationRules(
    allowed=Renegotiation.OFF,
    refusal=Alert(AlertLevel.FATAL, AlertDescription.NO_RENEGOTIATION),
)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a compliance policy leaves of the suites up to TLS 1.2 and 1.3, the groups and the schemes."""

    suites: tuple[str, ...]
    groups: tuple[int, ...]
    schemes: tuple[int, ...]


_AES_256 = (
    "TLS_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
)
_AES_128 = (
    "TLS_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
)
_SHA384 = (
    SignatureScheme.RSA_PKCS1_SHA384,
    SignatureScheme.ECDSA_SECP384R1_SHA384,
    SignatureScheme.RSA_PSS_RSAE_SHA384,
)
_SHA512 = (SignatureScheme.RSA_PKCS1_SHA512, SignatureScheme.RSA_PSS_RSAE_SHA512)
_SHA256 = (
    SignatureScheme.RSA_PKCS1_SHA256,
    SignatureScheme.ECDSA_SECP256R1_SHA256,
    SignatureScheme.RSA_PSS_RSAE_SHA256,
)
POLICIES = {
    "fips_202205": Policy(
        (*_AES_128, *_AES_256),
        (NamedGroup.SECP256R1, NamedGroup.SECP384R1),
        (*_SHA256, *_SHA384, *_SHA512),
    ),
    "wpa_202304": Policy(_AES_256, (NamedGroup.SECP384R1,), (*_SHA384, *_SHA512)),
    "cnsa1_202603": Policy((*_AES_256, "TLS_RSA_WITH_AES_256_GCM_SHA384"), (NamedGroup.SECP384R1,), _SHA384),
}
"""As the runner's own shim has them, without ML-KEM."""


def policy(flags: Flags) -> Policy | None:
    """The policy that the connection keeps to, if any."""
    return next((each for name, each in POLICIES.items() if getattr(flags, name)), None)


class AnyCertificate(tuple[bytes, ...]):
    """The certificates of a server that takes whichever a client shows."""

    __slots__ = ()

    def __contains__(self, certificate: object) -> bool:
        """Every one is in it."""
        return True


def versions(flags: Flags) -> tuple[int, ...]:
    """The versions that are left, the highest first. Raises Unimplemented where none is."""
    switched_off = {
        ProtocolVersion.TLS_1_3: flags.no_tls13,
        ProtocolVersion.TLS_1_2: flags.no_tls12,
        ProtocolVersion.TLS_1_1: flags.no_tls11,
        ProtocolVersion.TLS_1_0: flags.no_tls1,
    }
    highest = flags.max_version or ProtocolVersion.TLS_1_3
    lowest = max(flags.min_version, 0 if policy(flags) is None else ProtocolVersion.TLS_1_2)
    left = tuple(v for v in VERSIONS if lowest <= v <= highest and not switched_off[v])
    if not left:
        raise Unimplemented("no version is left")
    return left


def suites(flags: Flags) -> tuple[int, ...]:
    """The suites in order, those of TLS 1.3 first, which `-cipher` says nothing of."""
    names = (*SUITES_13, *SUITES_12)
    kept_to = policy(flags)
    if kept_to is not None:
        names = kept_to.suites
    elif flags.cipher:
        names = (*SUITES_13, *flags.cipher.split(":"))
    try:
        return tuple(parse_cipher_suite(name) for name in names)
    except ValueError as error:
        raise Unimplemented(f"-cipher {flags.cipher}") from error


def groups(flags: Flags) -> tuple[int, ...]:
    """The groups in order. Raises Unimplemented for one that cannot be computed."""
    kept_to = policy(flags)
    chosen = tuple(flags.curves) or (GROUPS if kept_to is None else kept_to.groups)
    if not set(chosen) <= supported_groups():
        raise Unimplemented("-curves")
    return chosen


def schemes(flags: Flags) -> tuple[int, ...]:
    """The schemes that the peer may sign with."""
    kept_to = policy(flags)
    return tuple(flags.verify_prefs) or (SCHEMES if kept_to is None else kept_to.schemes)


def credentials(flags: Flags) -> Mapping[str, Credential]:
    """The certificate to show, by its type."""
    if not flags.cert_file or not flags.key_file:
        return {}
    credential = _credential(flags.key_file, flags.cert_file)
    kept_to = policy(flags)
    signs_with = tuple(flags.signing_prefs) or (None if kept_to is None else kept_to.schemes)
    credential = replace(credential, signature_schemes=signs_with)
    return {credential.certificate_type: credential}


@lru_cache(maxsize=64)
def _credential(key_file: str, cert_file: str) -> Credential:
    try:
        return Credential.from_pem(Path(key_file).read_text(), Path(cert_file).read_text())
    except LocalError as error:
        raise Unimplemented("-key-file") from error


def client_policy(flags: Flags) -> ClientPolicy:
    """What the client does about renegotiations; without a flag for it, it refuses them."""
    renegotiates = flags.renegotiate_freely or flags.renegotiate_once
    return ClientPolicy(
        renegotiation=Renegotiation.LEGACY if renegotiates else Renegotiation.OFF,
        hello_request="ignore" if flags.renegotiate_ignore else "renegotiate" if renegotiates else "abort",
        missing_renegotiation_info="abort" if flags.no_legacy_server_connect else "accept",
        record_splitting=RecordSplitting.ONE_REST if flags.cbc_record_splitting else RecordSplitting.NONE,
    )


def hello_template(flags: Flags) -> HelloTemplate:
    """The client's hello."""
    offered = versions(flags)
    highest, is_tls13 = offered[0], offered[0] >= ProtocolVersion.TLS_1_3
    shares = tuple(flags.key_shares) or groups(flags)[:1]
    codes = tuple(code for code in suites(flags) if _is_for(code, offered))
    extensions = [
        ExtensionTemplate(ExtensionType.SERVER_NAME, fill=Fill.SERVER_NAME) if flags.host_name else None,
        ExtensionTemplate(ExtensionType.EXTENDED_MASTER_SECRET),
        ExtensionTemplate(ExtensionType.RENEGOTIATION_INFO, push_renegotiation_info(b"")),
        ExtensionTemplate(ExtensionType.SUPPORTED_GROUPS, push_supported_groups(groups(flags))),
        ExtensionTemplate(ExtensionType.EC_POINT_FORMATS, push_ec_point_formats((0,))),
        None if flags.no_ticket else ExtensionTemplate(ExtensionType.SESSION_TICKET),
        _alpn(flags),
        ExtensionTemplate(ExtensionType.STATUS_REQUEST, b"\x01\x00\x00\x00\x00")
        if flags.enable_ocsp_stapling
        else None,
        ExtensionTemplate(
            ExtensionType.SIGNATURE_ALGORITHMS,
            push_signature_algorithms(schemes(flags)),
        )
        if highest >= ProtocolVersion.TLS_1_2
        else None,
        ExtensionTemplate(ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP)
        if flags.enable_signed_cert_timestamps
        else None,
    ]
    if is_tls13:
        body = push_key_share_list(tuple((group, b"") for group in shares))
        extensions += [
            ExtensionTemplate(ExtensionType.KEY_SHARE, body, Fill.KEY_SHARE),
            ExtensionTemplate(ExtensionType.PSK_KEY_EXCHANGE_MODES, push_psk_key_exchange_modes((1,))),
            ExtensionTemplate(ExtensionType.SUPPORTED_VERSIONS, push_supported_versions(offered)),
        ]
    return HelloTemplate(
        min(highest, ProtocolVersion.TLS_1_2),
        (*codes, TLS_FALLBACK_SCSV) if flags.fallback_scsv else codes,
        # A hello that may come again inside the connection has no id there: it would offer a session.
        session_id_length=32 if is_tls13 and not (flags.renegotiate_once or flags.renegotiate_freely) else 0,
        extensions=tuple(extension for extension in extensions if extension is not None),
    )


def _is_for(code: int, offered: tuple[int, ...]) -> bool:
    """Whether a suite belongs to one of the versions."""
    possible = suite_versions(code)
    return possible is not None and any(possible.lowest <= v <= possible.highest for v in offered)


def _alpn(flags: Flags) -> ExtensionTemplate | None:
    if not flags.advertise_alpn:
        return None
    body = pack_vector(2, flags.advertise_alpn.encode("latin-1"))
    return ExtensionTemplate(ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION, body)


def server_configuration(flags: Flags) -> ServerConfiguration:
    """The server."""
    asks = ClientCertificate.NO
    if flags.verify_peer:
        asks = ClientCertificate.REQUEST
    if flags.require_any_client_certificate:
        asks = ClientCertificate.REQUIRE
    prefers_own = flags.server_preference or bool(flags.cipher)
    return ServerConfiguration(
        versions=versions(flags),
        cipher_suites=suites(flags),
        credentials=credentials(flags),
        preference=Preference.SERVER if prefers_own else Preference.CLIENT,
        named_groups=groups(flags),
        tickets=not flags.no_ticket,
        sslv2_hello=False,
        client_certificate=asks,
        requested_signature_schemes=schemes(flags),
        trusted_certificates=AnyCertificate(),
        record_splitting=RecordSplitting.ONE_REST if flags.cbc_record_splitting else RecordSplitting.NONE,
        renegotiation=_NO_RENEGOTIATION,
    )
