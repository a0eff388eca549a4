"""Messages that are missing, doubled, unknown, of the other side, or not due.

Nothing is left out that the client's trust rests on: neither a certificate, a signature nor a Finished.
"""

from collections.abc import Iterator

from handshake.server.departures.departure import (
    TLS_1_2,
    TLS_1_3,
    UP_TO_TLS_1_2,
    Demand,
    Departure,
    Situation,
    must_go_on,
    must_refuse,
)
from handshake.server.departures.rewriting import (
    Arrange,
    Rewrite,
    after,
    at_end,
    at_start,
    body,
    doubled,
    each,
    followed,
    left_out,
    one_byte_more,
)
from handshake.server.steps import Flight, Fragment, Sent, Steps
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.messages import (
    KeyUpdate,
    NewSessionTicket13,
    push_key_update,
    push_new_session_ticket_13,
)
from handshake.wire.registry import AlertDescription, ContentType, HandshakeType

_UNEXPECTED = must_refuse("RFC 5246 section 7.4", AlertDescription.UNEXPECTED_MESSAGE)
_UNEXPECTED_13 = must_refuse("RFC 8446 section 4", AlertDescription.UNEXPECTED_MESSAGE)
_IGNORED = must_go_on("RFC 5246 section 7.4.1.1")
_DECODE = must_refuse("RFC 5246 section 7.2.2", AlertDescription.DECODE_ERROR)
_DECODE_13 = must_refuse("RFC 8446 section 6.2", AlertDescription.DECODE_ERROR)
_UNKNOWN_MESSAGE = 99
"""Unassigned in IANA's registry of handshake types."""


def _sent(handshake_type: int, content: bytes = b"") -> Sent:
    message = HandshakeMessage(handshake_type, content)
    return Sent(handshake_type, push_handshake_message(message))


_HELLO_REQUEST = _sent(HandshakeType.HELLO_REQUEST)
_TICKET = push_new_session_ticket_13(NewSessionTicket13(7200, 0, b"\x00", bytes(32)))


def _key_updates(count: int, request: int = 0) -> Arrange:
    """Send KeyUpdates behind the handshake, each followed by the next keys."""

    def arrange(situation: Situation, which: Flight, steps: Steps) -> Steps:
        if which is not Flight.AFTER:
            return steps
        update = _sent(HandshakeType.KEY_UPDATE, push_key_update(KeyUpdate(request)))
        updates = (step for _ in range(count) for step in (update, situation.next_keys()))
        return (*steps, *updates)

    return arrange


def _twice() -> Iterator[Departure]:
    for word, handshake_type, versions in (
        ("server-hello", HandshakeType.SERVER_HELLO, UP_TO_TLS_1_2),
        ("certificate", HandshakeType.CERTIFICATE, UP_TO_TLS_1_2),
        ("server-key-exchange", HandshakeType.SERVER_KEY_EXCHANGE, UP_TO_TLS_1_2),
        ("server-hello", HandshakeType.SERVER_HELLO, TLS_1_3),
        ("encrypted-extensions", HandshakeType.ENCRYPTED_EXTENSIONS, TLS_1_3),
        ("certificate", HandshakeType.CERTIFICATE, TLS_1_3),
    ):
        is_13 = versions is TLS_1_3
        yield Departure(
            f"{'tls13-' if is_13 else ''}{word}-twice",
            f"sends the message {word.replace('-', ' ')} twice",
            versions,
            _UNEXPECTED_13 if is_13 else _UNEXPECTED,
            rewrites=doubled(handshake_type),
        )


