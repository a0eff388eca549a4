"""What the two definitions alone say a cell should do: no common version, no common cipher suite, prime too
large ...

Pure. A prediction stands beside the observation; where they contradict each other, either a definition is
wrong or something is at work that no definition knows, and the contradiction is reported as a finding.
Nothing is predicted where the declared facts do not decide it (for instance when it depends on the server's
order of preference whether a Diffie-Hellman prime of a size the client refuses is used at all).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from clients.player import PlayedHello, Player
from handshake.crypto.suite_parameters import KeyExchange, SuiteParameters, suite_parameters
from handshake.errors import DecodeError, UnsupportedParameter
from handshake.events import Phase
from handshake.hello_template import ClientLimits, HelloFormat, HelloTemplate
from handshake.reason import Reason, Rule, parse_cause
from handshake.wire.extensions import pull_supported_groups, pull_supported_versions
from handshake.wire.registry import ExtensionType, group_name, is_grease, version_name
from matrix.judgement.outcome import Outcome
from servers.declared import Declared

_SSL_3_0 = 0x0300
_TLS_1_3 = 0x0304
_ELLIPTIC_CURVE = frozenset({KeyExchange.ECDHE_RSA, KeyExchange.ECDHE_ECDSA, KeyExchange.ECDH_ANON})
_FINITE_FIELD = frozenset({KeyExchange.DHE_RSA, KeyExchange.DHE_DSS, KeyExchange.DH_ANON})


@dataclass(frozen=True, slots=True)
class Prediction:
    """What should happen and why, in a sentence (empty when it should simply work); `reason` where the
    definitions say it exactly.
    """

    outcome: Outcome
    why: str = ""
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What keeps a hello from working, in a sentence; `reason` where the definitions say how that ends."""

    why: str
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """The hello that gets through and the version the server answers it with."""

    hello: HelloTemplate
    version: int


class Preference(Enum):
    """Whose order of cipher suites decides."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a definition says of a server. `preference` None is not known; what a server is intolerant of is
    not among the facts, since nobody declares that: it is what findings are for.
    """

    declared: Declared
    preference: Preference | None = None
    renegotiation_info: bool = True
    answers_http: bool = True


def predict(client: Player, server: ServerFacts) -> Prediction | None:
    """Predict a cell; None when the facts do not decide it."""
    first: Obstacle | None = None
    before: Obstacle | None = None
    for hello in client.hellos:
        if before is not None and not _is_tried(hello, before):
            break
        try:
            before = _obstacle(hello.template, client, server)
        except _Undecided:
            return None
        if before is None:
            return _prediction(Outcome.WORKS_AFTER_FALLBACK if first else Outcome.WORKS, first)
        first = first or before
    return _prediction(Outcome.FAILS, first)


def _is_tried(hello: PlayedHello, before: Obstacle) -> bool:
    """Whether the hello follows what the one before met with; one whose reason is not known lets it."""
    return before.reason is None or before.reason.cause in hello.after


class _Undecided(Exception):
    """The declared facts do not say whether a hello works."""


def _prediction(outcome: Outcome, obstacle: Obstacle | None) -> Prediction:
    return Prediction(outcome, obstacle.why, obstacle.reason) if obstacle else Prediction(outcome)


def agreement(client: Player, server: ServerFacts, *, after_fallback: bool) -> Agreement | None:
    """Say what client and server agree on where they do: in the first attempt, or in the last of the ladder;
    None without a common version.
    """
    hello = client.templates[-1 if after_fallback else 0]
    common = _offered_to(server, hello) & frozenset(server.declared.versions)
    return Agreement(hello, max(common)) if common else None


def offered_versions(hello: HelloTemplate) -> frozenset[int]:
    """The versions a hello offers: supported_versions (RFC 8446 section 4.2.1), else everything up to
    client_version.
    """
    for extension in hello.extensions or ():
        if extension.extension_type == ExtensionType.SUPPORTED_VERSIONS:
            try:
                return frozenset(v for v in pull_supported_versions(extension.body) if not is_grease(v))
            except DecodeError:
                break
    return _versions_up_to(hello.client_version)


def _offered_to(server: ServerFacts, hello: HelloTemplate) -> frozenset[int]:
    """The versions as the server reads them: one without TLS 1.3 is taken not to know supported_versions."""
    if _TLS_1_3 in server.declared.versions:
        return offered_versions(hello)
    return _versions_up_to(hello.client_version)


def _versions_up_to(client_version: int) -> frozenset[int]:
    return frozenset(range(_SSL_3_0, min(client_version, _TLS_1_3 - 1) + 1))


def offered_version_name(hello: HelloTemplate) -> str:
    """Name the highest version a hello offers and an unusual framing, e.g. `TLSv1.0 in SSLv2 format`."""
    name = version_name(max(offered_versions(hello), default=hello.client_version))
    return f"{name} in SSLv2 format" if hello.format is HelloFormat.SSLV2 else name


def offered_cipher_suites(hello: HelloTemplate) -> tuple[int, ...]:
    """The TLS cipher suites a hello offers, in order; SSLv2-only cipher specs (RFC 5246 appendix E.2) are
    none.
    """
    if hello.format is HelloFormat.SSLV2:
        return tuple(spec for spec in hello.cipher_suites if spec <= 0xFFFF)
    return hello.cipher_suites


