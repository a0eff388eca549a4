"""Which sessions the server gives and takes up: by their ids, by tickets, in TLS 1.3; and what its random and
its ids look like.
"""

from handshake.features.edits import insert
from handshake.hello_template import ExtensionTemplate
from handshake.wire.registry import ExtensionType, ProtocolVersion
from matrix.twin.draft import Draft
from matrix.twin.hellos import has
from matrix.twin.inquiry import Asking, Inquiry, Manner, Question

_V = ProtocolVersion
_TICKET = ExtensionTemplate(ExtensionType.SESSION_TICKET)
_EXTENDED = ExtensionTemplate(ExtensionType.EXTENDED_MASTER_SECRET)
_TIME = "gmt_unix_time"


def _ask(draft: Draft) -> Asking[None]:
    ways: list[str] = []
    version = draft.highest_before_1_3
    if version is not None:
        yield from _ask_below_1_3(draft, version, ways)
    hello = draft.hellos.get(_V.TLS_1_3)
    if hello is not None:
        reply = yield Inquiry(hello, Manner.RESUME_BY_TICKET)
        if reply.is_resumed and "ticket" not in ways:
            ways.append("ticket-in-tls13")
        elif not reply.is_resumed and "ticket" in ways:
            draft.note("tickets are taken below TLS 1.3 alone; the twin takes them in TLS 1.3 too")
    draft.declared["resumption"] = ways


def _ask_below_1_3(draft: Draft, version: int, ways: list[str]) -> Asking[None]:
    hello = draft.hellos[version]
    plain = yield from draft.ask(hello)
    if plain.hello is not None:
        draft.emulation["session_id_length"] = len(plain.hello.session_id)
        if plain.random_is_time:
            draft.emulation["random_begins_with"] = _TIME
        if plain.session_id_is_time:
            draft.emulation["session_id_begins_with"] = _TIME
        is_joined = len(plain.first_record) > 1
        draft.emulation["flight_layout"] = "one-record" if is_joined else "record-per-message"
    by_id = yield Inquiry(hello, Manner.RESUME_BY_ID)
    if not by_id.is_resumed and hello.extensions is not None and version > _V.SSL_3_0:
        hello = insert(hello, _EXTENDED)
        by_id = yield Inquiry(hello, Manner.RESUME_BY_ID)
        draft.declared["resumption_needs_extended_master_secret"] = by_id.is_resumed
    if by_id.is_resumed:
        ways.append("session-id")
    elif draft.emulation.get("session_id_length"):
        draft.declared["forgets_sessions"] = True
        ways.append("session-id")
    if version == _V.SSL_3_0 or hello.extensions is None:
        return
    with_ticket = hello if has(hello, ExtensionType.SESSION_TICKET) else insert(hello, _TICKET)
    asked = yield from draft.ask(with_ticket)
    had, has_one = ((each.hello is not None and bool(each.hello.session_id)) for each in (plain, asked))
    if had and not has_one and asked.hello is not None:
        draft.emulation["no_session_id_for"] = ["extension:session_ticket"]
        if by_id.is_resumed:
            ways[:] = ["session-id-without-ticket"]
    if asked.has_ticket:
        by_ticket = yield Inquiry(with_ticket, Manner.RESUME_BY_TICKET)
        if by_ticket.is_resumed:
            ways.append("ticket")


QUESTION = Question("sessions", "which sessions it gives and takes up", _ask)
