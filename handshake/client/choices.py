"""Whose fault it is when a server's choice cannot be completed: the server's, or this engine's own gap.

A choice is the server's fault (PeerFault) where nobody may choose the value (GREASE, RFC 8701 section 3.1;
signalling suites), where it does not belong to the version, and where the hello did not offer it. Any other
is legal, and where this engine cannot compute it that is its own gap (UnsupportedParameter). Each function
here judges one kind of choice; `sent` is the hello that the server answers.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import TypeVar

from handshake.client.handshake import ClientHandshake
from handshake.crypto.certificate_keys import certificate_group, certificate_schemes
from handshake.crypto.key_algorithms import key_algorithm, signs_with_a_key_of_its_own
from handshake.crypto.key_exchange import supported_groups
from handshake.crypto.key_shares import KEY_SHARE_GROUPS
from handshake.crypto.signatures import DEFAULT_SCHEMES, is_verifiable
from handshake.crypto.suite_parameters import CertificateType, SuiteParameters
from handshake.errors import (
    DecodeError,
    Fault,
    Parameter,
    PeerFault,
    PolicyRefusal,
    UnsupportedParameter,
)
from handshake.hello_template import ClientLimits
from handshake.reason import Rule
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.client_hello import ClientHello
from handshake.wire.extensions import (
    pull_key_share_list,
    pull_psk_key_exchange_modes,
    pull_signature_algorithms,
    pull_supported_groups,
    pull_supported_versions,
)
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.messages import DOWNGRADE_SENTINELS, SENTINEL_SIZE, ServerHello
from handshake.wire.named_groups import is_negotiable
from handshake.wire.registry import (
    CompressionMethod,
    ExtensionType,
    HandshakeType,
    NamedGroup,
    ProtocolVersion,
    group_name,
    is_grease,
    signature_scheme_name,
    version_name,
)
from handshake.wire.suite_versions import is_cipher_suite, suite_versions

_EXPLICIT_CURVES = {
    b"\x01": NamedGroup.ARBITRARY_EXPLICIT_PRIME_CURVES,
    b"\x02": NamedGroup.ARBITRARY_EXPLICIT_CHAR2_CURVES,
}
"""ECCurveType of a curve that is spelt out, and how a hello offers it (RFC 4492 sections 5.1.1 and 5.4)."""

_PSK_KE = 0  # RFC 8446 section 4.2.9

_Offered = TypeVar("_Offered")


def check_selected_version(handshake: ClientHandshake, version: int, legacy_version: int) -> int:
    """Judge the answer to supported_versions (RFC 8446 section 4.2.1), and legacy_version beside it: SSLv3 is
    refused there (appendix D.5), and any other version does not matter. Return the version.
    """
    offered = _offered(handshake.sent, ExtensionType.SUPPORTED_VERSIONS, pull_supported_versions) or ()
    detail = f"supported_versions selects {version_name(version)}"
    if version < ProtocolVersion.TLS_1_3 and not is_grease(version):
        handshake.judge(PeerFault(Fault.ILLEGAL_PARAMETER, detail, "selected-version-tls12"))
        return legacy_version
    if is_grease(version) or version not in offered:
        raise PeerFault(Fault.ILLEGAL_PARAMETER, detail, "selected-version-not-offered")
    if version != ProtocolVersion.TLS_1_3:
        raise UnsupportedParameter(Parameter.VERSION, version_name(version))
    detail = f"legacy_version is {version_name(legacy_version)}"
    if legacy_version <= ProtocolVersion.SSL_3_0:
        handshake.judge(PeerFault(Fault.PROTOCOL_VERSION, detail, "legacy-version-0300"))
    elif legacy_version != ProtocolVersion.TLS_1_2:
        handshake.mind(PeerFault(Fault.ILLEGAL_PARAMETER, detail, "legacy-version-0304"))
    return version


NAMES_OF_AN_UNLISTED_VERSION = ("version-not-in-supported-versions", "version-not-offered")
"""What such a fault is called, the most particular name first."""


def check_listed_version(handshake: ClientHandshake, version: int) -> None:
    """Judge a version that supported_versions does not list: the client does not support it (RFC 8446 section
    4.2.1, RFC 5246 appendix E.1).
    """
    offered = _offered(handshake.sent, ExtensionType.SUPPORTED_VERSIONS, pull_supported_versions)
    if offered and version not in offered:
        detail = f"the server chose {version_name(version)}, which supported_versions does not list"
        handshake.judge(PeerFault(Fault.PROTOCOL_VERSION, detail, *NAMES_OF_AN_UNLISTED_VERSION))


def check_downgrade(sent: ClientHello, server_random: bytes, version: int) -> None:
    """Refuse a version below TLS 1.3 from a server whose random says that it has TLS 1.3 (RFC 8446 section
    4.1.3), where the hello offers that.
    """
    offered = _offered(sent, ExtensionType.SUPPORTED_VERSIONS, pull_supported_versions) or ()
    if ProtocolVersion.TLS_1_3 in offered and server_random[-SENTINEL_SIZE:] in DOWNGRADE_SENTINELS:
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER,
            f"the server chose {version_name(version)}, and its random says that it has TLS 1.3",
        )


def check_session_id_echo(handshake: ClientHandshake, hello: ServerHello) -> None:
    """Judge legacy_session_id_echo (RFC 8446 section 4.1.3)."""
    if hello.session_id != handshake.sent.session_id:
        detail = "legacy_session_id_echo is not the hello's session id"
        particular = ("retry-with-wrong-echo",) if hello.is_hello_retry_request else ()
        handshake.judge(PeerFault(Fault.ILLEGAL_PARAMETER, detail, *particular, "session-id-echo-wrong"))


def check_session_id(handshake: ClientHandshake, hello: ServerHello) -> None:
    """Judge the session id of a ServerHello up to TLS 1.2, where the client being played minds its own, which
    stands for no session (RFC 8446 appendix D.4 has it sent, and no server takes it up).
    """
    is_made_up = handshake.offered_session is None and bool(hello.session_id)
    if is_made_up and hello.session_id == handshake.sent.session_id:
        detail = "the server repeats a session id that stands for no session"
        handshake.mind(PeerFault(Fault.ILLEGAL_PARAMETER, detail, "session-id-echoed-without-resuming"))


def check_message_length(handshake: ClientHandshake, message: HandshakeMessage) -> None:
    """Refuse a message that is longer than the client being played takes. Raises PolicyRefusal."""
    length, limits = len(message.body), handshake.limits
    limit = limits.max_handshake_message
    if limits.max_certificate_message is not None and message.handshake_type == HandshakeType.CERTIFICATE:
        limit = limits.max_certificate_message
    if limit is not None and length > limit:
        raise PolicyRefusal(
            Rule.HANDSHAKE_MESSAGE_LENGTH,
            f"a handshake message of {length} bytes; this client takes {limit}",
            limits.message_length_alert,
            met=f"{length} bytes",
            wanted=f"it takes at most {limit}",
        )


def check_legacy_signature(version: int, limits: ClientLimits) -> None:
    """Refuse the signature of a key exchange before TLS 1.2, where the client being played does not take MD5
    and SHA-1 any more (OpenSSL 3.0 from security level 1 on, measured). Raises PolicyRefusal.
    """
    if version < ProtocolVersion.TLS_1_2 and limits.legacy_signature_alert is not None:
        raise PolicyRefusal(
            Rule.LEGACY_SIGNATURE,
            f"the server's key exchange is signed as {version_name(version)} does it, with MD5 and SHA-1",
            limits.legacy_signature_alert,
            met=f"{version_name(version)} signs with MD5 and SHA-1",
        )


def check_cipher_suite(sent: ClientHello, code: int, version: int, *, is_retry: bool = False) -> None:
    """Judge the suite; one that this engine cannot complete raises when its parameters are asked for."""
    name = cipher_suite_name(code)
    if code not in sent.cipher_suites:
        raise PeerFault(
            Fault.CIPHER_SUITE_NOT_OFFERED,
            f"the server chose {name}, which was not offered",
            *(("retry-with-cipher-suite-not-offered",) if is_retry else ()),
            *_names_of_suite(version),
        )
    if not is_cipher_suite(code):
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER,
            f"the server chose {name}, which is no cipher suite",
            *_names_of_suite(version),
        )
    versions = suite_versions(code)
    if versions is not None and not versions.lowest <= version <= versions.highest:
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER,
            f"the server chose {name} in {version_name(version)}, where there is no such suite",
            f"cipher-suite-of-another-version-in-{_short_name(version)}",
            "cipher-suite-of-another-version",
        )


def _names_of_suite(version: int) -> tuple[str, ...]:
    is_tls13 = version >= ProtocolVersion.TLS_1_3
    return (*(("cipher-suite-not-offered-in-tls13",) if is_tls13 else ()), "cipher-suite-not-offered")


def _short_name(version: int) -> str:
    """As in tls12."""
    return version_name(version).lower().replace("v", "").replace(".", "")


def check_compression_method(sent: ClientHello, method: int, version: int, *, is_retry: bool = False) -> None:
    """Judge the compression method; none is there in TLS 1.3 (RFC 8446 section 4.1.3)."""
    if method == CompressionMethod.NULL:
        return
    if method not in sent.compression_methods:
        detail = "the server chose a compression method that was not offered"
        particular = ("compression-in-tls13",) if version >= ProtocolVersion.TLS_1_3 else ()
        if is_retry:
            particular = ("retry-with-compression", *particular)
        raise PeerFault(Fault.ILLEGAL_PARAMETER, detail, *particular, "compression-not-offered")
    if version >= ProtocolVersion.TLS_1_3:
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER,
            "the server chose a compression method in TLS 1.3",
            "compression-in-tls13",
        )
    known = {int(member): member.name for member in CompressionMethod}
    raise UnsupportedParameter(Parameter.COMPRESSION_METHOD, known.get(method, f"0x{method:02x}"))


def check_named_curve(sent: ClientHello, named_group: int) -> None:
    """Judge the curve of a ServerKeyExchange: one of the hello's; a hello that names none leaves the server
    free (RFC 8422 sections 4 and 5.4).
    """
    offered = offered_groups(sent)
    is_offered = offered is None or named_group in offered
    _check_group(
        named_group, ProtocolVersion.TLS_1_2, supported_groups(), "named-group", is_offered=is_offered
    )


def check_explicit_curve(sent: ClientHello, curve_type: bytes) -> None:
    """Judge the curve_type of a ServerKeyExchange, its first byte: a curve that is spelt out is legal where
    it was offered; where it was not, it cannot be read.
    """
    named_group = _EXPLICIT_CURVES.get(curve_type)
    if named_group is not None and named_group in (offered_groups(sent) or ()):
        raise UnsupportedParameter(Parameter.NAMED_GROUP, group_name(named_group))


def check_retry_group(sent: ClientHello, named_group: int) -> None:
    """Judge the selected_group of a HelloRetryRequest (RFC 8446 section 4.2.8)."""
    is_offered = named_group in (offered_groups(sent) or ())
    _check_group(
        named_group, ProtocolVersion.TLS_1_3, KEY_SHARE_GROUPS, "retry-for-a-group", is_offered=is_offered
    )


def check_key_share_group(sent: ClientHello, named_group: int) -> None:
    """Judge the group of a ServerHello's key_share: one of the shares sent (RFC 8446 section 4.2.8)."""
    is_offered = named_group in shared_groups(sent)
    _check_group(
        named_group, ProtocolVersion.TLS_1_3, KEY_SHARE_GROUPS, "key-share-of-a-group", is_offered=is_offered
    )


