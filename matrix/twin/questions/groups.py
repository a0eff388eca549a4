"""Which named groups the server takes, whose order decides, and what it does without one in common.

In TLS 1.3 no key share is offered, so that the server says in a HelloRetryRequest which group it wants.
"""

from collections.abc import Callable, Sequence

from handshake.crypto.certificate_keys import certificate_group
from handshake.crypto.suite_parameters import KeyExchange, suite_parameters
from handshake.errors import PeerFault
from handshake.features.edits import first_of
from handshake.hello_template import HelloTemplate
from handshake.wire.extensions import pull_supported_groups
from handshake.wire.registry import ExtensionType, ProtocolVersion, group_name
from matrix.twin.draft import Draft, without_repetitions
from matrix.twin.hellos import (
    FIRST_GROUPS,
    UNKNOWN_GROUP,
    groups_for,
    has,
    with_groups,
    with_shares,
    with_suites,
    without,
)
from matrix.twin.inquiry import Asking, Question
from matrix.twin.reply import Reply

_E, _V = ExtensionType, ProtocolVersion
_ECDHE = (KeyExchange.ECDHE_RSA, KeyExchange.ECDHE_ECDSA, KeyExchange.ECDH_ANON)


def _ask(draft: Draft) -> Asking[None]:
    of_1_3 = yield from _ask_1_3(draft)
    of_1_2 = yield from _ask_ecdhe(draft)
    groups = [group_name(group) for group in without_repetitions((*of_1_3, *of_1_2))]
    if groups:
        draft.emulation["named_groups"] = groups
    if of_1_3:
        _note_of_1_2_alone(draft, [group for group in of_1_2 if group not in of_1_3])


def _ask_1_3(draft: Draft) -> Asking[tuple[int, ...]]:
    hello = draft.hellos.get(_V.TLS_1_3)
    if hello is None:
        return ()
    asking = with_shares(hello, ())
    found = yield from _enumerate(draft, asking, _wanted, _of(hello, groups_for(_V.TLS_1_3)))
    shared = [group for group in found if group in FIRST_GROUPS][:2]
    if (
        len(shared) > 1
    ):  # of groups with shares, which most clients send, since others may follow another rule
        other_way = (*reversed(shared),)
        reply = yield from draft.ask(with_shares(with_groups(hello, other_way), other_way))
        preference = "client" if reply.group == other_way[0] else "server"
        if preference != draft.emulation.get("preference"):
            draft.emulation["group_preference_in_tls13"] = preference
    return found


def _wanted(reply: Reply) -> int | None:
    return reply.retry_group


def _chosen(reply: Reply) -> int | None:
    return reply.group


def _of(hello: HelloTemplate, otherwise: Sequence[int]) -> tuple[int, ...]:
    extension = first_of(hello, _E.SUPPORTED_GROUPS)
    return tuple(otherwise) if extension is None else pull_supported_groups(extension.body)


def _ecdhe_hello(draft: Draft) -> HelloTemplate | None:
    """A hello that offers suites with ECDHE alone, in the highest version that has them."""
    for version in draft.versions:
        suites = [
            code for code in draft.suites.get(version, ()) if suite_parameters(code).key_exchange in _ECDHE
        ]
        if suites and has(draft.hellos[version], _E.SUPPORTED_GROUPS):
            return with_suites(draft.hellos[version], suites)
    return None


def _ask_ecdhe(draft: Draft) -> Asking[tuple[int, ...]]:
    hello = _ecdhe_hello(draft)
    if hello is None:
        return ()
    found = yield from _enumerate(draft, hello, _chosen, groups_for(_V.TLS_1_2))
    if not found:
        return ()
    yield from _ask_preference(draft, hello, found)
    yield from _ask_certificate_curve(draft, found)
    reply = yield from draft.ask(without(without(hello, _E.SUPPORTED_GROUPS), _E.EC_POINT_FORMATS))
    if reply.group is not None:
        draft.emulation["default_named_group"] = group_name(reply.group)
    unknown = yield from draft.ask(with_groups(hello, (UNKNOWN_GROUP,)))
    if unknown.group is not None:
        draft.emulation["known_named_groups"] = sorted({*groups_for(_V.TLS_1_2), *groups_for(_V.TLS_1_3)})
        draft.emulation.setdefault("default_named_group", group_name(unknown.group))
    return found


def _ask_certificate_curve(draft: Draft, found: Sequence[int]) -> Asking[None]:
    """Find out whether the curve of an ECDSA certificate must be among the groups of the hello."""
    version = draft.highest_before_1_3
    suites = (
        []
        if version is None
        else [
            code
            for code in draft.suites.get(version, ())
            if suite_parameters(code).key_exchange is KeyExchange.ECDHE_ECDSA
        ]
    )
    if version is None or not suites:
        return
    hello = with_suites(draft.hellos[version], suites)
    reply = yield from draft.ask(hello)
    curve = _curve(reply.certificate)
    others = [group for group in found if group != curve]
    if curve is not None and others:
        reply = yield from draft.ask(with_groups(hello, others))
        draft.emulation["checks_certificate_curve"] = reply.hello is None


def _curve(certificate: bytes | None) -> int | None:
    try:
        return None if certificate is None else certificate_group(certificate)
    except PeerFault:  # a certificate that cannot be used
        return None


def _enumerate(
    draft: Draft, hello: HelloTemplate, chosen: Callable[[Reply], int | None], pool: Sequence[int]
) -> Asking[tuple[int, ...]]:
    found: list[int] = []
    left = list(pool)
    while left:
        reply = yield from draft.ask(with_groups(hello, left))
        group = chosen(reply)
        if group is None or group not in left:
            break
        found.append(group)
        left.remove(group)
    return tuple(found)


def _ask_preference(draft: Draft, hello: HelloTemplate, found: Sequence[int]) -> Asking[None]:
    if len(found) < 2:
        return
    reply = yield from draft.ask(with_groups(hello, (*reversed(found),)))
    preference = "client" if reply.group == found[-1] else "server"
    if preference != draft.emulation.get("preference"):
        draft.emulation["group_preference"] = preference
        if _V.TLS_1_3 in draft.hellos:  # it would be the preference there too
            draft.emulation.setdefault("group_preference_in_tls13", draft.emulation["preference"])


def _note_of_1_2_alone(draft: Draft, groups: Sequence[int]) -> None:
    """Groups that the server takes in TLS 1.2 and not in TLS 1.3 are no language of the twin's."""
    negotiable = [group_name(group) for group in groups if group in groups_for(_V.TLS_1_3)]
    if negotiable:
        names = ", ".join(negotiable)
        draft.note(f"TLS 1.3 is not done with {names}, TLS 1.2 is; the twin takes them in both")


QUESTION = Question("groups", "which groups it takes for ECDHE and in TLS 1.3", _ask)
