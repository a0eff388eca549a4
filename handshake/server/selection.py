"""What a server answers to a hello: version, cipher suite, group. Pure functions of the hello and the
configuration.

Each raises the PeerFault that stands for "nothing fits"; which alert that becomes is the configuration's
`alerts`.
"""

from handshake.crypto.certificate_keys import certificate_group
from handshake.crypto.credentials import Credential
from handshake.crypto.signatures import DEFAULT_SCHEMES
from handshake.crypto.suite_parameters import (
    CertificateType,
    KeyExchange,
    is_completable,
    suite_parameters,
)
from handshake.errors import Fault, PeerFault
from handshake.server.choice import Choice
from handshake.server.configuration import Preference, ServerConfiguration
from handshake.server.ephemeral import dh_group_for, names_ffdhe_groups
from handshake.wire.cipher_suites import TLS_FALLBACK_SCSV
from handshake.wire.client_hello import ClientHello
from handshake.wire.extensions import (
    pull_signature_algorithms,
    pull_supported_groups,
    pull_supported_versions,
)
from handshake.wire.named_groups import is_negotiable
from handshake.wire.registry import ExtensionType, ProtocolVersion, version_name

_ECDHE = frozenset({KeyExchange.ECDHE_RSA, KeyExchange.ECDHE_ECDSA, KeyExchange.ECDH_ANON})
_DHE = frozenset(
    {
        KeyExchange.DHE_RSA,
        KeyExchange.DHE_DSS,
        KeyExchange.DH_ANON,
        KeyExchange.DHE_RSA_EXPORT,
        KeyExchange.DHE_DSS_EXPORT,
        KeyExchange.DH_ANON_EXPORT,
    }
)


def choose_version(hello: ClientHello, configuration: ServerConfiguration) -> int:
    """Return the highest common version (RFC 5246 appendix E.1, RFC 8446 section 4.2.1)."""
    supported = configuration.versions
    offered = hello.extension(ExtensionType.SUPPORTED_VERSIONS)
    is_read = configuration.supported_versions
    if offered is not None and (ProtocolVersion.TLS_1_3 in supported if is_read is None else is_read):
        common = set(pull_supported_versions(offered)) & set(supported)
        what = "none of the offered versions"
    else:
        common = {v for v in supported if v <= min(hello.legacy_version, ProtocolVersion.TLS_1_2)}
        what = f"nothing up to {version_name(hello.legacy_version)}"
    if not common:
        raise PeerFault(Fault.PROTOCOL_VERSION, f"{what} is supported")
    version = max(common)
    has_fallback_scsv = configuration.fallback_scsv and TLS_FALLBACK_SCSV in hello.cipher_suites
    if has_fallback_scsv and version < configuration.highest_version and offered is None:
        raise PeerFault(  # RFC 7507 section 3
            Fault.INAPPROPRIATE_FALLBACK, "TLS_FALLBACK_SCSV although a higher version is supported"
        )
    return version


def choose(hello: ClientHello, configuration: ServerConfiguration) -> Choice:
    """Return version, suite and group. Raises PeerFault when there is no common version or suite."""
    version = choose_version(hello, configuration)
    return choose_cipher_suite(hello, version, configuration)


def choose_cipher_suite(hello: ClientHello, version: int, configuration: ServerConfiguration) -> Choice:
    """Return suite and group for a settled version. Raises PeerFault when there is no common suite."""
    groups = common_groups(hello, configuration, version)
    schemes = common_signature_schemes(hello, version, configuration)
    first, second = hello.cipher_suites, configuration.cipher_suites
    if configuration.whose_suites(version) is Preference.SERVER:
        first, second = second, first
    allowed = frozenset(second)
    for code in first:
        if code not in allowed or not is_completable(code):
            continue
        is_usable = _is_usable(code, version, groups, hello, configuration)
        if is_usable and (schemes is None or _can_sign(code, schemes, hello, configuration)):
            suite = suite_parameters(code)
            needs_group = suite.key_exchange in _ECDHE or suite.key_exchange is KeyExchange.TLS13
            return Choice(version, suite, groups[0] if needs_group else None)
    fault = Fault.NO_COMMON_CIPHER_SUITE
    if configuration.ffdhe_required and names_ffdhe_groups(hello) and _offers_dhe(hello):
        fault = Fault.NO_COMMON_DH_GROUP
    raise PeerFault(fault, "no common cipher suite")


def _offers_dhe(hello: ClientHello) -> bool:
    known = (code for code in hello.cipher_suites if is_completable(code))
    return any(suite_parameters(code).key_exchange in _DHE for code in known)


def common_groups(hello: ClientHello, configuration: ServerConfiguration, version: int) -> tuple[int, ...]:
    """Return the groups of `version` both sides have, best first; the default one when the client names none
    (RFC 8422 section 4).
    """
    body, default = hello.extension(ExtensionType.SUPPORTED_GROUPS), configuration.default_named_group
    if body is None:
        return () if default is None else (default,)
    try:
        offered = pull_supported_groups(body)
    except PeerFault:
        offered = ()  # a lenient reader has let it pass already; nothing in it can be used
        if configuration.parsing is None:
            raise
    known = configuration.known_named_groups
    if known and known.isdisjoint(offered) and version < ProtocolVersion.TLS_1_3:
        return () if default is None else (default,)
    first, second = offered, configuration.named_groups
    if configuration.whose_groups(version) is Preference.SERVER:
        first, second = second, first
    return tuple(group for group in first if group in second and is_negotiable(group, version))