def check_missing_key_share(sent: ClientHello, answered: AbstractSet[int]) -> None:
    """Judge a ServerHello of TLS 1.3 without key_share: legal with a pre-shared key and psk_ke, and with one
    and psk_dhe_ke alone illegal_parameter (RFC 8446 sections 4.2.9 and 4.2.11).
    """
    modes = _offered(sent, ExtensionType.PSK_KEY_EXCHANGE_MODES, pull_psk_key_exchange_modes) or ()
    if ExtensionType.PRE_SHARED_KEY in answered and _PSK_KE in modes:
        raise UnsupportedParameter(Parameter.KEY_EXCHANGE_MODE, "psk_ke")
    detail = "a TLS 1.3 ServerHello without key_share"
    is_resumption = ExtensionType.PRE_SHARED_KEY in answered
    fault = Fault.ILLEGAL_PARAMETER if is_resumption else Fault.MISSING_EXTENSION
    raise PeerFault(fault, detail, "key-share-missing")


def check_post_handshake_request(sent: ClientHello) -> None:
    """Judge a CertificateRequest after the handshake: the hello must have post_handshake_auth (RFC 8446
    section 4.6.2).
    """
    if sent.extension(ExtensionType.POST_HANDSHAKE_AUTH) is None:
        detail = "CertificateRequest after the handshake"
        raise PeerFault(Fault.UNEXPECTED_MESSAGE, detail, "certificate-request-after-handshake")


