"""The order of handshake messages where no table of states sees to it: SunJSSE goes by numbers.

It compares the number of a message's type with that of the message before, and not even that behind a
ClientKeyExchange; what must have happened before a message is for the message's own code to find out, which
at some places nobody had thought of. Read in the source of ServerHandshaker, SSLSocketImpl and SSLSessionImpl
at jdk6-b13 to jdk6-b28 and jdk7-b147 to jdk7u85-b02, and measured with the first flights of
tests/vectors/jsse-further-flights.json.
"""

from msgspec import Struct

from handshake.errors import Fault, PeerFault
from handshake.server.configuration import MessageOrder
from handshake.server.handshake import ServerHandshake
from handshake.server.state import State
from handshake.wire.registry import HandshakeType, ProtocolVersion


class OrderOfNumbers(Struct, frozen=True):
    """SunJSSE's rules as of `order`, for one handshake."""

    order: MessageOrder
    handshake: ServerHandshake

    def check_before_reading(self, handshake_type: int) -> None:
        """Refuse a message by its type alone. Raises PeerFault."""
        is_early = (
            handshake_type == HandshakeType.FINISHED and self.handshake.state is not State.WAIT_FINISHED
        )
        if is_early and self.order is MessageOrder.KEYS:
            raise PeerFault(Fault.BAD_FINISHED, "Finished before ChangeCipherSpec")

    def check_after_reading(self, handshake_type: int) -> None:
        """Refuse a message whose fields could be read, but which has no place. Raises PeerFault.

        A Finished in the clear whose verify_data was right would be accepted; nobody can have it right in a
        first flight.
        """
        if self.order is MessageOrder.RFC:
            return
        state, is_ssl3 = self.handshake.state, self.handshake.version == ProtocolVersion.SSL_3_0
        if handshake_type == HandshakeType.FINISHED and state is not State.WAIT_FINISHED:
            # Without a session there is no master secret to ask for; SSLv3 cannot do without its value.
            is_unforeseen = state is State.WAIT_CLIENT_HELLO or (is_ssl3 and not self.is_behind_key_exchange)
            fault = Fault.UNFORESEEN if is_unforeseen else Fault.BAD_FINISHED
            raise PeerFault(fault, "Finished before ChangeCipherSpec")
        if handshake_type == HandshakeType.CERTIFICATE_VERIFY and state is State.WAIT_CLIENT_HELLO:
            raise PeerFault(Fault.UNFORESEEN, "CertificateVerify before a hello")
        if handshake_type == HandshakeType.CLIENT_KEY_EXCHANGE and self.is_behind_key_exchange:
            raise PeerFault(Fault.UNFORESEEN, "a second ClientKeyExchange")

    def check_change_cipher_spec(self, fragment: bytes) -> None:
        """Refuse a ChangeCipherSpec where the code has nothing to change to. Raises PeerFault."""
        state = self.handshake.state
        if self.order is MessageOrder.KEYS:
            is_unforeseen = state is State.CONNECTED  # the error's text asks a handshake that is gone
        else:
            is_unforeseen = state is State.WAIT_CLIENT_HELLO and fragment == b"\x01"
        if is_unforeseen and self.order is not MessageOrder.RFC:
            raise PeerFault(Fault.UNFORESEEN, "ChangeCipherSpec outside a handshake")

    @property
    def starts_anew(self) -> bool:
        """Whether a hello now is answered like a first one."""
        if self.order is MessageOrder.RFC:
            return False
        is_after_hello = self.handshake.state is State.WAIT_CLIENT_KEY_EXCHANGE
        is_same_allowed = self.order is MessageOrder.NOT_DECREASING
        return self.is_free or (is_after_hello and is_same_allowed)

    @property
    def is_free(self) -> bool:
        """Whether numbers do not count any more: from the first ClientKeyExchange on."""
        return self.is_behind_key_exchange or self.handshake.is_restarted

    @property
    def is_behind_key_exchange(self) -> bool:
        """Whether the last message was a ClientKeyExchange."""
        return self.handshake.state is State.WAIT_CHANGE_CIPHER_SPEC and self.handshake.resumed is None
