"""Sessions: what two sides keep to shorten their next handshake.

Up to TLS 1.2 a session is found again by its id (RFC 5246 section 7.4.1.2) or by a ticket (RFC 5077); in TLS
1.3 a ticket stands for a pre-shared key (RFC 8446 section 4.6.1). A ticket made here is a random handle into
the server's own store, so that nothing has to be encrypted into it: a client cannot tell.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

TICKET_LENGTH = 160
"""Bytes; about what a stateless ticket of TLS 1.2 without a client certificate takes (RFC 5077 section 4)."""

TICKET_LIFETIME_SECONDS = 7200
MAX_SESSIONS = 4096


@dataclass(frozen=True, slots=True)
class Session:
    """One session. `secret` is the master secret, in TLS 1.3 the ticket's pre-shared key.

    `session_id` or `ticket` is what the client offers. `ticket_age_add` and `received_at` (seconds of the
    caller's clock) make the obfuscated age of RFC 8446 section 4.2.11.1. A ticket of TLS 1.3 must not be
    offered any more after `lifetime` seconds (section 4.6.1); None is no such bound.
    """

    version: int
    cipher_suite: int
    secret: bytes = field(repr=False)
    session_id: bytes = b""
    ticket: bytes = b""
    extended_master_secret: bool = False
    ticket_age_add: int = 0
    received_at: float = 0.0
    lifetime: int | None = None

    def is_expired(self, now: float) -> bool:
        """Whether its ticket must not be offered any more."""
        return self.lifetime is not None and now - self.received_at >= self.lifetime

    def obfuscated_ticket_age(self, now: float) -> int:
        """The age of the ticket in milliseconds, hidden as RFC 8446 section 4.2.11.1 says."""
        return (int((now - self.received_at) * 1000) + self.ticket_age_add) % 2**32


class SessionCache:
    """A server's sessions by id and by ticket, the oldest forgotten first."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()

    def add(self, session: Session) -> None:
        """Keep a session under its id and its ticket, whichever it has."""
        for key in (session.session_id, session.ticket):
            if key:
                self._sessions[key] = session
        while len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)

    def find(self, session_id_or_ticket: bytes) -> Session | None:
        """The session of that id or ticket, None when there is none (any longer)."""
        return self._sessions.get(session_id_or_ticket)

    def remove(self, session_id: bytes) -> None:
        """Forget a session: it must not be resumed after a fatal alert (RFC 5246 section 7.2.2)."""
        self._sessions.pop(session_id, None)