def check_signature_scheme(
    sent: ClientHello, signature_scheme: int | None, certificate: bytes, version: int
) -> None:
    """Judge the scheme the server signs with: one of those offered (RFC 5246 section 7.4.3, RFC 8446 section
    4.4.3), for the key of its certificate and for the version. None is what stands before TLS 1.2.

    A scheme with a key algorithm of its own (SM2, GOST) does not get here with its own certificate
    (`check_certificate`), so that it is used with a key that cannot sign in it.
    """
    if signature_scheme is None:
        return
    name = signature_scheme_name(signature_scheme)
    offered = _verifiable_offer(sent, version)
    if is_grease(signature_scheme) or (offered is not None and signature_scheme not in offered):
        detail = f"the server signs with {name}, which was not offered"
        raise PeerFault(Fault.ILLEGAL_PARAMETER, detail, "signature-scheme-not-offered")
    if not is_verifiable(signature_scheme):
        if signs_with_a_key_of_its_own(signature_scheme):
            raise PeerFault(
                Fault.ILLEGAL_PARAMETER,
                f"the server signs with {name} by a key of another kind",
                "signature-scheme-of-another-key",
            )
        raise UnsupportedParameter(Parameter.SIGNATURE_SCHEME, name)
    if signature_scheme not in certificate_schemes(certificate, version):
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER,
            f"the server signs with {name}, which its key has no use for in {version_name(version)}",
            "signature-scheme-of-another-key",
        )


