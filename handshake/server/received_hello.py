"""A hello as it came, before anybody has decided about it."""

from msgspec import Struct

from handshake.errors import PeerFault
from handshake.wire.client_hello import ClientHello


class ReceivedHello(Struct, frozen=True):
    """`body` is what its message announced; `read` the hello that the server makes of it, or the fault that
    it refuses it for.
    """

    body: bytes
    read: ClientHello | PeerFault
