"""What the flags make of the client: its hello, its limits and its policy."""

from handshake.accepts import Accepts, Answer
from handshake.hello_template import (
    ClientLimits,
    ClientPolicy,
    ExtensionTemplate,
    Fill,
    HelloTemplate,
    RenegotiationHello,
)
from handshake.record_splitting import RecordSplitting
from handshake.renegotiation import Renegotiation
from handshake.wire.buffer import pack_vector
from handshake.wire.cipher_suites import TLS_FALLBACK_SCSV
from handshake.wire.extensions import (
    push_alpn,
    push_ec_point_formats,
    push_key_share_list,
    push_psk_key_exchange_modes,
    push_renegotiation_info,
    push_signature_algorithms,
    push_supported_groups,
    push_supported_versions,
)
from handshake.wire.registry import ExtensionType, ProtocolVersion
from handshake.wire.suite_versions import suite_versions
from tests.bogo.flags import Flags
from tests.bogo.roles import (
    distrust_alert,
    first_groups,
    groups,
    schemes,
    settings,
    settings_type,
    suites,
    versions,
)


def client_limits(flags: Flags) -> ClientLimits:
    """Which versions it takes, and no certificate at all where it is to find none that it trusts."""
    distrusts = flags.verify_fail and (flags.verify_peer or flags.use_custom_verify_callback)
    return ClientLimits(versions=versions(flags), max_certificates=0 if distrusts else None)


def client_policy(flags: Flags) -> ClientPolicy:
    """What the client does about renegotiations, and about what the flags name. Without a flag for it, it
    refuses renegotiations.
    """
    answers = {"certificate-list-too-long": Answer(alert=distrust_alert(flags))}
    if flags.allow_unknown_alpn_protos:
        answers["alpn-not-offered"] = Answer(goes_on=True)
    renegotiates = _may_renegotiate(flags)
    return ClientPolicy(
        renegotiation=Renegotiation.LEGACY if renegotiates else Renegotiation.OFF,
        hello_request="ignore" if flags.renegotiate_ignore else "renegotiate" if renegotiates else "abort",
        missing_renegotiation_info="abort" if flags.no_legacy_server_connect else "accept",
        record_splitting=RecordSplitting.ONE_REST if flags.cbc_record_splitting else RecordSplitting.NONE,
        application_settings=settings(flags)[1],
        accepts=Accepts(answers),
        renegotiation_hello=RenegotiationHello(verify_data="always"),
    )


def hello_template(flags: Flags) -> HelloTemplate:
    """The client's hello."""
    offered = versions(flags)
    highest, is_tls13 = offered[0], offered[0] >= ProtocolVersion.TLS_1_3
    shares = tuple(flags.key_shares) or first_groups(flags)
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
            *_settings(flags),
            *_ech(flags),
        ]
    return HelloTemplate(
        min(highest, ProtocolVersion.TLS_1_2),
        (*codes, TLS_FALLBACK_SCSV) if flags.fallback_scsv else codes,
        # A hello that may come again inside the connection has no id there: it would offer a session.
        session_id_length=32 if is_tls13 and not _may_renegotiate(flags) else 0,
        extensions=tuple(extension for extension in extensions if extension is not None),
    )


def _may_renegotiate(flags: Flags) -> bool:
    return flags.renegotiate_freely or flags.renegotiate_once or flags.renegotiate_explicit


def _is_for(code: int, offered: tuple[int, ...]) -> bool:
    """Whether a suite belongs to one of the versions."""
    possible = suite_versions(code)
    return possible is not None and any(possible.lowest <= v <= possible.highest for v in offered)


def _alpn(flags: Flags) -> ExtensionTemplate | None:
    if not flags.advertise_alpn:
        return None
    body = pack_vector(2, flags.advertise_alpn.encode("latin-1"))
    return ExtensionTemplate(ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION, body)


def _settings(flags: Flags) -> tuple[ExtensionTemplate, ...]:
    if not flags.application_settings:
        return ()
    return (ExtensionTemplate(settings_type(flags), push_alpn((settings(flags)[0],))),)


def _ech(flags: Flags) -> tuple[ExtensionTemplate, ...]:
    """An encrypted_client_hello of no meaning, with the sizes of BoringSSL."""
    if not flags.enable_ech_grease:
        return ()
    ech = ExtensionTemplate(
        ExtensionType.ENCRYPTED_CLIENT_HELLO,
        bytes.fromhex("00 0001 0001"),
        Fill.ECH_GREASE,
        payload_sizes=(144, 176, 208, 240),
    )
    return (ech,)
