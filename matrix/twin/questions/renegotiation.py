"""Whether the server renegotiates when a client begins, with RFC 5746 and without, how it refuses, and what
it makes of hellos that signal it in other ways.
"""

from msgspec.structs import replace

from clients.observation import COMPLETED, NOT_TRIED
from handshake.features.edits import put
from handshake.hello_template import ExtensionTemplate, HelloTemplate
from handshake.reason import Cause, Kind, parse_cause
from handshake.wire.cipher_suites import TLS_FALLBACK_SCSV
from handshake.wire.registry import ExtensionType, ProtocolVersion
from matrix.twin.draft import Draft, answer_of
from matrix.twin.hellos import SCSV, without
from matrix.twin.inquiry import Asking, Inquiry, Manner, Question

_V = ProtocolVersion
_INFO = ExtensionType.RENEGOTIATION_INFO
_NOT_EMPTY = b"\x02\x00\x00"


def _ask(draft: Draft) -> Asking[None]:
    version = draft.highest_before_1_3
    if version is None:
        return
    hello = draft.hellos[version]
    rules = draft.declared.setdefault("renegotiation", {})
    yield from _ask_signals(draft, hello, rules)
    secure = yield from _ask_client(hello)
    legacy = yield from _ask_client(_unsignalled(hello))
    if COMPLETED in (secure, legacy):
        rules["allowed"] = "legacy" if legacy == COMPLETED else "secure"
    else:
        rules["allowed"] = "secure"
        rules["client_initiated"] = False
        draft.note("whether the server itself ever asks for a renegotiation cannot be seen from outside")
    refusal = next((word for word in (secure, legacy) if word not in (COMPLETED, NOT_TRIED)), None)
    if refusal is not None:
        rules["refusal"] = _written(parse_cause(refusal))
    if _V.SSL_3_0 in draft.hellos and draft.hellos[_V.SSL_3_0] != hello:
        in_sslv3 = yield from _ask_client(draft.hellos[_V.SSL_3_0])
        if in_sslv3 not in (COMPLETED, NOT_TRIED):
            rules["refusal_in_sslv3"] = _written(parse_cause(in_sslv3))
    yield from _ask_fallback(draft)


def _ask_client(hello: HelloTemplate) -> Asking[str]:
    reply = yield Inquiry(hello, Manner.RENEGOTIATE)
    seen = reply.renegotiation
    if seen is None:
        return NOT_TRIED
    return seen.secure if seen.secure != NOT_TRIED else seen.legacy


def _unsignalled(hello: HelloTemplate) -> HelloTemplate:
    suites = tuple(code for code in hello.cipher_suites if code != SCSV)
    return replace(without(hello, _INFO), cipher_suites=suites)


def _written(cause: Cause) -> str:
    """A refusal as a definition has it: one that goes on is a warning."""
    if cause.kind is Kind.ALERT:
        return f"warning:{cause.what}" if cause.what == "no_renegotiation" else f"alert:{cause.what}"
    if cause.kind in (Kind.CLOSE_NOTIFY, Kind.FIN, Kind.RESET):
        return "alert:close_notify"
    return "none"


def _ask_signals(draft: Draft, hello: HelloTemplate, rules: dict[str, object]) -> Asking[None]:
    reply = yield from draft.ask(_unsignalled(hello))
    if reply.refusal is not None:
        rules["legacy_hello"] = False
        draft.refuse("renegotiation-signal", reply.refusal)
    if hello.extensions is not None:
        wrong = yield from draft.ask(put(hello, ExtensionTemplate(_INFO, _NOT_EMPTY)))
        draft.refuse("renegotiation-info", wrong.refusal)


def _ask_fallback(draft: Draft) -> Asking[None]:
    """TLS_FALLBACK_SCSV in a hello of a version that is not the highest (RFC 7507)."""
    below = draft.versions[1] if len(draft.versions) > 1 else None
    if below is None:
        return
    hello = draft.hellos[below]
    signalling = replace(hello, cipher_suites=(*hello.cipher_suites, TLS_FALLBACK_SCSV))
    reply = yield from draft.ask(signalling)
    draft.emulation["fallback_scsv"] = reply.refusal is not None
    if reply.refusal is not None and answer_of(reply.refusal) != "inappropriate_fallback":
        draft.refuse("inappropriate-fallback", reply.refusal)


QUESTION = Question(
    "renegotiation", "whether it renegotiates, and what it makes of RFC 5746 and RFC 7507", _ask
)
