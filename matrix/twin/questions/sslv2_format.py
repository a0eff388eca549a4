"""Whether the server reads a hello in the format of SSLv2, and what it does with one that it refuses."""

from handshake.hello_template import HelloFormat, HelloTemplate
from handshake.wire.registry import ProtocolVersion
from matrix.twin.draft import Draft
from matrix.twin.hellos import suites_for, UNKNOWN_SUITES
from matrix.twin.inquiry import Asking, Question

_V = ProtocolVersion
_CHALLENGE_LENGTH = 32
_SSLV2_SPECS = (0x010080, 0x0700C0, 0x030080, 0x060040, 0x020080, 0x040080)
"""SSLv2's own cipher specs (draft-hickman-netscape-ssl section C.4)."""


def _ask(draft: Draft) -> Asking[None]:
    draft.declared["sslv2_hello"] = False
    version = next((each for each in draft.versions if each < _V.TLS_1_3), _V.TLS_1_2)
    reply = yield from draft.ask(_sslv2(version, draft.suites.get(version) or suites_for(_V.TLS_1_0)))
    if reply.hello is not None:
        draft.declared["sslv2_hello"] = True
        return
    if reply.refusal is None:
        draft.note("what becomes of a hello in the format of SSLv2 could not be seen")
        return
    none = yield from draft.ask(_sslv2(version, UNKNOWN_SUITES))
    alone = yield from draft.ask(_sslv2(_V.SSL_2_0, _SSLV2_SPECS))
    draft.refuse("not-tls", reply.refusal)
    others = (("a hello in that format without a suite in common", none), ("one that offers SSLv2 alone", alone))
    for what, other in others:
        if other.refusal != reply.refusal:
            draft.note(f"{what} ends with {other.refusal}, the others in the format of SSLv2 with {reply.refusal}")


def _sslv2(version: int, suites: tuple[int, ...]) -> HelloTemplate:
    return HelloTemplate(
        client_version=version,
        cipher_suites=tuple(suites)[:40],
        format=HelloFormat.SSLV2,
        challenge_length=_CHALLENGE_LENGTH,
    )


QUESTION = Question("sslv2-format", "whether it reads a hello in the format of SSLv2", _ask)
