"""What keeps one hello from working with one server: first what the server refuses, in the order in which
servers look at a hello, then what the client does not take of the answer.

Each check gives an obstacle, or None where it finds nothing.
"""

from collections.abc import Iterable

from clients.player import Player
from handshake.events import Phase
from handshake.hello_template import HelloFormat, HelloTemplate
from handshake.reason import Rule
from handshake.wire.cipher_suites import TLS_FALLBACK_SCSV
from handshake.wire.registry import ProtocolVersion, version_name
from matrix.prediction.certificate_request import long_certificate_request
from matrix.prediction.facts import ServerFacts
from matrix.prediction.hello_form import form_obstacle, later_obstacle
from matrix.prediction.obstacle import Negotiation, Obstacle, declared_refusal, refused
from matrix.prediction.offer import (
    offered_application_protocols,
    offered_cipher_suites,
    offered_versions,
    versions_up_to,
)
from matrix.prediction.record_size import small_record_size
from matrix.prediction.signatures import signature_algorithms
from matrix.prediction.suites import certificate_curve, legacy_signature, no_suite, prime, unsigned


def obstacle(hello: HelloTemplate, client: Player, server: ServerFacts) -> Obstacle | None:
    """Say what keeps this hello from working, None when nothing does. Raises Undecided."""
    declared = server.declared
    found = None if server.configuration is None else form_obstacle(hello, server.configuration)
    if found is not None:
        return found
    if hello.format is HelloFormat.SSLV2 and not declared.sslv2_hello:
        why = "the client's hello is in SSLv2 format, which the server does not read"
        return Obstacle(why, declared_refusal(declared.refusals.sslv2_hello))
    common = offered_to(server, hello) & frozenset(declared.versions)
    if not common:
        return _before_versions(hello, client, server) or _no_common_version(hello, server)
    # A server takes the highest version it can, whatever the client would then say.
    negotiation = Negotiation(hello, client, server, max(common))
    return next((found for check in _CHECKS if (found := check(negotiation)) is not None), None)


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
    return Obstacle(why, declared_refusal(negotiation.declared.refusals.no_application_protocol))


def _accepted_version(negotiation: Negotiation) -> Obstacle | None:
    accepted = negotiation.client.limits.versions
    if not accepted or negotiation.version in accepted:
        return None
    answered = version_name(negotiation.version)
    why = f"the server answers in {answered}, the client accepts {_versions(accepted)}"
    return Obstacle(why, refused(Phase.SERVER_HELLO, Rule.PROTOCOL_VERSION))


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
