"""NewSessionTicket: its lifetime, size and form, where it was not promised, and where it does not come.

Up to TLS 1.2 it stands before the server's ChangeCipherSpec (RFC 5077), in TLS 1.3 behind the handshake (RFC
8446 section 4.6.1).
"""

from collections.abc import Callable

from msgspec.structs import replace

from handshake.server.departures.departure import (
    TLS_1_3,
    UP_TO_TLS_1_2,
    Demand,
    Departure,
    Situation,
    must_go_on,
    must_refuse,
    silent,
)
from handshake.server.departures.rewriting import (
    UNKNOWN_TYPE,
    Rewrite,
    body,
    doubled,
    in_server_hello,
    in_ticket,
    left_out,
    one_byte_less,
    one_byte_more,
    twice,
    with_extension,
    without_extension,
)
from handshake.wire.handshake_message import HandshakeMessage
from handshake.wire.messages import (
    NewSessionTicket,
    NewSessionTicket13,
    pull_new_session_ticket,
    pull_new_session_ticket_13,
    push_new_session_ticket,
    push_new_session_ticket_13,
)
from handshake.wire.registry import AlertDescription, ExtensionType, HandshakeType

_TICKET = HandshakeType.NEW_SESSION_TICKET
_OFFERED = "extension:session_ticket"
_LARGE = bytes(60_000)
_WEEK = 604_800
_UNPROMISED = HandshakeMessage(_TICKET, push_new_session_ticket(NewSessionTicket(7200, b"not promised")))


def _old(
    name: str, title: str, demand: Demand, edit: Callable[[NewSessionTicket], NewSessionTicket]
) -> Departure:
    return _plain_old(
        name,
        title,
        demand,
        body(_TICKET, lambda content: push_new_session_ticket(edit(pull_new_session_ticket(content)))),
    )


def _plain_old(name: str, title: str, demand: Demand, rewrites: Rewrite) -> Departure:
    return Departure(name, title, UP_TO_TLS_1_2, demand, hello=_OFFERED, rewrites=rewrites)


def _modern(
    name: str, title: str, demand: Demand, edit: Callable[[NewSessionTicket13], NewSessionTicket13]
) -> Departure:
    return _plain_modern(
        name,
        title,
        demand,
        body(_TICKET, lambda content: push_new_session_ticket_13(edit(pull_new_session_ticket_13(content)))),
    )


def _plain_modern(name: str, title: str, demand: Demand, rewrites: Rewrite) -> Departure:
    return Departure(f"tls13-{name}", title, TLS_1_3, demand, rewrites=rewrites)


def _unpromised(_: Situation, handshake_type: int) -> tuple[HandshakeMessage, ...]:
    return (_UNPROMISED,) if handshake_type == HandshakeType.FINISHED else ()


_UNASKED = must_refuse("RFC 5246 section 7.4.1.4", AlertDescription.UNSUPPORTED_EXTENSION)
_DECODE = must_refuse("RFC 5246 section 7.2.2", AlertDescription.DECODE_ERROR)
_DECODE_13 = must_refuse("RFC 8446 section 6.2", AlertDescription.DECODE_ERROR)
_FREE = must_go_on("RFC 8446 section 4.6.1")