def _verifiable_offer(sent: ClientHello, version: int) -> tuple[int, ...] | None:
    """The schemes a server may sign with; None where the hello's list is malformed on purpose."""
    if sent.extension(ExtensionType.SIGNATURE_ALGORITHMS) is None and version < ProtocolVersion.TLS_1_3:
        return DEFAULT_SCHEMES
    return _offered(sent, ExtensionType.SIGNATURE_ALGORITHMS, pull_signature_algorithms)


def check_certificate(sent: ClientHello, suite: SuiteParameters, certificate: bytes) -> None:
    """Judge a certificate whose key cannot be used here; does nothing where the server has no business
    showing it.

    In TLS 1.3 signature_algorithms offers kinds of keys (RFC 8446 section 4.4.2.2). Before, the suite says
    the kind, and supported_groups the curves of ECDSA keys (RFC 8422 section 5.3).
    """
    algorithm = key_algorithm(certificate)
    if algorithm is None:
        return
    schemes = offered_signature_schemes(sent)
    if suite.minimum_version >= ProtocolVersion.TLS_1_3:
        common = next((scheme for scheme in schemes if scheme in algorithm.schemes), None)
        if common is not None:
            raise UnsupportedParameter(Parameter.CERTIFICATE, signature_scheme_name(common))
        unknown = (s for s in schemes if not (is_verifiable(s) or signs_with_a_key_of_its_own(s)))
        if not algorithm.is_known and any(not is_grease(scheme) for scheme in unknown):
            raise UnsupportedParameter(Parameter.CERTIFICATE, algorithm.identifier)
    elif suite.certificate_type is CertificateType.ECDSA and algorithm.curve is not None:
        groups, named_group = offered_groups(sent), algorithm.named_group
        if groups is None or named_group in groups:
            name = algorithm.curve if named_group is None else group_name(named_group)
            raise UnsupportedParameter(Parameter.CERTIFICATE, name)


def check_certificate_curve(sent: ClientHello, certificate: bytes) -> None:
    """Judge the curve of an EC key in a certificate up to TLS 1.2: one of the hello's groups where it names
    any (RFC 8422 sections 4 and 5.3).
    """
    groups, named_group = offered_groups(sent), certificate_group(certificate)
    if groups is not None and named_group is not None and named_group not in groups:
        raise PeerFault(
            Fault.BAD_CERTIFICATE,
            f"the certificate's curve {group_name(named_group)} was not offered",
            "certificate-curve-not-offered",
        )


def offered_groups(sent: ClientHello) -> tuple[int, ...] | None:
    """The named groups of a hello; None if it names none that can be read."""
    return _offered(sent, ExtensionType.SUPPORTED_GROUPS, pull_supported_groups)


def offered_signature_schemes(sent: ClientHello) -> tuple[int, ...]:
    """The signature schemes of a hello; () if it names none that can be read."""
    return _offered(sent, ExtensionType.SIGNATURE_ALGORITHMS, pull_signature_algorithms) or ()


def shared_groups(sent: ClientHello) -> frozenset[int]:
    """The groups that a hello has key shares of."""
    shares = _offered(sent, ExtensionType.KEY_SHARE, pull_key_share_list) or ()
    return frozenset(named_group for named_group, _ in shares)


def _offered(sent: ClientHello, extension_type: int, pull: Callable[[bytes], _Offered]) -> _Offered | None:
    """What an extension of our own offers; None without it, or where it is malformed on purpose."""
    body = sent.extension(extension_type)
    if body is None:
        return None
    try:
        return pull(body)
    except DecodeError:
        return None


def _check_group(
    named_group: int, version: int, computable: AbstractSet[int], where: str, *, is_offered: bool
) -> None:
    name = group_name(named_group)
    if is_grease(named_group):
        detail = f"the server chose the GREASE group 0x{named_group:04x}"
        raise PeerFault(Fault.ILLEGAL_PARAMETER, detail, f"{where}-grease", f"{where}-not-offered")
    if not is_negotiable(named_group, version):
        raise PeerFault(
            Fault.ILLEGAL_PARAMETER,
            f"the server chose group {name}, which is not for {version_name(version)}",
            f"{where}-not-offered",
        )
    if not is_offered:
        detail = f"the server chose group {name}, which was not offered"
        raise PeerFault(Fault.ILLEGAL_PARAMETER, detail, f"{where}-not-offered")
    if named_group not in computable:
        raise UnsupportedParameter(Parameter.NAMED_GROUP, name)
