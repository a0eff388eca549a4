"""What keeps one hello from working with one server: first what the server refuses, in the order in which
servers look at a hello, then what the client does not take of the answer.

Each check gives an obstacle, or None where it finds nothing.
"""

from collections.abc import Iterable

from clients.player import Player
from handshake.client.choices import NAMES_OF_AN_UNLISTED_VERSION
from handshake.errors import Fault
from handshake.events import Phase
from handshake.features import flight_of, parse_feature
from handshake.hello_template import HelloFormat, HelloTemplate
from handshake.reason import Cause, Kind, Reason, Rule
from handshake.wire.cipher_suites import TLS_FALLBACK_SCSV
from handshake.wire.registry import ExtensionType, ProtocolVersion, version_name
from matrix.prediction.certificate_request import long_certificate_request
from matrix.prediction.facts import ServerFacts
from matrix.prediction.hello_form import form_obstacle, later_obstacle
from matrix.prediction.obstacle import Negotiation, Obstacle, Undecided, declared_refusal, refused
from matrix.prediction.offer import (
    offered_application_protocols,
    offered_cipher_suites,
    offered_versions,
    versions_up_to,
)
from matrix.prediction.orders import orders
from matrix.prediction.record_size import small_record_size
from matrix.prediction.signatures import signature_algorithms
from matrix.prediction.suites import certificate_curve, legacy_signature, no_suite, prime, unsigned
from servers.credentials import SUBJECT

BY_THE_CLIENT = "protocol-error-"
"""How a cause begins that is the client's own refusal."""


def obstacle(hello: HelloTemplate, client: Player, server: ServerFacts) -> Obstacle | None:
    """Say what keeps this hello from working, None when nothing does, in whatever order it may be sent.

    Raises Undecided, also where it works in one order and not in another.
    """
    found = dict.fromkeys(_obstacle(each, client, server) for each in orders(hello))
    if len(found) == 1:
        return next(iter(found))
    if None in found:
        raise Undecided
    reasons = sorted(each.why for each in found if each is not None)
    return Obstacle(f"as the order of the extensions is drawn: {', or '.join(reasons)}")


def _obstacle(hello: HelloTemplate, client: Player, server: ServerFacts) -> Obstacle | None:
    declared = server.declared
    found = _declared_intolerance(hello, server)
    if server.configuration is not None:
        found = form_obstacle(hello, server.configuration)
    if found is not None:
        return found
    if declared.needs_server_name and not _has_server_name(hello):
        why = "the client's hello has no server_name, which the server requires"
        return Obstacle(why, declared_refusal(declared.refusals.no_server_name))
    if hello.format is HelloFormat.SSLV2 and not declared.sslv2_hello:
        why = "the client's hello is in SSLv2 format, which the server does not read"
        return Obstacle(why, declared_refusal(declared.refusals.sslv2_hello))
    common = offered_to(server, hello) & frozenset(declared.versions)
    if not common:
        return _before_versions(hello, client, server) or _no_common_version(hello, server)
    # A server takes the highest version it can, whatever the client would then say.
    negotiation = Negotiation(hello, client, server, max(common))
    return next((found for check in _CHECKS if (found := check(negotiation)) is not None), None)


def _has_server_name(hello: HelloTemplate) -> bool:
    types = {extension.extension_type for extension in hello.extensions or ()}
    return ExtensionType.SERVER_NAME in types


def _declared_intolerance(hello: HelloTemplate, server: ServerFacts) -> Obstacle | None:
    """A feature that a real server is declared not to take, before it looks at what the hello offers."""
    for name, cause in server.declared.refusals.hello_with.items():
        feature = parse_feature(name)
        if feature.present(flight_of(hello, SUBJECT)):
            why = f"the server is intolerant of a hello with {feature.describe()}"
            return Obstacle(why, declared_refusal(cause))
    return None


def offered_to(server: ServerFacts, hello: HelloTemplate) -> frozenset[int]:
    """The versions as the server reads them: one without TLS 1.3 is taken not to know supported_versions."""
    configuration = server.configuration
    is_read = None if configuration is None else configuration.supported_versions
    if ProtocolVersion.TLS_1_3 in server.declared.versions if is_read is None else is_read:
        return offered_versions(hello)
    return versions_up_to(hello.client_version)


def _before_versions(hello: HelloTemplate, client: Player, server: ServerFacts) -> Obstacle | None:
    """What a server that finds a version missing last refuses before that."""
    version = max(offered_to(server, hello), default=0)
    if not server.declared.versions_last or version <= ProtocolVersion.SSL_3_0:
        return None
    negotiation = Negotiation(hello, client, server, version)
    return fallback(negotiation) or no_suite(negotiation)


