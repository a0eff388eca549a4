"""How a connection of a genuine program ended, and what tells an alert from other bytes."""

from msgspec import Struct

from handshake.events import Phase
from handshake.reason import Kind
from handshake.wire.registry import AlertDescription, AlertLevel

ALERT_13_LENGTHS = (19, 35)
"""Of an encrypted alert of TLS 1.3, without and with JSSE's padding (`wire`)."""
CLOSURE = (AlertDescription.CLOSE_NOTIFY, AlertDescription.USER_CANCELED)


class End(Struct, frozen=True):
    """What ended a connection first. `is_clients` says who did it; `alert` is its description, None where it
    is encrypted and stays so; only a Kind.ALERT has one.
    """

    is_clients: bool
    kind: Kind
    phase: Phase
    alert: int | None = None


def is_alert(fragment: bytes, *, is_tls13: bool) -> bool:
    """Whether it is formed as RFC 5246 section 7.2 has it; in TLS 1.3 the level says nothing (RFC 8446
    section 6).
    """
    return len(fragment) == 2 and (is_tls13 or fragment[0] in list(AlertLevel))