DEPARTURES = (
    _old(
        "ticket-lifetime-0",
        "gives a ticket with a lifetime hint of 0, which says nothing",
        must_go_on("RFC 5077 section 3.3"),
        lambda ticket: replace(ticket, ticket_lifetime_hint=0),
    ),
    _old(
        "ticket-lifetime-136-years",
        "gives a ticket with the longest lifetime hint",
        must_go_on("RFC 5077 section 3.3"),
        lambda ticket: replace(ticket, ticket_lifetime_hint=0xFFFFFFFF),
    ),
    _old(
        "ticket-empty",
        "gives an empty ticket, which means none",
        must_go_on("RFC 5077 section 3.3"),
        lambda ticket: replace(ticket, ticket=b""),
    ),
    _old(
        "ticket-of-60-kB",
        "gives a ticket of 60,000 bytes",
        must_go_on("RFC 5077 section 3.3"),
        lambda ticket: replace(ticket, ticket=_LARGE),
    ),
    _plain_old("ticket-trailing-byte", "puts a byte behind the ticket", _DECODE, one_byte_more(_TICKET)),
    _plain_old("ticket-cut-off", "leaves out the ticket's last byte", _DECODE, one_byte_less(_TICKET)),
    _plain_old(
        "ticket-twice",
        "sends the NewSessionTicket twice",
        must_refuse("RFC 5246 section 7.4", AlertDescription.UNEXPECTED_MESSAGE),
        doubled(_TICKET),
    ),
    _plain_old(
        "ticket-promised-and-not-sent",
        "answers session_ticket and sends no NewSessionTicket",
        silent("RFC 5077 section 3.3"),
        left_out(_TICKET),
    ),
    _plain_old(
        "ticket-not-promised",
        "sends a NewSessionTicket though it has not answered session_ticket",
        silent("RFC 5077 section 3.3"),
        in_server_hello(without_extension(ExtensionType.SESSION_TICKET)),
    ),
    Departure(
        "ticket-not-offered",
        "sends a NewSessionTicket to a client that did not offer session_ticket",
        UP_TO_TLS_1_2,
        silent("RFC 5077 section 3.3"),
        hello=f"not {_OFFERED}",
        leads_in=_unpromised,
    ),
    Departure(
        "session-ticket-answer-not-offered",
        "answers session_ticket though the client did not offer it",
        UP_TO_TLS_1_2,
        _UNASKED,
        hello=f"not {_OFFERED}",
        rewrites=in_server_hello(with_extension(ExtensionType.SESSION_TICKET)),
    ),
    Departure(
        "session-ticket-answer-not-empty",
        "answers session_ticket with a body that is not empty",
        UP_TO_TLS_1_2,
        silent("RFC 5077 section 3.2"),
        hello=_OFFERED,
        otherwise=_UNASKED,
        rewrites=in_server_hello(with_extension(ExtensionType.SESSION_TICKET, b"\x00")),
    ),
    _modern(
        "ticket-lifetime-0",
        "gives a ticket with a lifetime of 0, to be thrown away",
        _FREE,
        lambda ticket: replace(ticket, ticket_lifetime=0),
    ),
    _modern(
        "ticket-lifetime-over-a-week",
        "gives a ticket with a lifetime of more than seven days",
        silent("RFC 8446 section 4.6.1"),
        lambda ticket: replace(ticket, ticket_lifetime=_WEEK + 1),
    ),
    _modern("ticket-empty", "gives an empty ticket", _DECODE_13, lambda ticket: replace(ticket, ticket=b"")),
    _modern(
        "ticket-of-60-kB",
        "gives a ticket of 60,000 bytes",
        _FREE,
        lambda ticket: replace(ticket, ticket=_LARGE),
    ),
    _modern(
        "ticket-nonce-255",
        "gives a ticket with a nonce of 255 bytes",
        _FREE,
        lambda ticket: replace(ticket, ticket_nonce=bytes(255)),
    ),
    _plain_modern(
        "tickets-10",
        "gives ten tickets",
        _FREE,
        lambda _, message: (message,) * (10 if message.handshake_type == _TICKET else 1),
    ),
    _plain_modern("ticket-not-given", "gives no ticket", _FREE, left_out(_TICKET)),
    _plain_modern(
        "ticket-trailing-byte", "puts a byte behind the ticket", _DECODE_13, one_byte_more(_TICKET)
    ),
    _plain_modern("ticket-cut-off", "leaves out the ticket's last byte", _DECODE_13, one_byte_less(_TICKET)),
    _plain_modern(
        "ticket-with-unknown-extension",
        "sends an extension with the ticket that has no registration, as it may",
        must_go_on("RFC 8446 section 4.6.1"),
        in_ticket(with_extension(UNKNOWN_TYPE)),
    ),
    _plain_modern(
        "ticket-with-extension-twice",
        "sends early_data twice with the ticket",
        silent("RFC 8446 section 4.2"),
        in_ticket(twice(ExtensionType.EARLY_DATA, b"\x00\x00\x40\x00")),
    ),
    _plain_modern(
        "ticket-with-key-share",
        "sends key_share with the ticket",
        must_refuse("RFC 8446 section 4.2", AlertDescription.ILLEGAL_PARAMETER),
        in_ticket(with_extension(ExtensionType.KEY_SHARE, b"\x00\x00")),
    ),
    _plain_modern(
        "ticket-with-short-early-data",
        "sends early_data with the ticket without the size that belongs in it",
        _DECODE_13,
        in_ticket(with_extension(ExtensionType.EARLY_DATA)),
    ),
)
