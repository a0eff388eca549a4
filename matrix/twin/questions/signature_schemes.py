"""Which signature schemes the server signs with, and what it does without one in common."""

from handshake.crypto.signatures import DEFAULT_SCHEMES
from handshake.crypto.suite_parameters import CertificateType, KeyExchange, suite_parameters
from handshake.hello_template import HelloTemplate
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.registry import ExtensionType, ProtocolVersion, signature_scheme_name
from matrix.twin.draft import Draft, answer_of
from matrix.twin.hellos import UNKNOWN_SCHEME, has, schemes, with_schemes, with_suites, without
from matrix.twin.inquiry import Asking, Question
from matrix.twin.reply import Reply

_E, _V = ExtensionType, ProtocolVersion
_UNSIGNED = (KeyExchange.RSA, KeyExchange.RSA_EXPORT)


def _ask(draft: Draft) -> Asking[None]:
    known: list[int] = []
    for version in (_V.TLS_1_3, _V.TLS_1_2):
        if version in draft.hellos and has(draft.hellos[version], _E.SIGNATURE_ALGORITHMS):
            for hello in _hellos(draft, version):
                known += yield from _enumerate(draft, hello)
    if not known:
        return
    without_default = set(DEFAULT_SCHEMES) - set(known)
    taken = [scheme for scheme in schemes() if scheme in known]
    if without_default or set(taken) != set(schemes()):
        draft.emulation["signature_schemes"] = [signature_scheme_name(scheme) for scheme in taken]
    yield from _ask_lack(draft)
    yield from _ask_none_in_common(draft)


def _hellos(draft: Draft, version: int) -> list[HelloTemplate]:
    """A hello for each kind of certificate, of suites in which the server signs; one in TLS 1.3."""
    hello = draft.hellos[version]
    if version == _V.TLS_1_3:
        return [hello]
    found = []
    for kind in CertificateType:
        suites = _signed(draft, version, kind)
        if suites:
            found.append(with_suites(hello, suites))
    return found


def _signed(draft: Draft, version: int, kind: CertificateType) -> list[int]:
    parameters = [suite_parameters(code) for code in draft.suites.get(version, ())]
    return [
        each.cipher_suite
        for each in parameters
        if each.certificate_type is kind and each.key_exchange not in _UNSIGNED
    ]


def _enumerate(draft: Draft, hello: HelloTemplate) -> Asking[list[int]]:
    found: list[int] = []
    left = list(schemes())
    while left:
        reply = yield from draft.ask(with_schemes(hello, left))
        if reply.scheme is None or reply.scheme not in left:
            break
        found.append(reply.scheme)
        left.remove(reply.scheme)
    return found


def _ask_lack(draft: Draft) -> Asking[None]:
    """Find out what a hello of TLS 1.2 without signature_algorithms gets: SHA-1 stands for it (RFC 5246
    section 7.4.1.4.1), and some servers refuse that.
    """
    hello = draft.hellos.get(_V.TLS_1_3)
    if hello is not None:
        reply = yield from draft.ask(without(hello, _E.SIGNATURE_ALGORITHMS))
        draft.refuse("missing-extension", reply.refusal)
    if _V.TLS_1_2 not in draft.hellos:
        return
    suites = draft.suites.get(_V.TLS_1_2, ())
    signed = [code for code in suites if suite_parameters(code).key_exchange not in _UNSIGNED]
    unsigned = [code for code in suites if code not in signed]
    refusals = []
    for offered, is_signed in ((signed, True), (unsigned, False)):
        if offered:
            hello = without(with_suites(draft.hellos[_V.TLS_1_2], offered), _E.SIGNATURE_ALGORITHMS)
            reply = yield from draft.ask(hello)
            refusals.append(reply.refusal)
            _take_lack(draft, offered, is_signed, reply)
    if refusals and refusals[0] is not None and None not in refusals:
        draft.declared["signature_algorithms"] = "required"
        draft.declared["refusals"] = {"no_signature_algorithms": str(refusals[0])}


def _take_lack(draft: Draft, offered: list[int], is_signed: bool, reply: Reply) -> None:
    known = draft.emulation.get("signature_schemes", ["rsa_pkcs1_sha1"])
    has_default = not {"rsa_pkcs1_sha1", "dsa_sha1", "ecdsa_sha1"}.isdisjoint(known)
    usual = draft.emulation.get("alerts", {}).get("no-common-cipher-suite", "handshake_failure")
    feature = "client-version:TLSv1.2 and not offers-version:TLSv1.3 and not extension:signature_algorithms"
    if reply.refusal is None and not has_default:
        draft.emulation["signs_unasked"] = True
    if reply.broken_off is not None:
        signed = " and ".join((feature, *_without_others(draft, offered)))
        draft.intolerance([signed], reply.broken_off.cause, after=reply.broken_off.after)
    elif reply.refusal is not None and (has_default or answer_of(reply.refusal) != usual):
        draft.intolerance([" and ".join((feature, *_without_others(draft, offered)))], reply.refusal)
    elif reply.refusal is not None and draft.emulation.get("signs_unasked"):
        draft.note(
            f"without signature_algorithms, suites with{'' if is_signed else 'out'} a signature are refused, "
            "the others are not; the twin takes both"
        )


def _without_others(draft: Draft, offered: list[int]) -> list[str]:
    """Features of a hello that has none of the server's suites but those that are meant."""
    others = [code for found in draft.suites.values() for code in found if code not in offered]
    return [f"not cipher-suite:{cipher_suite_name(code)}" for code in dict.fromkeys(others)]


def _ask_none_in_common(draft: Draft) -> Asking[None]:
    for version in (_V.TLS_1_3, _V.TLS_1_2):
        hello = draft.hellos.get(version)
        if hello is None or not has(hello, _E.SIGNATURE_ALGORITHMS):
            continue
        reply = yield from draft.ask(with_schemes(hello, (UNKNOWN_SCHEME,)))
        usual = draft.emulation.get("alerts", {}).get("no-common-cipher-suite", "handshake_failure")
        if reply.refusal is not None and answer_of(reply.refusal) != usual:
            codes = ",".join(f"0x{scheme:04x}" for scheme in schemes())
            in_version = "offers-version:TLSv1.3" if version == _V.TLS_1_3 else "not offers-version:TLSv1.3"
            feature = f"none-of:signature_algorithms:{codes} and {in_version}"
            draft.intolerance([feature], reply.refusal)


QUESTION = Question("signature-schemes", "which signature schemes it signs with", _ask)
