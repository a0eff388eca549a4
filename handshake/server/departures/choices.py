"""A version, suite, group, scheme, point or compression that was not offered, or does not go together.

What can be computed is really used, so that a client that does not look goes on.
"""

import dataclasses
from collections.abc import Callable

from msgspec import structs

from handshake.crypto.key_exchange import supported_groups
from handshake.crypto.signatures import schemes_of_key
from handshake.errors import HandshakeError
from handshake.server.choice import Choice
from handshake.server.departures.departure import (
    ALL_VERSIONS,
    TLS_1_2,
    TLS_1_3,
    UP_TO_TLS_1_1,
    UP_TO_TLS_1_2,
    Departure,
    Situation,
    must_go_on,
    must_refuse,
    silent,
)
from handshake.server.departures.rewriting import (
    GREASE,
    Rewrite,
    in_server_hello,
    server_hello,
    with_extension,
)
from handshake.server.selection import choose_cipher_suite
from handshake.wire.extensions import (
    pull_signature_algorithms,
    pull_supported_groups,
    pull_supported_versions,
    push_selected_version,
)
from handshake.wire.registry import (
    AlertDescription,
    CompressionMethod,
    ExtensionType,
    NamedGroup,
    ProtocolVersion,
    SignatureScheme,
)

_MD5, _SHA1 = 1, 2
"""HashAlgorithm of RFC 5246 section 7.4.1.4.1, the high byte of a scheme."""
_OLD_SUITES = (0xC013, 0xC014, 0x0033, 0x0039, 0x002F, 0x0035, 0x0041, 0x0084, 0x0096, 0x000A, 0x0005)
_TLS_1_2_SUITES = (0xC09C, 0xC0A0, 0xC09E, 0x009C, 0x003C, 0xC02F, *_OLD_SUITES)
_TLS_1_3_SUITES = (0x1304, 0x1305, 0x1303, 0x1302, 0x1301)
_NEXT_GROUPS = (NamedGroup.X448, NamedGroup.SECP521R1, NamedGroup.SECP384R1, NamedGroup.SECP256K1)


def _not_offered(candidates: tuple[int, ...]) -> Callable[[Situation, Choice], Choice]:
    """Choose the first of some suites that can be completed and was not offered."""

    def choose(situation: Situation, chosen: Choice) -> Choice:
        suites = tuple(code for code in candidates if code not in situation.hello.cipher_suites)
        configuration = dataclasses.replace(situation.configuration, cipher_suites=suites)
        try:
            hello = structs.replace(situation.hello, cipher_suites=suites)
            return choose_cipher_suite(hello, chosen.version, configuration)
        except HandshakeError:
            return chosen

    return choose


def _below_what_is_supported(situation: Situation, chosen: Choice) -> Choice:
    body = situation.hello.extension(ExtensionType.SUPPORTED_VERSIONS)
    listed = () if body is None else pull_supported_versions(body)
    for version in UP_TO_TLS_1_1:
        if version not in listed:
            try:
                hello = structs.replace(situation.hello, cipher_suites=_OLD_SUITES)
                return choose_cipher_suite(hello, version, situation.configuration)
            except HandshakeError:
                return chosen
    return chosen


def _another_group(situation: Situation, chosen: Choice) -> Choice:
    body = situation.hello.extension(ExtensionType.SUPPORTED_GROUPS)
    offered = () if body is None else pull_supported_groups(body)
    possible = (*_NEXT_GROUPS, *sorted(supported_groups()))
    others = (group for group in possible if group not in offered and group < NamedGroup.FFDHE2048)
    if chosen.named_group is None:
        return chosen
    return structs.replace(chosen, named_group=next(others, chosen.named_group))


def _another_scheme(situation: Situation, scheme: int) -> int:
    """A scheme that the same key can sign with and the client does not list, of SHA-2 if there is one."""
    body = situation.hello.extension(ExtensionType.SIGNATURE_ALGORITHMS)
    offered = () if body is None else pull_signature_algorithms(body)
    for credential in situation.configuration.credentials.values():
        possible = schemes_of_key(credential.private_key, situation.version, is_pss=credential.is_pss)
        if scheme in possible:
            others = [other for other in possible if other not in offered and other >> 8 > _MD5]
            others.sort(key=lambda other: other >> 8 == _SHA1)
            return others[0] if others else scheme
    return scheme


