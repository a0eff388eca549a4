"""Warnings at each point of a handshake, and alerts that are not formed or levelled as they should be.

Up to TLS 1.2 a warning need not end anything (RFC 5246 section 7.2). In TLS 1.3 every alert but close_notify
and user_canceled is an error whatever its level says, unknown ones too (RFC 8446 section 6). Before the
ServerHello a client cannot know which of both it is, so either is right.
"""

from collections.abc import Iterator

from handshake.server.departures.departure import (
    TLS_1_3,
    UP_TO_TLS_1_2,
    Demand,
    Departure,
    may_refuse,
    must_refuse,
    silent,
)
from handshake.server.departures.rewriting import Arrange, after, alert, at_end, at_start, before
from handshake.server.steps import Flight, Fragment
from handshake.wire.registry import AlertDescription, AlertLevel, ContentType, HandshakeType

_UNKNOWN_ALERT = 199
"""Unassigned in IANA's registry of alerts."""

_WARNINGS = {
    "unrecognized-name": AlertDescription.UNRECOGNIZED_NAME,
    "user-canceled": AlertDescription.USER_CANCELED,
    "unknown": _UNKNOWN_ALERT,
}


def _points(*steps: Fragment) -> dict[str, Arrange]:
    """Where an alert can stand up to TLS 1.2, by the word for it."""
    return {
        "before-server-hello": at_start(Flight.ANSWER, *steps),
        "after-server-hello": after(HandshakeType.SERVER_HELLO, *steps),
        "after-certificate": after(HandshakeType.CERTIFICATE, *steps),
        "after-server-hello-done": after(HandshakeType.SERVER_HELLO_DONE, *steps),
        "before-change-cipher-spec": at_start(Flight.FINISH, *steps),
        "before-finished": before(HandshakeType.FINISHED, *steps),
        "after-handshake": at_end(Flight.AFTER, *steps),
    }


def _points_13(*steps: Fragment) -> dict[str, Arrange]:
    """The same in TLS 1.3; all but the first is protected."""
    return {
        "before-server-hello": at_start(Flight.ANSWER, *steps),
        "before-encrypted-extensions": before(HandshakeType.ENCRYPTED_EXTENSIONS, *steps),
        "before-finished": before(HandshakeType.FINISHED, *steps),
        "after-handshake": at_end(Flight.AFTER, *steps),
    }


def _warnings() -> Iterator[Departure]:
    for word, description in _WARNINGS.items():
        what = "an alert that nobody knows" if word == "unknown" else word.replace("-", "_")
        for point, arranges in _points(alert(description)).items():
            yield Departure(
                f"warning-{word}-{point}",
                f"warns of {what} {point.replace('-', ' ')}",
                UP_TO_TLS_1_2,
                may_refuse("RFC 5246 section 7.2"),
                arranges=arranges,
            )
        for point, arranges in _points_13(alert(description)).items():
            is_closure = description == AlertDescription.USER_CANCELED
            section = "RFC 8446 section 6.1" if is_closure else "RFC 8446 section 6"
            yield Departure(
                f"tls13-warning-{word}-{point}",
                f"warns of {what} {point.replace('-', ' ')}",
                TLS_1_3,
                _demand_13(point, section, is_closure=is_closure),
                arranges=arranges,
            )


def _demand_13(point: str, section: str, *, is_closure: bool) -> Demand:
    if is_closure:
        return silent(section)
    return may_refuse(section) if point == "before-server-hello" else must_refuse(section)


def _after_hello(name: str, title: str, demand: Demand, *steps: Fragment) -> Departure:
    return Departure(
        name,
        title,
        UP_TO_TLS_1_2,
        demand,
        arranges=after(HandshakeType.SERVER_HELLO, *steps),
    )


def _raw(content: bytes) -> Fragment:
    return Fragment(ContentType.ALERT, content)


_LEVEL = silent("RFC 5246 section 7.2")
_FRAGMENTS = silent("RFC 5246 section 6.2.1")
"""It lets a sender cut and join messages of one type, and does not say that a client must put alerts together
again. RFC 8446 section 5.1 forbids both. Of the stacks measured, OpenSSL 1.0 alone takes both.
"""

DEPARTURES = (
    *_warnings(),
    _after_hello(
        "warning-no-renegotiation-in-first-handshake",
        "warns of no_renegotiation in a first handshake",
        may_refuse("RFC 5246 section 7.2.2"),
        alert(AlertDescription.NO_RENEGOTIATION),
    ),
    _after_hello(
        "warning-close-notify-in-handshake",
        "sends close_notify in the handshake and goes on",
        must_refuse("RFC 5246 section 7.2.1"),
        alert(AlertDescription.CLOSE_NOTIFY),
    ),
    _after_hello(
        "warning-handshake-failure",
        "sends handshake_failure as a warning and goes on",
        silent("RFC 5246 section 7.2.2"),
        alert(AlertDescription.HANDSHAKE_FAILURE),
    ),
    _after_hello(
        "fatal-unrecognized-name-and-on",
        "sends unrecognized_name as a fatal alert and goes on",
        must_refuse("RFC 5246 section 7.2.2"),
        alert(AlertDescription.UNRECOGNIZED_NAME, AlertLevel.FATAL),
    ),
    _after_hello(
        "alert-level-0",
        "sends unrecognized_name with the level 0",
        _LEVEL,
        alert(AlertDescription.UNRECOGNIZED_NAME, 0),
    ),
    _after_hello(
        "alert-level-3",
        "sends unrecognized_name with the level 3",
        _LEVEL,
        alert(AlertDescription.UNRECOGNIZED_NAME, 3),
    ),
    _after_hello(
        "alert-of-one-byte",
        "sends an alert record of one byte",
        silent("RFC 5246 section 7.2"),
        _raw(b"\x01"),
    ),
    _after_hello(
        "alert-of-three-bytes",
        "sends an alert record of three bytes",
        silent("RFC 5246 section 7.2"),
        _raw(b"\x01\x70\x00"),
    ),
    _after_hello(
        "alert-record-empty",
        "sends an alert record with nothing in it",
        silent("RFC 5246 section 6.2.1"),
        _raw(b""),
    ),
    _after_hello(
        "alert-in-two-records",
        "sends the two bytes of an alert in a record each",
        _FRAGMENTS,
        _raw(b"\x01"),
        _raw(b"\x70"),
    ),
    _after_hello(
        "two-alerts-in-one-record",
        "sends two warnings in one record",
        _FRAGMENTS,
        _raw(b"\x01\x70\x01\x70"),
    ),
    _after_hello(
        "warnings-4-in-a-row",
        "sends four warnings one after the other",
        may_refuse("RFC 5246 section 7.2"),
        *(alert(AlertDescription.UNRECOGNIZED_NAME),) * 4,
    ),
    Departure(
        "tls13-alert-level-fatal-user-canceled",
        "sends user_canceled with the level fatal behind the handshake",
        TLS_1_3,
        silent("RFC 8446 section 6.1"),
        arranges=at_end(Flight.AFTER, alert(AlertDescription.USER_CANCELED, AlertLevel.FATAL)),
    ),
    Departure(
        "tls13-two-alerts-in-one-record",
        "sends user_canceled twice in one record behind the handshake",
        TLS_1_3,
        silent("RFC 8446 section 5.1"),
        arranges=at_end(Flight.AFTER, _raw(b"\x01\x5a\x01\x5a")),
    ),
)
