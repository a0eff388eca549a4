"""Which cipher suites of a hello a server can use, and what is wrong with the one it takes.

A suite needs its version, its certificate, a named group (RFC 8422 section 4), and a signature scheme (RFC
5246 section 7.4.1.4.1) that both sides have. These are filters, one after the other: that no suite is left
behind one of them is the obstacle.
"""

from collections.abc import Callable, Iterable, Sequence

from handshake.crypto.suite_parameters import KeyExchange, SuiteParameters, suite_parameters
from handshake.errors import Fault, UnsupportedParameter
from handshake.events import Phase
from handshake.hello_template import ClientLimits
from handshake.reason import Cause, Kind, Reason, Rule
from handshake.wire.named_groups import is_negotiable
from handshake.wire.registry import NamedGroup, ProtocolVersion, group_name, version_name
from matrix.prediction.facts import ELLIPTIC_CURVE, FINITE_FIELD, Preference
from matrix.prediction.obstacle import Negotiation, Obstacle, Undecided, declared_refusal, refused
from matrix.prediction.offer import offered_cipher_suites, offered_groups, offered_signature_schemes
from matrix.prediction.signatures import can_sign, no_common_scheme

Filter = tuple[Callable[[SuiteParameters, Negotiation], bool], Callable[[Negotiation], str]]
_SIGNED = ELLIPTIC_CURVE | FINITE_FIELD | {KeyExchange.DHE_RSA_EXPORT, KeyExchange.DHE_DSS_EXPORT}


def no_suite(negotiation: Negotiation) -> Obstacle | None:
    """No cipher suite that both sides can use."""
    suites, refusals = list(_known(negotiation)), negotiation.declared.refusals
    for fits, words in _FILTERS:
        suites = [suite for suite in suites if fits(suite, negotiation)]
        if not suites:
            cause, is_1_3 = refusals.no_common_cipher_suite, negotiation.version >= ProtocolVersion.TLS_1_3
            if fits is _has_group and is_1_3:
                cause = refusals.no_common_group_in_tls13 or cause
            if fits is _has_scheme and is_1_3 and negotiation.declared.signature_check == "late":
                cause = None
            return Obstacle(words(negotiation), declared_refusal(cause))
    return None


def unsigned(negotiation: Negotiation) -> Obstacle | None:
    """A suite that is taken although the hello lists no scheme to sign with. Raises Undecided."""
    declared, offered = negotiation.declared, offered_signature_schemes(negotiation.hello)
    if negotiation.version != ProtocolVersion.TLS_1_2:
        return None
    if offered is None and declared.signature_algorithms == "for-signatures":
        why = "the hello has no signature_algorithms, and the server does not sign with SHA-1"
    elif offered is not None and declared.signature_check == "late":
        why = no_common_scheme(offered)
    else:
        return None

    def is_concerned(suite: SuiteParameters) -> bool:
        kind = suite.certificate_type
        if kind is None or suite.key_exchange not in _SIGNED:
            return False
        return offered is None or not can_sign(declared, kind, offered, negotiation.version)

    if not _is_chosen(is_concerned, negotiation):
        return None
    cause = negotiation.declared.refusals.no_signature_algorithms
    return Obstacle(why, declared_refusal(cause, Phase.KEY_EXCHANGE))


def prime(negotiation: Negotiation) -> Obstacle | None:
    """A Diffie-Hellman prime that the client does not take. Raises Undecided."""
    bits, limit = negotiation.declared.dh_prime_bits, ""
    if bits is not None:
        limit = _limit(bits, negotiation.client.limits)
    if not limit or not _is_chosen(lambda suite: suite.key_exchange in FINITE_FIELD, negotiation):
        return None
    why = f"the server's Diffie-Hellman prime has {bits} bits, the client accepts {limit}"
    return Obstacle(why, refused(Phase.KEY_EXCHANGE, Rule.DH_PRIME_BITS))


def legacy_signature(negotiation: Negotiation) -> Obstacle | None:
    """A key exchange that is signed with MD5 and SHA-1, which the client does not take. Raises Undecided."""
    is_refused = negotiation.client.limits.legacy_signature_alert is not None
    if not is_refused or negotiation.version >= ProtocolVersion.TLS_1_2:
        return None
    if not _is_chosen(lambda suite: suite.key_exchange in _SIGNED, negotiation):
        return None
    version = version_name(negotiation.version)
    why = f"{version} signs the key exchange with MD5 and SHA-1, which the client rejects"
    return Obstacle(why, refused(Phase.KEY_EXCHANGE, Rule.LEGACY_SIGNATURE))


def certificate_curve(negotiation: Negotiation) -> Obstacle | None:
    """A certificate on a curve that the hello does not name, which the client refuses (RFC 8422 section 5.3;
    the servers' ECDSA keys are on P-256). Raises Undecided.
    """
    offered = offered_groups(negotiation.hello)
    if negotiation.version >= ProtocolVersion.TLS_1_3 or offered is None or NamedGroup.SECP256R1 in offered:
        return None
    if not _is_chosen(lambda suite: suite.key_exchange is KeyExchange.ECDHE_ECDSA, negotiation):
        return None
    why = f"the server's certificate is on {group_name(NamedGroup.SECP256R1)}, which the client does not name"
    cause = Cause(Kind.PROTOCOL_ERROR, Fault.BAD_CERTIFICATE.value)
    return Obstacle(why, Reason(Phase.CERTIFICATE, cause))


