"""The primes that the server uses for DHE: of which size, for which suites, and whether it goes by the groups
that the client names (RFC 7919).
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from handshake.crypto.dh_groups import FFDHE_GROUPS, JSSE_DH_GROUPS, DHGroup, ffdhe_group, modp_group
from handshake.crypto.suite_parameters import KeyExchange, suite_parameters
from handshake.features.edits import first_of
from handshake.hello_template import HelloTemplate
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.extensions import pull_supported_groups
from handshake.wire.registry import ExtensionType, group_name
from matrix.twin.draft import Draft
from matrix.twin.hellos import FIRST_GROUPS, has, with_groups, with_suites
from matrix.twin.inquiry import Asking, Question

_DHE = (KeyExchange.DHE_RSA, KeyExchange.DHE_DSS, KeyExchange.DH_ANON)
_EXPORT = (KeyExchange.DHE_RSA_EXPORT, KeyExchange.DHE_DSS_EXPORT, KeyExchange.DH_ANON_EXPORT)
_MODP_BITS = (768, 1024, 1536, 2048, 3072, 4096, 6144, 8192)
_KINDS = (
    "TLS_DH_anon_WITH_*_256_*",
    "TLS_DH_anon_*",
    "TLS_DHE_DSS_*",
    "TLS_DHE_RSA_WITH_*_256_*",
    "TLS_DHE_*",
)
"""What the size may go by: the certificate's kind, and the strength of the cipher (OpenSSL's
ssl_get_auto_dh)."""
_UNKNOWN_FFDHE = 0x01FE
"""A code point of finite-field groups that is for private use (RFC 7919 section 2)."""


def _ask(draft: Draft) -> Asking[None]:
    yield from _ask_export(draft)
    version, suites = _suites(draft, _DHE)
    if not suites:
        return
    hello = _without_ffdhe(draft.hellos[version])
    groups: dict[str, DHGroup] = {}
    for kind in _KINDS:
        of_kind = [code for code in suites if _kind(code) == kind]
        if of_kind:
            reply = yield from draft.ask(with_suites(hello, of_kind))
            if reply.dh_group is not None:
                groups[kind] = reply.dh_group
    if not groups:
        draft.note("DHE suites are taken, and the prime could not be seen")
        return
    _write(draft, groups)
    yield from _ask_ffdhe(draft, hello, suites)


def _suites(draft: Draft, exchanges: Sequence[KeyExchange]) -> tuple[int, list[int]]:
    """The suites with these key exchanges, in the highest version that has them."""
    for version in draft.versions:
        found = [
            code for code in draft.suites.get(version, ()) if suite_parameters(code).key_exchange in exchanges
        ]
        if found:
            return version, found
    return 0, []


def _kind(code: int) -> str:
    name = cipher_suite_name(code)
    return next((kind for kind in _KINDS if fnmatchcase(name, kind)), _KINDS[-1])


def _without_ffdhe(hello: HelloTemplate) -> HelloTemplate:
    extension = first_of(hello, ExtensionType.SUPPORTED_GROUPS)
    if extension is None:
        return hello
    named = pull_supported_groups(extension.body)
    return with_groups(hello, tuple(group for group in named if group not in FFDHE_GROUPS))


def _ask_export(draft: Draft) -> Asking[None]:
    version, suites = _suites(draft, _EXPORT)
    if suites:
        reply = yield from draft.ask(with_suites(draft.hellos[version], suites))
        if reply.dh_group is not None:
            draft.emulation["export_dh_group"] = _written(draft, reply.dh_group)


def _write(draft: Draft, groups: dict[str, DHGroup]) -> None:
    sizes = {group.bits for group in groups.values()}
    usual = list(groups.values())[-1]
    draft.emulation["dh_group"] = _written(draft, usual)
    if len(sizes) == 1:
        draft.declared["dh_prime_bits"] = usual.bits
    others = [(kind, group) for kind, group in groups.items() if group != usual]
    if others:
        draft.emulation["dh_groups"] = [
            {"cipher_suites": kind, "group": _written(draft, group)} for kind, group in others
        ]


def _written(draft: Draft, group: DHGroup) -> str:
    """The group as a definition has it; an unknown one is replaced by one that is as large."""
    for named in sorted(FFDHE_GROUPS):
        if ffdhe_group(named) == group:
            return group_name(named)
    for bits in _MODP_BITS:
        if modp_group(bits) == group:
            return f"modp-{bits}"
    for bits, known in JSSE_DH_GROUPS.items():
        if known == group:
            return f"jsse-{bits}"
    return _as_large(draft, group.bits)


def _as_large(draft: Draft, bits: int) -> str:
    if bits in JSSE_DH_GROUPS and bits not in _MODP_BITS:
        return f"jsse-{bits}"
    size = min((each for each in _MODP_BITS if each >= bits), default=_MODP_BITS[-1])
    if size != bits:
        draft.note(f"the server's own prime has {bits} bits, the twin's has {size}")
    return f"modp-{size}"


def _ask_ffdhe(draft: Draft, hello: HelloTemplate, suites: Sequence[int]) -> Asking[None]:
    """Find out whether the groups that the client names matter."""
    if not has(hello, ExtensionType.SUPPORTED_GROUPS):
        return
    hello = with_suites(hello, suites)
    found = []
    for group in sorted(FFDHE_GROUPS):
        reply = yield from draft.ask(with_groups(hello, (*FIRST_GROUPS, group)))
        if reply.dh_group == ffdhe_group(group):
            found.append(group)
    usual = draft.emulation["dh_group"]
    if len(found) > 1 or (found and group_name(found[0]) != usual):
        draft.emulation["ffdhe_groups"] = [group_name(group) for group in found]
    unknown = yield from draft.ask(with_groups(hello, (*FIRST_GROUPS, _UNKNOWN_FFDHE)))
    if unknown.refusal is not None:
        draft.emulation["ffdhe_groups"] = [group_name(group) for group in found or sorted(FFDHE_GROUPS)]
        draft.emulation["ffdhe_required"] = True
        if unknown.refusal is not None:
            draft.refuse("no-common-dh-group", unknown.refusal)


QUESTION = Question("diffie-hellman", "which primes it uses for DHE", _ask)