def _scheme_of_tls12(_: Situation, scheme: int) -> int:
    """PKCS #1 for a key of RSA, and for one of ECDSA a hash that does not belong to its curve."""
    is_ecdsa = scheme in (SignatureScheme.ECDSA_SECP256R1_SHA256, SignatureScheme.ECDSA_SECP521R1_SHA512)
    return SignatureScheme.ECDSA_SECP384R1_SHA384 if is_ecdsa else SignatureScheme.RSA_PKCS1_SHA256


def _suite(code: int) -> Rewrite:
    return server_hello(lambda _, hello: structs.replace(hello, cipher_suite=code))


def _version(version: int) -> Rewrite:
    return server_hello(lambda _, hello: structs.replace(hello, legacy_version=version))


def _selected(version: int) -> Rewrite:
    return in_server_hello(with_extension(ExtensionType.SUPPORTED_VERSIONS, push_selected_version(version)))


def _compression(method: int) -> Rewrite:
    return server_hello(lambda _, hello: structs.replace(hello, compression_method=method))


def _curve(content: bytes) -> Callable[[Situation, bytes], bytes]:
    """Put other bytes in front of the point of ECDHE parameters, which begin with a type and a curve."""
    return lambda _, parameters: content + parameters[3:] if parameters[:1] == b"\x03" else parameters


def _without_last_byte(_: Situation, parameters: bytes) -> bytes:
    point = parameters[4:-1]
    return parameters[:3] + bytes((len(point),)) + point


_VERSION = must_refuse("RFC 5246 appendix E.1", AlertDescription.PROTOCOL_VERSION)
_SELECTED = must_refuse("RFC 8446 section 4.2.1", AlertDescription.ILLEGAL_PARAMETER)
_SUITE_13 = must_refuse("RFC 8446 section 4.1.3", AlertDescription.ILLEGAL_PARAMETER)
_GREASE = must_refuse("RFC 8701 section 3.1")