def _limit(bits: int, limits: ClientLimits) -> str:
    """The client's limit that a prime of this size breaks; empty where it breaks none."""
    if limits.max_dh_prime_bits is not None and bits > limits.max_dh_prime_bits:
        return f"at most {limits.max_dh_prime_bits}"
    if limits.min_dh_prime_bits is not None and bits < limits.min_dh_prime_bits:
        return f"at least {limits.min_dh_prime_bits}"
    return ""


def _is_chosen(concerns: Callable[[SuiteParameters], bool], negotiation: Negotiation) -> bool:
    """Whether the suite that the server takes is one of those. Raises Undecided where that is not known."""
    suites = usable(negotiation)
    order = negotiation.declared.cipher_suites
    if negotiation.server.preference is Preference.CLIENT:
        suites = suites[:1]
    elif negotiation.server.preference is Preference.SERVER:
        suites = [min(suites, key=lambda suite: order.index(suite.cipher_suite))]
    concerned = [concerns(suite) for suite in suites]
    if any(concerned) and not all(concerned):
        raise Undecided
    return any(concerned)


def usable(negotiation: Negotiation) -> Sequence[SuiteParameters]:
    """The suites that both sides can use, in the client's order; at least one behind `no_suite`."""
    return [s for s in _known(negotiation) if all(fits(s, negotiation) for fits, _ in _FILTERS)]


def _known(negotiation: Negotiation) -> Iterable[SuiteParameters]:
    for code in offered_cipher_suites(negotiation.hello):
        if code in negotiation.declared.cipher_suites:
            try:
                yield suite_parameters(code)
            except UnsupportedParameter:
                continue


def _fits_version(suite: SuiteParameters, negotiation: Negotiation) -> bool:
    has_certificate = suite.certificate_type in (None, *negotiation.declared.certificates)
    return suite.minimum_version <= negotiation.version <= suite.maximum_version and has_certificate


def _has_group(suite: SuiteParameters, negotiation: Negotiation) -> bool:
    is_1_3 = suite.key_exchange is KeyExchange.TLS13
    if suite.key_exchange not in ELLIPTIC_CURVE and not is_1_3:
        return True
    offered, declared = offered_groups(negotiation.hello), negotiation.declared
    if offered is None:
        return not (is_1_3 or declared.needs_supported_groups)
    groups = [group for group in offered if is_negotiable(group, negotiation.version)]
    return bool(groups) and (not declared.named_groups or not set(groups).isdisjoint(declared.named_groups))


def _names_curve(suite: SuiteParameters, negotiation: Negotiation) -> bool:
    """Whether the hello names the curve of the ECDSA certificate, where the server looks for it (RFC 8422
    section 5.1; in TLS 1.3 the signature scheme says it).
    """
    curve, offered = negotiation.declared.ecdsa_curve, offered_groups(negotiation.hello)
    is_concerned = suite.key_exchange is KeyExchange.ECDHE_ECDSA and None not in (curve, offered)
    return not is_concerned or curve in (offered or ())


def _has_scheme(suite: SuiteParameters, negotiation: Negotiation) -> bool:
    offered, declared = offered_signature_schemes(negotiation.hello), negotiation.declared
    version, check = negotiation.version, declared.signature_check
    if offered is None or version < ProtocolVersion.TLS_1_2:
        return True
    kinds: Iterable[str] = () if suite.certificate_type is None else (suite.certificate_type,)
    if suite.key_exchange is KeyExchange.TLS13:
        kinds = declared.certificates
    elif (
        not kinds
        or check in ("none", "late")
        or (check == "signatures" and suite.key_exchange not in _SIGNED)
    ):
        return True
    return any(can_sign(declared, kind, offered, version) for kind in kinds)


def _no_common_suite(negotiation: Negotiation) -> str:
    return f"no common cipher suite in {version_name(negotiation.version)}"


def _no_common_group(negotiation: Negotiation) -> str:
    offered, theirs = offered_groups(negotiation.hello), negotiation.declared.named_groups
    if offered is None:
        return "the hello has no supported_groups, without which the server uses no elliptic curve"
    return f"no common named group: the client has {_groups(offered)}, the server {_groups(theirs)}"


def _curve_not_named(negotiation: Negotiation) -> str:
    curve = negotiation.declared.ecdsa_curve
    assert curve is not None, "there is no obstacle where the server does not look for it"
    return f"the client does not name {group_name(curve)}, the curve of the server's certificate"


def _no_scheme(negotiation: Negotiation) -> str:
    return no_common_scheme(offered_signature_schemes(negotiation.hello) or ())


def _groups(groups: Iterable[int]) -> str:
    return ", ".join(group_name(group) for group in groups) or "none that it could use"


_FILTERS: tuple[Filter, ...] = (
    (_fits_version, _no_common_suite),
    (_has_group, _no_common_group),
    (_names_curve, _curve_not_named),
    (_has_scheme, _no_scheme),
)
