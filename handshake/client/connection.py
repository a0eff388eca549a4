"""The client's end of a connection: sends the profile's hello, then follows the table in `state`.

Records and alerts are the shared `Connection`'s; what each message does is in `server_hello`, `tls12` and
`tls13`.
"""

from handshake.client import tls12, tls13
from handshake.client.handshake import ClientHandshake
from handshake.client.hello import fill_hello
from handshake.client.server_hello import receive_server_hello
from handshake.client.state import TLS_1_3_STATES, State
from handshake.connection import Connection, Entropy, message_name
from handshake.errors import Fault, LocalError, PeerFault, PolicyRefusal
from handshake.events import Negotiated, Phase
from handshake.hello_template import ClientLimits, ClientPolicy, HelloFormat, HelloTemplate
from handshake.record_layer import RecordLayer
from handshake.wire.handshake_message import HandshakeMessage, MessageReader, push_handshake_message
from handshake.wire.record import FirstRecord, RecordRules, SSLv2Record
from handshake.wire.registry import AlertDescription, ContentType, HandshakeType, alert_name


class ClientConnection(Connection):
    """A client that says exactly what `template` says.

    `server_name` goes into the server_name extension; None (an address) leaves it out. `entropy(n)` gives n
    random bytes.
    """

    def __init__(
        self,
        template: HelloTemplate,
        *,
        server_name: str | None,
        limits: ClientLimits,
        policy: ClientPolicy,
        entropy: Entropy,
    ) -> None:
        sslv2_format = template.format is HelloFormat.SSLV2
        record_version = template.client_version if sslv2_format else template.record_version
        records = RecordLayer(RecordRules(), FirstRecord.TLS, record_version, policy.record_splitting)
        super().__init__(records=records, entropy=entropy, phase=Phase.CLIENT_HELLO)
        hello = fill_hello(template, server_name, entropy)
        self.handshake = ClientHandshake(
            connection=self,
            template=template,
            limits=limits,
            policy=policy,
            hello=hello,
        )
        self._reader = MessageReader()

    @property
    def negotiated(self) -> Negotiated | None:
        """What was agreed on, once the handshake is complete."""
        return self.handshake.negotiated

    def start(self, now: float) -> None:
        """Queue the hello. Raises LocalError when it was sent before."""
        handshake = self.handshake
        if handshake.state is not State.START:
            raise LocalError("this connection has sent its hello already")
        self.now = now
        self.note_message("sent", HandshakeType.CLIENT_HELLO, handshake.hello.message)
        if handshake.template.format is HelloFormat.SSLV2:
            self.records.write_unframed(handshake.hello.wire, "ClientHello", now)
        else:
            self.records.write(ContentType.HANDSHAKE, handshake.hello.message, now)
        handshake.messages += handshake.hello.message
        handshake.move(State.WAIT_SERVER_HELLO, handshake.successors("start"))

    def receive_handshake(self, fragment: bytes) -> None:
        """Reassemble messages and let the table decide."""
        self._reader.feed(fragment)
        while not self.is_ended and (message := self._reader.next()) is not None:
            self._receive_message(message)

    def receive_change_cipher_spec(self, fragment: bytes) -> None:
        """Switch the reading keys; in TLS 1.3 the record is only there for middleboxes (RFC 8446 appendix
        D.4).
        """
        if fragment != b"\x01":
            raise PeerFault(Fault.DECODE, "ChangeCipherSpec is not the single byte 1")
        handshake = self.handshake
        if handshake.state in TLS_1_3_STATES or (handshake.hello_retried and not self.is_connected):
            return
        successors = handshake.successors("ChangeCipherSpec")
        handshake.move(tls12.receive_change_cipher_spec(handshake), successors)

    def receive_sslv2_record(self, record: SSLv2Record) -> None:
        """Refuse: no server answers a client in SSLv2 format after a TLS hello."""
        raise PeerFault(Fault.NOT_TLS, "an SSLv2 record instead of a TLS record")

    def receive_warning(self, description: int) -> None:
        """Do with a warning what the client being played does."""
        if not self.is_connected and self.handshake.policy.warning_alert == "abort":
            raise PolicyRefusal(
                f"warning-{alert_name(description)}",
                f"this client takes the warning {alert_name(description)} during the handshake for an error",
                AlertDescription.UNEXPECTED_MESSAGE,
            )

    def _receive_message(self, message: HandshakeMessage) -> None:
        handshake, name = self.handshake, message_name(message.handshake_type)
        self.note_message("received", message.handshake_type, push_handshake_message(message))
        if message.handshake_type == HandshakeType.HELLO_REQUEST and not self.is_connected:
            return  # ignored while a handshake is going on, RFC 5246 section 7.4.1.1
        successors = handshake.successors(name)
        if name == "ServerHello":
            state = receive_server_hello(handshake, message)
        else:
            handlers = tls13.HANDLERS if handshake.state in TLS_1_3_STATES else tls12.HANDLERS
            state = handlers[name](handshake, message)
        handshake.move(state, successors)
