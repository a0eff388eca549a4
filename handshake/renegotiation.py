"""What ties a handshake to the one before it on the same connection (RFC 5746).

A renegotiation is a whole handshake inside an encrypted connection. Without RFC 5746 nothing in it says that
both handshakes have the same peers (CVE-2009-3555); with it, each side repeats the Finished of the handshake
before.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Renegotiation(StrEnum):
    """What an end of a connection is willing to do once connected.

    OFF: nothing. SECURE: renegotiate where both sides signalled RFC 5746. LEGACY: renegotiate also where they
    did not.
    """

    OFF = "off"
    SECURE = "secure"
    LEGACY = "legacy"

    def allows(self, *, is_secure: bool) -> bool:
        """Whether a connection may be renegotiated, given whether RFC 5746 was signalled on it."""
        return self is Renegotiation.LEGACY or (self is Renegotiation.SECURE and is_secure)


@dataclass(frozen=True, slots=True)
class FinishedPair:
    """The Finished messages of the handshake before, whether both its hellos signalled RFC 5746, its version
    and whether it had extended_master_secret.
    """

    is_secure: bool
    client_verify_data: bytes = field(repr=False)
    server_verify_data: bytes = field(repr=False)
    version: int = 0
    extended_master_secret: bool = False

    @property
    def client_info(self) -> bytes:
        """The renegotiated_connection of the client's next hello (RFC 5746 section 3.5)."""
        return self.client_verify_data

    @property
    def server_info(self) -> bytes:
        """The renegotiated_connection of the server's next hello (RFC 5746 section 3.7)."""
        return self.client_verify_data + self.server_verify_data
