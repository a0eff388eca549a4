"""The server's end of a connection: reads hellos as its configuration says and answers as its configuration
says.

Records and alerts are the shared `Connection`'s; choosing is in `selection`, the flights in `tls12` and
`tls13`. What the transport is to do at the end (close, reset, stay silent) is in `ending`.
"""

from collections.abc import Mapping

from handshake.connection import Connection, Entropy, message_name
from handshake.errors import Fault, PeerFault
from handshake.events import ClientHelloReceived, Negotiated, Phase
from handshake.record_layer import RecordLayer
from handshake.server import tls12, tls13
from handshake.server.configuration import Ending, Reaction, ServerConfiguration
from handshake.server.features import has_feature
from handshake.server.handshake import ServerHandshake
from handshake.server.parsing import RFCReader, StreamReader
from handshake.server.selection import choose
from handshake.server.state import TLS_1_3_STATES, State
from handshake.wire.client_hello import ClientHello
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.record import FirstRecord, SSLv2Record
from handshake.wire.registry import AlertDescription, AlertLevel, ProtocolVersion, alert_name


class ServerConnection(Connection):
    """A server as `configuration` describes it. `entropy(n)` gives n random bytes."""

    def __init__(self, configuration: ServerConfiguration, *, entropy: Entropy) -> None:
        first = FirstRecord.SSLV2_OR_TLS if configuration.sslv2_hello else FirstRecord.TLS
        records = RecordLayer(
            configuration.record_rules,
            first,
            configuration.initial_record_version,
            configuration.record_splitting,
        )
        super().__init__(records=records, entropy=entropy, phase=Phase.CLIENT_HELLO)
        self.configuration = configuration
        self.handshake = ServerHandshake(connection=self, configuration=configuration)
        self.ending = Ending.FIN
        self.triggered: str | None = None
        parsing = configuration.parsing
        self._reader = RFCReader() if parsing is None else StreamReader(parsing)

    @property
    def alerts(self) -> Mapping[Fault, int]:
        """The configuration's table."""
        return self.configuration.alerts

    @property
    def negotiated(self) -> Negotiated | None:
        """What was agreed on, once the handshake is complete."""
        return self.handshake.negotiated

    def end_with_fault(self, fault: PeerFault) -> None:
        """Report the fault; a bad MAC before the handshake is complete is a case of its own (research note on
        JSSE, 9).
        """
        if fault.fault is Fault.BAD_RECORD_MAC and not self.is_connected:
            fault = PeerFault(Fault.BAD_HANDSHAKE_RECORD_MAC, fault.detail)
        super().end_with_fault(fault)

    def receive_handshake(self, fragment: bytes) -> None:
        """Read messages in the configured way and let the table decide."""
        self._reader.feed(fragment)
        while not self.is_ended and (item := self._reader.next()) is not None:
            self._receive_message(*item)

    def receive_sslv2_record(self, record: SSLv2Record) -> None:
        """Take an SSLv2-format hello for the ClientHello it stands for (RFC 5246 appendix E.2)."""
        hello = self._reader.read_sslv2_hello(record.body)
        self.records.note("received", "message", "ClientHello", self.now, record.body, record.body)
        self.add_event(ClientHelloReceived(hello.version, sslv2_format=True))
        if hello.version == ProtocolVersion.SSL_2_0 and self.configuration.sslv2_refusal:
            self.records.write_unframed(self.configuration.sslv2_refusal, "SSLv2 error", self.now)
            raise PeerFault(Fault.UNEXPECTED_MESSAGE, "the hello offers SSLv2 alone")
        self.handshake.messages += record.body
        self._answer(hello.to_client_hello())

    def receive_change_cipher_spec(self, fragment: bytes) -> None:
        """Switch the reading keys; in TLS 1.3 the record is only there for middleboxes (RFC 8446 appendix
        D.4).
        """
        if self.handshake.state in TLS_1_3_STATES:
            return
        if self.is_connected:
            raise PeerFault(
                Fault.CHANGE_CIPHER_SPEC_AFTER_HANDSHAKE, "ChangeCipherSpec after the handshake was complete"
            )
        successors = self.handshake.successors("ChangeCipherSpec")
        if fragment != b"\x01":
            raise PeerFault(Fault.DECODE, "ChangeCipherSpec is not the single byte 1")
        self.handshake.move(tls12.receive_change_cipher_spec(self.handshake), successors)

    def receive_warning(self, description: int) -> None:
        """Ignore a warning, or take it for a message out of place, as configured."""
        if not self.is_connected and not self.configuration.ignores_warnings:
            raise PeerFault(
                Fault.UNEXPECTED_MESSAGE, f"warning {alert_name(description)} during the handshake"
            )

    def receive_close_notify(self) -> None:
        """Answer in kind; during the handshake some servers take it for a message out of place."""
        self.receive_warning(AlertDescription.CLOSE_NOTIFY)
        super().receive_close_notify()

    def _receive_message(self, message: HandshakeMessage, hello: ClientHello | None) -> None:
        handshake, name = self.handshake, message_name(message.handshake_type)
        self.note_message("received", message.handshake_type, push_handshake_message(message))
        if hello is not None:
            self._receive_hello(message, hello)
            return
        successors = handshake.successors(name)
        if name == "ClientKeyExchange":
            state = tls12.receive_client_key_exchange(handshake, message)
        elif name == "KeyUpdate":
            state = tls13.receive_key_update(handshake, message)
        elif handshake.state in TLS_1_3_STATES:
            state = tls13.receive_finished(handshake, message)
        else:
            state = tls12.receive_finished(handshake, message)
        handshake.move(state, successors)

    def _receive_hello(self, message: HandshakeMessage, hello: ClientHello) -> None:
        if self.handshake.state is State.WAIT_CLIENT_KEY_EXCHANGE and self.configuration.accepts_second_hello:
            self.handshake = ServerHandshake(connection=self, configuration=self.configuration)
        self.handshake.successors("ClientHello")
        if self.is_connected:
            self.send_alert(AlertLevel.WARNING, AlertDescription.NO_RENEGOTIATION)
            return
        self.add_event(ClientHelloReceived(hello.legacy_version, sslv2_format=False))
        self.handshake.add(message)
        self._answer(hello)

    def _answer(self, hello: ClientHello) -> None:
        handshake, configuration = self.handshake, self.configuration
        for intolerance in configuration.intolerances:
            self.triggered = next((each for each in intolerance.features if has_feature(hello, each)), None)
            if self.triggered is not None:
                self._react(intolerance.reaction)
                return
        choice = choose(hello, configuration)
        handshake.hello, handshake.version = hello, choice.version
        handshake.parameters, handshake.named_group = choice.suite, choice.named_group
        self.records.record_version = min(choice.version, ProtocolVersion.TLS_1_2)
        answer = tls13.answer_hello if choice.version >= ProtocolVersion.TLS_1_3 else tls12.answer_hello
        successors = handshake.successors("ClientHello")
        handshake.move(answer(handshake), successors)

    def _react(self, reaction: Reaction) -> None:
        if reaction.alert is not None:
            self.send_alert(AlertLevel.FATAL, reaction.alert)
        self.ending = reaction.ending
        self.is_ended = True
