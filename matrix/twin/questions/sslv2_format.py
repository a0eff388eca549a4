"""Whether the server reads a hello in the format of SSLv2, and what it does with one that it refuses.

Such a hello has no extensions. A server that reads it treats it like the same offer in a record, refusals
included; so where none is answered, its refusals are compared with those.
"""

from collections.abc import Sequence

from handshake.hello_template import HelloFormat, HelloTemplate
from handshake.reason import Cause, Kind
from handshake.wire.registry import ProtocolVersion, version_name
from matrix.twin.draft import Draft, most_frequent
from matrix.twin.hellos import SSL_AND_TLS, UNKNOWN_SUITES, suites_for
from matrix.twin.inquiry import Asking, Question

_V = ProtocolVersion
_CHALLENGE_LENGTH = 32
_SSLV2_SPECS = (0x010080, 0x0700C0, 0x030080, 0x060040, 0x020080, 0x040080)
"""SSLv2's own cipher specs (draft-hickman-netscape-ssl section C.4)."""
_MOST_SUITES = 40
"""A hello of a client in that format is short."""


def _ask(draft: Draft) -> Asking[None]:
    version = next((each for each in draft.versions if each < _V.TLS_1_3), _V.TLS_1_2)
    suites = draft.suites.get(version) or suites_for(_V.TLS_1_0)
    reply = yield from draft.ask(_in_sslv2(version, suites))
    is_read = reply.hello is not None
    refusals: dict[int, Cause] = {}
    if not is_read:
        is_read = yield from _is_refused_alike(draft, refusals)
    draft.declared["sslv2_hello"] = is_read
    usual = most_frequent(refusals.values())
    if not is_read:
        draft.refuse("not-tls", usual)
        for version, cause in refusals.items():
            if cause != usual:
                draft.intolerance([f"sslv2-format and client-version:{version_name(version)}"], cause)
    yield from _ask_sslv2_alone(draft, None if is_read else usual)


def _is_refused_alike(draft: Draft, refusals: dict[int, Cause]) -> Asking[bool]:
    """Whether the refusals in both formats are the same, and not the same whatever is offered."""
    alike = True
    for version in SSL_AND_TLS[1:]:
        for suites in (suites_for(_V.TLS_1_0), UNKNOWN_SUITES):
            hello = _in_sslv2(version, suites)
            reply = yield from draft.ask(hello)
            if reply.refusal is None:
                return reply.hello is not None
            refusals.setdefault(version, reply.refusal)
            if reply.refusal.kind is Kind.TIMEOUT:  # a server that waits for the rest of a record
                return False
            in_record = yield from draft.ask(hello.in_record_format())
            alike = alike and in_record.refusal == reply.refusal
            if not alike and len(set(refusals.values())) > 1:
                return False
    replies = [
        draft.asked[_in_sslv2(v, s)].refusal
        for v in refusals
        for s in (suites_for(_V.TLS_1_0), UNKNOWN_SUITES)
    ]
    return alike and len(set(replies)) > 1


def _ask_sslv2_alone(draft: Draft, usual: Cause | None) -> Asking[None]:
    reply = yield from draft.ask(_in_sslv2(_V.SSL_2_0, _SSLV2_SPECS))
    if reply.refusal is not None and reply.refusal != usual:
        draft.intolerance(["sslv2-format and version-below:SSLv3"], reply.refusal)


def _in_sslv2(version: int, suites: Sequence[int]) -> HelloTemplate:
    return HelloTemplate(
        client_version=version,
        cipher_suites=tuple(suites)[:_MOST_SUITES],
        format=HelloFormat.SSLV2,
        challenge_length=_CHALLENGE_LENGTH,
    )


QUESTION = Question("sslv2-format", "whether it reads a hello in the format of SSLv2", _ask)
