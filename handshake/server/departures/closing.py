"""How the server ends a connection of its own accord (RFC 5246 section 7.2.1, RFC 8446 section 6.1)."""

from handshake.server.departures.departure import (
    ALL_VERSIONS,
    Demand,
    Departure,
    must_go_on,
    silent,
)
from handshake.server.departures.rewriting import alert, at_end, at_start, instead
from handshake.server.steps import Flight, Fragment, Step
from handshake.wire.registry import AlertDescription, AlertLevel, ContentType

_END = silent("RFC 5246 section 7.2.1, RFC 8446 section 6.1")


def _closes(name: str, title: str, *steps: Step, demand: Demand = _END) -> Departure:
    return Departure(name, title, ALL_VERSIONS, demand, arranges=instead(Flight.CLOSE, *steps))


DEPARTURES = (
    _closes("close-without-close-notify", "closes the connection without close_notify"),
    _closes(
        "close-notify-fatal",
        "sends close_notify with the level fatal",
        alert(AlertDescription.CLOSE_NOTIFY, AlertLevel.FATAL),
    ),
    _closes(
        "close-with-user-canceled-alone",
        "closes the connection with user_canceled and no close_notify",
        alert(AlertDescription.USER_CANCELED),
    ),
    _closes(
        "close-with-internal-error",
        "closes the connection with a fatal internal_error",
        alert(AlertDescription.INTERNAL_ERROR, AlertLevel.FATAL),
    ),
    Departure(
        "close-notify-twice",
        "sends close_notify twice",
        ALL_VERSIONS,
        must_go_on("RFC 5246 section 7.2.1, RFC 8446 section 6.1"),
        arranges=at_end(Flight.CLOSE, alert(AlertDescription.CLOSE_NOTIFY)),
    ),
    Departure(
        "close-with-user-canceled-first",
        "sends user_canceled before close_notify, as it may",
        ALL_VERSIONS,
        must_go_on("RFC 5246 section 7.2.2, RFC 8446 section 6.1"),
        arranges=at_start(Flight.CLOSE, alert(AlertDescription.USER_CANCELED)),
    ),
    Departure(
        "data-after-close-notify",
        "sends application data behind close_notify",
        ALL_VERSIONS,
        must_go_on("RFC 5246 section 7.2.1, RFC 8446 section 6.1"),
        arranges=at_end(Flight.CLOSE, Fragment(ContentType.APPLICATION_DATA, b"more")),
    ),
)
