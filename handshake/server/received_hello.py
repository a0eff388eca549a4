"""A hello as it came, before anybody has decided about it."""

from dataclasses import dataclass

from handshake.errors import PeerFault
from handshake.wire.client_hello import ClientHello


@dataclass(frozen=True, slots=True)
class ReceivedHello:
    """`body` is what its message announced; `read` the hello that the server makes of it, or the fault that
    it refuses it for.
    """

    body: bytes
    read: ClientHello | PeerFault