def _no_common_version(hello: HelloTemplate, server: ServerFacts) -> Obstacle:
    offered, refusals = offered_to(server, hello), server.declared.refusals
    theirs = _versions(server.declared.versions)
    why = f"no common version: the client has {_versions(offered)}, the server {theirs}"
    is_sslv3 = max(offered, default=0) <= ProtocolVersion.SSL_3_0
    in_sslv3 = refusals.no_common_version_in_sslv3 if is_sslv3 else None
    return Obstacle(why, declared_refusal(in_sslv3 or refusals.no_common_version))


def fallback(negotiation: Negotiation) -> Obstacle | None:
    """TLS_FALLBACK_SCSV although the server has a higher version (RFC 7507 section 3)."""
    highest, declared = max(negotiation.declared.versions), negotiation.declared
    signals = TLS_FALLBACK_SCSV in offered_cipher_suites(negotiation.hello)
    # It is about client_version, which says nothing where there is supported_versions.
    is_1_3 = negotiation.version >= ProtocolVersion.TLS_1_3
    if not (signals and declared.fallback_scsv) or negotiation.version >= highest or is_1_3:
        return None
    why = f"the hello signals a fallback (RFC 7507), and the server has {version_name(highest)}"
    return Obstacle(why, declared_refusal(declared.refusals.inappropriate_fallback))


def _application_protocol(negotiation: Negotiation) -> Obstacle | None:
    """ALPN without a name in common (RFC 7301 section 3.2)."""
    theirs = negotiation.declared.application_protocols
    offered = offered_application_protocols(negotiation.hello)
    if not theirs or offered is None or not set(offered).isdisjoint(theirs):
        return None
    why = (
        f"no common application protocol: the client has {', '.join(offered)}, the server {', '.join(theirs)}"
    )
    cause = negotiation.declared.refusals.no_application_protocol
    # Where the server names one all the same the client refuses it, in TLS 1.3 for the EncryptedExtensions.
    is_clients = cause is not None and cause.startswith(BY_THE_CLIENT)
    is_found_later = is_clients and negotiation.version >= ProtocolVersion.TLS_1_3
    phase = Phase.CERTIFICATE if is_found_later else Phase.SERVER_HELLO
    return Obstacle(why, declared_refusal(cause, phase))


def _application_protocols_in_tls13(negotiation: Negotiation) -> Obstacle | None:
    """ALPN at a server that breaks off at it in TLS 1.3."""
    cause = negotiation.declared.refusals.application_protocols_in_tls13
    is_1_3 = negotiation.version >= ProtocolVersion.TLS_1_3
    if cause is None or not is_1_3 or offered_application_protocols(negotiation.hello) is None:
        return None
    why = "the client offers application protocols, at which the server breaks off in TLS 1.3"
    return Obstacle(why, declared_refusal(cause, Phase.CERTIFICATE))


def _accepted_version(negotiation: Negotiation) -> Obstacle | None:
    accepted = negotiation.client.limits.versions
    if not accepted or negotiation.version in accepted:
        return None
    answered = version_name(negotiation.version)
    why = f"the server answers in {answered}, the client accepts {_versions(accepted)}"
    return Obstacle(why, refused(Phase.SERVER_HELLO, Rule.PROTOCOL_VERSION))


def _listed_version(negotiation: Negotiation) -> Obstacle | None:
    """A version that supported_versions does not have, from a server that goes by client_version."""
    offered = offered_versions(negotiation.hello)
    answer = negotiation.client.policy.accepts.answer(NAMES_OF_AN_UNLISTED_VERSION)
    if negotiation.version in offered or (answer is not None and answer.goes_on):
        return None
    answered = version_name(negotiation.version)
    why = f"the server answers in {answered}, the client offers {_versions(offered)}"
    return Obstacle(why, Reason(Phase.SERVER_HELLO, Cause(Kind.PROTOCOL_ERROR, Fault.PROTOCOL_VERSION.value)))


def _secure_renegotiation(negotiation: Negotiation) -> Obstacle | None:
    is_required = negotiation.client.policy.missing_renegotiation_info == "abort"
    if not is_required or negotiation.version >= ProtocolVersion.TLS_1_3:
        return None
    if negotiation.server.renegotiation_info:
        return None
    why = "the client requires secure renegotiation (RFC 5746), which the server does not have"
    return Obstacle(why, refused(Phase.SERVER_HELLO, Rule.RENEGOTIATION_INFO))


def _broken_off(negotiation: Negotiation) -> Obstacle | None:
    """An answer that an emulated server does not finish."""
    configuration = negotiation.server.configuration
    return None if configuration is None else later_obstacle(negotiation.hello, configuration)


_CHECKS = (
    fallback,
    signature_algorithms,
    no_suite,
    _application_protocol,
    _accepted_version,
    _listed_version,
    _application_protocols_in_tls13,
    _secure_renegotiation,
    _broken_off,
    certificate_curve,
    unsigned,
    prime,
    legacy_signature,
    long_certificate_request,
    small_record_size,
)


def _versions(versions: Iterable[int]) -> str:
    return ", ".join(version_name(version) for version in sorted(versions)) or "none"