def common_signature_schemes(
    hello: ClientHello, version: int, configuration: ServerConfiguration
) -> tuple[int, ...] | None:
    """Return the schemes of TLS 1.2 the client lists and the server knows, in the client's order; None in
    other versions. A hello without signature_algorithms stands for the default ones.

    A server that knows a list of its own refuses a hello whose list has nothing of it, whatever the suites
    (SunJSSE 7, ServerHandshaker.clientHello at jdk7-b147 to jdk7u85-b02).
    """
    if version != ProtocolVersion.TLS_1_2:
        return None
    body = hello.extension(ExtensionType.SIGNATURE_ALGORITHMS)
    offered = DEFAULT_SCHEMES if body is None else pull_signature_algorithms(body)
    known = configuration.signature_schemes
    common = tuple(scheme for scheme in offered if known is None or scheme in known)
    if body is not None and known is not None and not common:
        raise PeerFault(Fault.NO_COMMON_CIPHER_SUITE, "no common signature scheme")
    if body is None and known is not None and not common and configuration.signs_unasked:
        return known
    return common


def _can_sign(
    code: int, schemes: tuple[int, ...], hello: ClientHello, configuration: ServerConfiguration
) -> bool:
    """Whether the suite's credential can sign a ServerKeyExchange of TLS 1.2 with one of the schemes.

    The default schemes go by the certificate: one whose scheme the server does not know is of no use, also
    where nothing is signed (OpenSSL 3.0.19 with -sigalgs RSA+SHA256, measured: handshake_failure).
    """
    suite = suite_parameters(code)
    is_default = hello.extension(ExtensionType.SIGNATURE_ALGORITHMS) is None
    if suite.certificate_type is None or not (suite.key_exchange in _ECDHE | _DHE or is_default):
        return True
    credential = configuration.credentials[suite.certificate_type]
    return any(scheme in schemes for scheme in credential.schemes(ProtocolVersion.TLS_1_2))


def _is_usable(
    code: int,
    version: int,
    groups: tuple[int, ...],
    hello: ClientHello,
    configuration: ServerConfiguration,
) -> bool:
    suite = suite_parameters(code)
    if not suite.minimum_version <= version <= suite.maximum_version:
        return False
    exchange = suite.key_exchange
    if exchange is KeyExchange.TLS13:
        return bool(groups)
    if exchange in _ECDHE and not groups:
        return False
    if exchange in _DHE and dh_group_for(suite, hello, configuration) is None:
        return False
    if suite.certificate_type is None:
        return True
    credential = configuration.credentials.get(suite.certificate_type)
    names_scheme = version >= ProtocolVersion.TLS_1_2 and exchange in _ECDHE | _DHE
    if credential is None or (credential.needs_schemes and not names_scheme):
        return False
    return _is_curve_offered(credential, hello, configuration)


def _is_curve_offered(credential: Credential, hello: ClientHello, configuration: ServerConfiguration) -> bool:
    """Whether the client can take the curve of an EC certificate, where it names curves (RFC 8422 section
    5.1) and the server looks.
    """
    body = hello.extension(ExtensionType.SUPPORTED_GROUPS)
    is_checked = configuration.checks_certificate_curve
    if is_checked is None:
        is_checked = configuration.reading is None and configuration.parsing is None
    if body is None or not is_checked or credential.certificate_type is not CertificateType.ECDSA:
        return True
    return certificate_group(credential.chain[0]) in (None, *pull_supported_groups(body))


def choose_signature_scheme(
    hello: ClientHello, credential: Credential, configuration: ServerConfiguration, version: int
) -> int:
    """Return the first scheme of the client's that the server knows and the credential signs with in
    `version`, TLS 1.2. Raises PeerFault when none fits.
    """
    possible = credential.schemes(version)
    for scheme in common_signature_schemes(hello, version, configuration) or ():
        if scheme in possible:
            return scheme
    raise PeerFault(Fault.NO_COMMON_CIPHER_SUITE, "no common signature scheme")


def choose_credential_13(hello: ClientHello, configuration: ServerConfiguration) -> tuple[Credential, int]:
    """Return a credential and a scheme it can sign with in TLS 1.3. Raises PeerFault when none fits."""
    body = hello.extension(ExtensionType.SIGNATURE_ALGORITHMS)
    if body is None:  # RFC 8446 section 4.2.3: required when the server authenticates with a certificate
        raise PeerFault(Fault.MISSING_EXTENSION, "a TLS 1.3 hello without signature_algorithms")
    known = configuration.signature_schemes
    for scheme in pull_signature_algorithms(body):
        for credential in configuration.credentials.values():
            is_known = known is None or scheme in known
            if is_known and scheme in credential.schemes(ProtocolVersion.TLS_1_3):
                return credential, scheme
    raise PeerFault(Fault.NO_COMMON_CIPHER_SUITE, "no common signature scheme")