DEPARTURES = (
    Departure(
        "cipher-suite-not-offered",
        "uses a cipher suite that the client did not offer",
        UP_TO_TLS_1_2,
        silent("RFC 5246 section 7.4.1.3"),
        chooses=_not_offered(_TLS_1_2_SUITES),
    ),
    Departure(
        "cipher-suite-not-offered-in-tls13",
        "uses a cipher suite of TLS 1.3 that the client did not offer",
        TLS_1_3,
        _SUITE_13,
        chooses=_not_offered(_TLS_1_3_SUITES),
    ),
    Departure(
        "cipher-suite-grease",
        "names a GREASE value as the cipher suite",
        ALL_VERSIONS,
        _GREASE,
        rewrites=_suite(GREASE),
    ),
    Departure(
        "cipher-suite-scsv",
        "names the signalling suite of RFC 5746 as the cipher suite",
        UP_TO_TLS_1_2,
        silent("RFC 5746 section 3.3"),
        rewrites=_suite(0x00FF),
    ),
    Departure(
        "cipher-suite-null-with-null",
        "names TLS_NULL_WITH_NULL_NULL as the cipher suite",
        UP_TO_TLS_1_2,
        silent("RFC 5246 appendix A.5"),
        rewrites=_suite(0x0000),
    ),
    Departure(
        "cipher-suite-of-tls12-in-tls11",
        "names TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 below TLS 1.2",
        UP_TO_TLS_1_1,
        must_refuse("RFC 5288 section 4", AlertDescription.ILLEGAL_PARAMETER),
        rewrites=_suite(0xC02F),
    ),
    Departure(
        "cipher-suite-sha256-in-tls11",
        "names TLS_RSA_WITH_AES_128_CBC_SHA256 below TLS 1.2",
        UP_TO_TLS_1_1,
        silent("RFC 5246 appendix A.5"),
        rewrites=_suite(0x003C),
    ),
    Departure(
        "cipher-suite-of-tls13-in-tls12",
        "names TLS_AES_128_GCM_SHA256 in TLS 1.2",
        TLS_1_2,
        silent("RFC 8446 appendix B.4"),
        rewrites=_suite(0x1301),
    ),
    Departure(
        "cipher-suite-of-tls12-in-tls13",
        "names TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 in TLS 1.3",
        TLS_1_3,
        silent("RFC 8446 appendix B.4"),
        rewrites=_suite(0xC02F),
    ),
    Departure(
        "version-not-in-supported-versions",
        "uses TLS 1.0 or 1.1 instead of TLS 1.2, where supported_versions does not list it",
        TLS_1_2,
        _VERSION,
        hello="extension:supported_versions",
        chooses=_below_what_is_supported,
    ),
    Departure(
        "version-higher-than-offered",
        "names 0x0305 as the version",
        UP_TO_TLS_1_2,
        _VERSION,
        rewrites=_version(0x0305),
    ),
    Departure("version-sslv2", "names SSLv2 as the version", UP_TO_TLS_1_2, _VERSION, rewrites=_version(2)),
    Departure(
        "version-grease",
        "names a GREASE value as the version",
        UP_TO_TLS_1_2,
        _GREASE,
        rewrites=_version(GREASE),
    ),
    Departure(
        "version-0304-without-extension",
        "names TLS 1.3 as the version, without supported_versions",
        UP_TO_TLS_1_2,
        _VERSION,
        rewrites=_version(ProtocolVersion.TLS_1_3),
    ),
    Departure(
        "selected-version-tls12",
        "sends supported_versions with TLS 1.2 in a ServerHello of TLS 1.2",
        TLS_1_2,
        _SELECTED,
        hello="extension:supported_versions",
        otherwise=must_refuse("RFC 5246 section 7.4.1.4", AlertDescription.UNSUPPORTED_EXTENSION),
        rewrites=_selected(ProtocolVersion.TLS_1_2),
    ),
    Departure(
        "selected-version-0305",
        "names 0x0305 in supported_versions",
        TLS_1_3,
        _SELECTED,
        rewrites=_selected(0x0305),
    ),
    Departure(
        "selected-version-grease",
        "names a GREASE value in supported_versions",
        TLS_1_3,
        _SELECTED,
        rewrites=_selected(GREASE),
    ),
    Departure(
        "legacy-version-0304",
        "has 0x0304 as the legacy_version of TLS 1.3",
        TLS_1_3,
        must_go_on("RFC 8446 section 4.2.1"),
        rewrites=_version(ProtocolVersion.TLS_1_3),
    ),
    Departure(
        "legacy-version-0300",
        "has 0x0300 as the legacy_version of TLS 1.3",
        TLS_1_3,
        must_refuse("RFC 8446 appendix D.5", AlertDescription.PROTOCOL_VERSION),
        rewrites=_version(ProtocolVersion.SSL_3_0),
    ),
    Departure(
        "compression-not-offered",
        "names DEFLATE as the compression method, which the client did not offer",
        UP_TO_TLS_1_2,
        silent("RFC 5246 section 7.4.1.3"),
        rewrites=_compression(CompressionMethod.DEFLATE),
    ),
    Departure(
        "compression-unknown",
        "names the compression method 0xE0, which is nobody's",
        UP_TO_TLS_1_2,
        silent("RFC 5246 section 7.4.1.3"),
        rewrites=_compression(0xE0),
    ),
    Departure(
        "compression-in-tls13",
        "has 1 as the legacy_compression_method of TLS 1.3",
        TLS_1_3,
        silent("RFC 8446 section 4.1.3"),
        rewrites=_compression(CompressionMethod.DEFLATE),
    ),
    Departure(
        "named-group-not-offered",
        "uses a group for ECDHE that supported_groups does not list",
        UP_TO_TLS_1_2,
        silent("RFC 8422 section 5.4"),
        chooses=_another_group,
    ),
    Departure(
        "named-curve-grease",
        "names a GREASE value as the curve of ECDHE",
        UP_TO_TLS_1_2,
        _GREASE,
        parameters=_curve(b"\x03" + GREASE.to_bytes(2, "big")),
    ),
    Departure(
        "curve-type-explicit-prime",
        "says explicit_prime where a named curve follows",
        UP_TO_TLS_1_2,
        silent("RFC 8422 section 5.4"),
        parameters=_curve(b"\x01\x00\x17"),
    ),
    Departure(
        "ecdhe-point-too-short",
        "sends a point of ECDHE without its last byte",
        UP_TO_TLS_1_2,
        silent("RFC 8422 section 5.4"),
        parameters=lambda _, parameters: (
            _without_last_byte(_, parameters) if parameters[:1] == b"\x03" else parameters
        ),
    ),
    Departure(
        "signature-scheme-not-offered",
        "signs with a scheme that signature_algorithms does not list",
        TLS_1_2,
        silent("RFC 5246 section 7.4.3"),
        scheme=_another_scheme,
    ),
    Departure(
        "signature-scheme-of-tls12-in-tls13",
        "signs with PKCS #1, or with a hash that does not belong to the curve",
        TLS_1_3,
        silent("RFC 8446 section 4.4.3"),
        scheme=_scheme_of_tls12,
    ),
)
