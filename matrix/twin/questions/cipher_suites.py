"""Which cipher suites the server takes in each version, in which order, and how it refuses the others.

What it chooses from all suites is taken away, until it refuses what is left: so each suite that it takes
costs one connection, and all others together one. Of a lower version only what may differ is asked.
"""

from collections.abc import Iterator, Sequence

from handshake.crypto.suite_parameters import CertificateType, suite_parameters
from handshake.reason import Cause
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.registry import ProtocolVersion, version_name
from matrix.twin.draft import Draft, most_frequent, without_repetitions
from matrix.twin.hellos import SSL_AND_TLS, UNKNOWN_SUITES, suites_for, wide, with_suites
from matrix.twin.inquiry import Asking, Question

_SUITES_IN_A_NARROW_HELLO = 15
"""A server that refuses the wide hello may mind its length."""
_PAIRS = 8
"""Pairs of suites that are offered in both orders, where the orders of the whole list do not tell."""


def _ask(draft: Draft) -> Asking[None]:
    try:
        yield from _ask_suites(draft)
    finally:  # also where nothing more may be asked: a definition has suites
        _write(draft)
    yield from _ask_preferences(draft)
    yield from _ask_refusals(draft)
    yield from _ask_unsupported_versions(draft)


def _ask_suites(draft: Draft) -> Asking[None]:
    for version in draft.versions:
        known = _known(draft)
        if version == ProtocolVersion.TLS_1_3 or not known:
            yield from _enumerate(draft, version, suites_for(version))
        else:
            yield from _enumerate_lower(draft, version, known)


def _known(draft: Draft) -> tuple[int, ...]:
    """The suites below TLS 1.3 that were found so far, those of the highest version first."""
    found = (suites for version, suites in draft.suites.items() if version < ProtocolVersion.TLS_1_3)
    return tuple(without_repetitions(code for suites in found for code in suites))


def _write(draft: Draft) -> None:
    known, of_1_3 = _known(draft), draft.suites.get(ProtocolVersion.TLS_1_3, ())
    draft.declared["cipher_suites"] = [cipher_suite_name(code) for code in (*of_1_3, *known)]
    kinds = {suite_parameters(code).certificate_type for code in known} - {None}
    draft.declared["certificates"] = [kind.value for kind in CertificateType if kind in kinds] or ["rsa"]


def _enumerate(draft: Draft, version: int, pool: Sequence[int]) -> Asking[None]:
    """Find what the server takes of the pool, in the order in which it chooses."""
    hello = draft.hellos[version]
    size = len(pool) if hello == wide(version) else _SUITES_IN_A_NARROW_HELLO
    for start in range(0, len(pool), max(size, 1)):
        left = list(pool[start : start + size])
        while left:
            reply = yield from draft.ask(with_suites(hello, left))
            if reply.suite not in left or reply.version != version:
                break
            draft.suites[version] = (*draft.suites.get(version, ()), reply.suite)
            left.remove(reply.suite)


def _enumerate_lower(draft: Draft, version: int, known: Sequence[int]) -> Asking[None]:
    """Find what differs from the versions above: what is there in addition, and which kinds are missing."""
    possible = suites_for(version)
    expected = [code for code in known if code in possible]
    yield from _enumerate(draft, version, [code for code in possible if code not in expected])
    missing: set[int] = set()
    for kind in _kinds(expected):
        reply = yield from draft.ask(with_suites(draft.hellos[version], kind))
        if reply.hello is None or reply.version != version:
            missing.update(kind)
    taken = [code for code in expected if code not in missing]
    draft.suites[version] = (*taken, *draft.suites.get(version, ()))


def _kinds(suites: Sequence[int]) -> Iterator[list[int]]:
    """The suites of each key exchange, and those of each cipher."""
    parameters = [suite_parameters(code) for code in suites]
    for exchange in without_repetitions(each.key_exchange for each in parameters):
        yield [each.cipher_suite for each in parameters if each.key_exchange is exchange]
    for cipher in without_repetitions(each.cipher for each in parameters):
        yield [each.cipher_suite for each in parameters if each.cipher == cipher]