def _obstacle(hello: HelloTemplate, client: Player, server: ServerFacts) -> Obstacle | None:
    """Say what keeps this hello from working, None when nothing does. Raises _Undecided."""
    declared, accepted, refusals = server.declared, client.limits.versions, server.declared.refusals
    if hello.format is HelloFormat.SSLV2 and not declared.sslv2_hello:
        why = "the client's hello is in SSLv2 format, which the server does not read"
        return Obstacle(why, _refused(refusals.sslv2_hello))
    offered = _offered_to(server, hello)
    common = offered & frozenset(declared.versions)
    if not common:
        theirs = _versions(declared.versions)
        why = f"no common version: the client has {_versions(offered)}, the server {theirs}"
        in_sslv3 = refusals.no_common_version_in_sslv3 if max(offered, default=0) <= _SSL_3_0 else None
        return Obstacle(why, _refused(in_sslv3 or refusals.no_common_version))
    version = max(common)  # a server takes the highest it can, whatever the client would then say
    if accepted and version not in accepted:
        why = f"the server answers in {version_name(version)}, the client accepts {_versions(accepted)}"
        return Obstacle(why, refused(Phase.SERVER_HELLO, Rule.PROTOCOL_VERSION))
    suites = list(_usable(offered_cipher_suites(hello), declared, version))
    if not suites:
        why = f"no common cipher suite in {version_name(version)}"
        return Obstacle(why, _refused(refusals.no_common_cipher_suite))
    suites, missing = _in_common_groups(suites, hello, declared)
    if not suites:
        return Obstacle(missing, _refused(refusals.no_common_cipher_suite))
    is_required = client.policy.missing_renegotiation_info == "abort" and version < _TLS_1_3
    if is_required and not server.renegotiation_info:
        why = "the client requires secure renegotiation (RFC 5746), which the server does not have"
        return Obstacle(why, refused(Phase.SERVER_HELLO, Rule.RENEGOTIATION_INFO))
    return _prime_obstacle(suites, client.limits, server)


def refused(phase: Phase, rule: Rule) -> Reason:
    """What the client being played does not accept, or a scenario finds missing."""
    return Reason(phase, rule.cause)


def _refused(cause: str | None) -> Reason | None:
    return None if cause is None else Reason(Phase.SERVER_HELLO, parse_cause(cause))


def _in_common_groups(
    suites: Sequence[SuiteParameters], hello: HelloTemplate, declared: Declared
) -> tuple[list[SuiteParameters], str]:
    """The suites without those of ECDHE, where client and server have no named group for it in common (RFC
    8422 section 4), and why those cannot be used.
    """
    offered = offered_groups(hello)
    if not (offered and declared.named_groups) or not offered.isdisjoint(declared.named_groups):
        return list(suites), ""
    left = [suite for suite in suites if suite.key_exchange not in _ELLIPTIC_CURVE]
    theirs = ", ".join(group_name(group) for group in declared.named_groups)
    ours = ", ".join(group_name(group) for group in sorted(offered))
    return left, f"no common named group for ECDHE: the client has {ours}, the server {theirs}"


def offered_groups(hello: HelloTemplate) -> frozenset[int]:
    """The named groups of supported_groups (RFC 8422 section 5.1.1); none where the hello does not say."""
    for extension in hello.extensions or ():
        if extension.extension_type == ExtensionType.SUPPORTED_GROUPS:
            try:
                return frozenset(g for g in pull_supported_groups(extension.body) if not is_grease(g))
            except DecodeError:
                break
    return frozenset()


def _usable(offered: Iterable[int], declared: Declared, version: int) -> Iterable[SuiteParameters]:
    for code in offered:
        if code not in declared.cipher_suites:
            continue
        try:
            parameters = suite_parameters(code)
        except UnsupportedParameter:
            continue
        fits_certificate = (
            parameters.certificate_type is None or parameters.certificate_type in declared.certificates
        )
        if parameters.minimum_version <= version <= parameters.maximum_version and fits_certificate:
            yield parameters


def _prime_obstacle(
    suites: Sequence[SuiteParameters], limits: ClientLimits, server: ServerFacts
) -> Obstacle | None:
    bits = server.declared.dh_prime_bits
    if bits is None:
        return None
    if limits.max_dh_prime_bits is not None and bits > limits.max_dh_prime_bits:
        limit = f"at most {limits.max_dh_prime_bits}"
    elif limits.min_dh_prime_bits is not None and bits < limits.min_dh_prime_bits:
        limit = f"at least {limits.min_dh_prime_bits}"
    else:
        return None
    if server.preference is Preference.CLIENT:
        suites = suites[:1]
    elif server.preference is Preference.SERVER:
        suites = [min(suites, key=lambda suite: server.declared.cipher_suites.index(suite.cipher_suite))]
    affected = [suite.key_exchange in _FINITE_FIELD for suite in suites]
    if not any(affected):
        return None
    if not all(affected):
        raise _Undecided
    why = f"the server's Diffie-Hellman prime has {bits} bits, the client accepts {limit}"
    return Obstacle(why, refused(Phase.KEY_EXCHANGE, Rule.DH_PRIME_BITS))


def _versions(versions: Iterable[int]) -> str:
    return ", ".join(version_name(version) for version in sorted(versions)) or "none"