def _not_due() -> Iterator[Departure]:
    """A message that has no place there, behind another: up to TLS 1.2 the Certificate, in 1.3
    EncryptedExtensions.
    """
    for word, handshake_type, content, versions in (
        ("unknown-message", _UNKNOWN_MESSAGE, b"", UP_TO_TLS_1_2),
        (
            "certificate-status-unasked",
            HandshakeType.CERTIFICATE_STATUS,
            b"\x01\x00\x00\x01\x00",
            UP_TO_TLS_1_2,
        ),
        ("supplemental-data-unasked", HandshakeType.SUPPLEMENTAL_DATA, b"\x00\x00\x00", UP_TO_TLS_1_2),
        ("client-key-exchange", HandshakeType.CLIENT_KEY_EXCHANGE, bytes(66), UP_TO_TLS_1_2),
        ("client-hello", HandshakeType.CLIENT_HELLO, bytes(41), UP_TO_TLS_1_2),
        ("encrypted-extensions", HandshakeType.ENCRYPTED_EXTENSIONS, b"\x00\x00", UP_TO_TLS_1_2),
        ("key-update", HandshakeType.KEY_UPDATE, b"\x00", UP_TO_TLS_1_2),
        ("unknown-message", _UNKNOWN_MESSAGE, b"", TLS_1_3),
        ("hello-request", HandshakeType.HELLO_REQUEST, b"", TLS_1_3),
        ("server-hello-done", HandshakeType.SERVER_HELLO_DONE, b"", TLS_1_3),
        ("key-update", HandshakeType.KEY_UPDATE, b"\x00", TLS_1_3),
        ("ticket", HandshakeType.NEW_SESSION_TICKET, _TICKET, TLS_1_3),
        ("end-of-early-data", HandshakeType.END_OF_EARLY_DATA, b"", TLS_1_3),
    ):
        is_13 = versions is TLS_1_3
        place = HandshakeType.ENCRYPTED_EXTENSIONS if is_13 else HandshakeType.CERTIFICATE
        rewrites: Rewrite = followed(place, HandshakeMessage(handshake_type, content))
        yield Departure(
            f"{'tls13-' if is_13 else ''}{word}-in-handshake",
            f"sends a message of type {int(handshake_type)} in the handshake",
            versions,
            _UNEXPECTED_13 if is_13 else _UNEXPECTED,
            rewrites=rewrites,
        )


def _requests() -> Iterator[Departure]:
    for word, arranges in (
        ("before-server-hello", at_start(Flight.ANSWER, _HELLO_REQUEST)),
        ("after-server-hello", after(HandshakeType.SERVER_HELLO, _HELLO_REQUEST)),
        ("after-server-hello-done", after(HandshakeType.SERVER_HELLO_DONE, _HELLO_REQUEST)),
        ("before-change-cipher-spec", at_start(Flight.FINISH, _HELLO_REQUEST)),
    ):
        yield Departure(
            f"hello-request-{word}",
            f"sends a HelloRequest {word.replace('-', ' ')}, which is to be ignored",
            UP_TO_TLS_1_2,
            _IGNORED,
            arranges=arranges,
        )


def _behind(
    name: str, title: str, demand: Demand, *steps: Sent, versions: tuple[int, ...] = TLS_1_3
) -> Departure:
    return Departure(name, title, versions, demand, arranges=at_end(Flight.AFTER, *steps))