def _ask_preferences(draft: Draft) -> Asking[None]:
    """Find out whose order decides, below TLS 1.3 and in it."""
    below = draft.highest_before_1_3
    usual = yield from _ask_preference(draft, below)
    of_1_3 = yield from _ask_preference(draft, ProtocolVersion.TLS_1_3)
    draft.emulation["preference"] = usual or of_1_3 or "server"
    if of_1_3 not in (None, draft.emulation["preference"]):
        draft.emulation["preference_in_tls13"] = of_1_3


def _ask_preference(draft: Draft, version: int | None) -> Asking[str | None]:
    """Offer what was found the other way round; None where there is nothing to prefer."""
    found = draft.suites.get(version or 0, ())
    if version is None or len(found) < 2:
        return None
    is_wide = draft.hellos[version] == wide(version)
    offered = [*reversed(found)][: None if is_wide else _SUITES_IN_A_NARROW_HELLO]
    reply = yield from draft.ask(with_suites(draft.hellos[version], offered))
    if reply.suite == offered[0]:
        return "client"
    if reply.suite == min(offered, key=found.index):
        return "server"
    return (yield from _ask_pairs(draft, version))


def _ask_pairs(draft: Draft, version: int) -> Asking[str]:
    found = draft.suites[version]
    step = max(len(found) // _PAIRS, 1)
    of_client, pairs = 0, 0
    for index in range(0, len(found) - 1, step):
        reply = yield from draft.ask(with_suites(draft.hellos[version], (found[index + 1], found[index])))
        pairs += 1
        of_client += reply.suite == found[index + 1]
    draft.note(
        f"the order of cipher suites in {version_name(version)} follows neither side alone: of {pairs} pairs "
        f"that were offered against the server's order, {of_client} were chosen as offered"
    )
    return "client" if of_client * 2 > pairs else "server"


def _ask_refusals(draft: Draft) -> Asking[None]:
    """Find out what answers a hello without a suite in common, in each version."""
    refusals: dict[int, Cause] = {}
    for version in draft.versions:
        reply = yield from draft.ask(with_suites(draft.hellos[version], UNKNOWN_SUITES))
        if reply.refusal is not None:
            refusals[version] = reply.refusal
    usual = most_frequent(refusals.values())
    draft.refuse("no-common-cipher-suite", usual)
    for version, cause in refusals.items():
        if cause != usual:
            feature = _in_version(version)
            lacking = [f"not cipher-suite:{cipher_suite_name(code)}" for code in draft.suites[version]]
            draft.intolerance([" and ".join((feature, *lacking))], cause)


def _in_version(version: int) -> str:
    if version == ProtocolVersion.TLS_1_3:
        return "offers-version:TLSv1.3"
    return f"client-version:{version_name(version)} and not offers-version:TLSv1.3"


def _ask_unsupported_versions(draft: Draft) -> Asking[None]:
    """Find out whether a hello of a version that the server lacks is refused for its suites before it is for
    that (OpenSSL 3.0, which chooses TLS 1.0 and then cannot sign).
    """
    for version in SSL_AND_TLS:
        if version in draft.hellos or version == ProtocolVersion.TLS_1_3:
            continue
        of_version = draft.asked.get(wide(version))
        if (
            of_version is None
            or of_version.refusal is None
            or of_version.refusal != draft.refusals.get(version)
        ):
            continue
        none = yield from draft.ask(wide(version, UNKNOWN_SUITES))
        if none.refusal is None or none.refusal == of_version.refusal:
            continue
        counted = yield from _counted(draft, version, of_version.refusal)
        lacking = [f"not cipher-suite:{cipher_suite_name(code)}" for code in counted]
        feature = f"client-version:{version_name(version)} and not extension:supported_versions"
        draft.intolerance([" and ".join((feature, *lacking))], none.refusal, first=True)


def _counted(draft: Draft, version: int, refusal: Cause) -> Asking[list[int]]:
    """Find the suites that take a hello as far as the refusal of its version."""
    known = [parsed for found in draft.suites.values() for parsed in found]
    likely = [code for code in suites_for(version) if code in known]
    others = [code for code in suites_for(version) if code not in known]
    reply = yield from draft.ask(wide(version, others))
    singly = likely if reply.refusal != refusal else [*likely, *others]
    counted = []
    for code in singly:
        reply = yield from draft.ask(wide(version, (code,)))
        if reply.refusal == refusal:
            counted.append(code)
    return counted


QUESTION = Question(
    "cipher-suites", "which cipher suites it takes in each version, and whose order decides", _ask
)