DEPARTURES = (
    *_twice(),
    *_not_due(),
    *_requests(),
    # A client answers the first of two messages that end a flight before it has seen the second, so that one
    # cannot be in the transcript.
    Departure(
        "server-hello-done-twice",
        "sends the message server hello done twice",
        UP_TO_TLS_1_2,
        _UNEXPECTED,
        arranges=after(HandshakeType.SERVER_HELLO_DONE, _sent(HandshakeType.SERVER_HELLO_DONE)),
    ),
    Departure(
        "tls13-finished-twice",
        "sends its Finished twice, in one record",
        TLS_1_3,
        must_refuse("RFC 8446 section 5.1", AlertDescription.UNEXPECTED_MESSAGE),
        arranges=each(
            HandshakeType.FINISHED, lambda message: (Fragment(ContentType.HANDSHAKE, message.wire * 2),)
        ),
    ),
    Departure(
        "encrypted-extensions-left-out",
        "sends no EncryptedExtensions",
        TLS_1_3,
        _UNEXPECTED_13,
        rewrites=left_out(HandshakeType.ENCRYPTED_EXTENSIONS),
    ),
    Departure(
        "server-hello-done-with-a-body",
        "puts a byte into the ServerHelloDone",
        UP_TO_TLS_1_2,
        _DECODE,
        rewrites=body(HandshakeType.SERVER_HELLO_DONE, lambda _: b"\x00"),
    ),
    Departure(
        "server-key-exchange-trailing-byte",
        "puts a byte behind the signature of ServerKeyExchange",
        UP_TO_TLS_1_2,
        _DECODE,
        rewrites=one_byte_more(HandshakeType.SERVER_KEY_EXCHANGE),
    ),
    Departure(
        "certificate-verify-trailing-byte",
        "puts a byte behind the signature of CertificateVerify",
        TLS_1_3,
        _DECODE_13,
        rewrites=one_byte_more(HandshakeType.CERTIFICATE_VERIFY),
    ),
    Departure(
        "key-update",
        "updates its keys behind the handshake, as it may",
        TLS_1_3,
        must_go_on("RFC 8446 section 4.6.3"),
        arranges=_key_updates(1),
    ),
    Departure(
        "key-update-requested",
        "updates its keys behind the handshake and asks the client to do so, as it may",
        TLS_1_3,
        must_go_on("RFC 8446 section 4.6.3"),
        arranges=_key_updates(1, request=1),
    ),
    Departure(
        "key-update-4-times",
        "updates its keys four times behind the handshake",
        TLS_1_3,
        must_go_on("RFC 8446 section 4.6.3"),
        arranges=_key_updates(4),
    ),
    Departure(
        "key-update-value-2",
        "sends a KeyUpdate with the value 2",
        TLS_1_3,
        must_refuse("RFC 8446 section 4.6.3", AlertDescription.ILLEGAL_PARAMETER),
        arranges=_key_updates(1, request=2),
    ),
    _behind(
        "key-update-empty",
        "sends a KeyUpdate with nothing in it",
        _DECODE_13,
        _sent(HandshakeType.KEY_UPDATE),
    ),
    _behind(
        "key-update-of-two-bytes",
        "sends a KeyUpdate of two bytes",
        _DECODE_13,
        _sent(HandshakeType.KEY_UPDATE, b"\x00\x00"),
    ),
    _behind(
        "certificate-request-after-handshake",
        "asks for a certificate behind the handshake though the client did not offer post_handshake_auth",
        must_refuse("RFC 8446 section 4.6.2", AlertDescription.UNEXPECTED_MESSAGE),
        _sent(HandshakeType.CERTIFICATE_REQUEST, b"\x01\x00\x00\x08\x00\x0d\x00\x04\x00\x02\x08\x04"),
    ),
    _behind(
        "tls13-hello-request-after-handshake",
        "sends a HelloRequest behind the handshake of TLS 1.3",
        _UNEXPECTED_13,
        _HELLO_REQUEST,
    ),
    _behind(
        "tls13-unknown-message-after-handshake",
        "sends a message of an unknown type behind the handshake",
        _UNEXPECTED_13,
        _sent(_UNKNOWN_MESSAGE),
    ),
    _behind(
        "unknown-message-after-handshake",
        "sends a message of an unknown type behind the handshake",
        _UNEXPECTED,
        _sent(_UNKNOWN_MESSAGE),
        versions=UP_TO_TLS_1_2,
    ),
    _behind(
        "server-hello-done-after-handshake",
        "sends a ServerHelloDone behind the handshake",
        _UNEXPECTED,
        _sent(HandshakeType.SERVER_HELLO_DONE),
        versions=UP_TO_TLS_1_2,
    ),
    _behind(
        "key-update-after-handshake-in-tls12",
        "sends a KeyUpdate behind the handshake of TLS 1.2",
        _UNEXPECTED,
        _sent(HandshakeType.KEY_UPDATE, b"\x00"),
        versions=TLS_1_2,
    ),
)
