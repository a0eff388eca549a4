"""The server's end of a connection: reads hellos as its configuration says and answers as its configuration
says.

Records and alerts are the shared `Connection`'s; choosing is in `selection`, the flights in `tls12` and
`tls13`. What the transport is to do at the end (close, reset, stay silent) is in `ending`.
"""

from dataclasses import replace

from msgspec import structs

from handshake.connection import Entropy, message_name
from handshake.crypto.record_protection import Protection, Protection13
from handshake.errors import Fault, PeerFault
from handshake.events import ClientHelloReceived
from handshake.features import FirstFlight, HelloRecord
from handshake.hello_random import Clock
from handshake.record_layer import PlainRecord, RecordLayer
from handshake.server import client_certificate, post_handshake, tls12
from handshake.server.answer import answer_hello
from handshake.server.configuration import ServerConfiguration
from handshake.server.first_flight import HandshakeRecords, flight_of_sslv2_record
from handshake.server.lenient_hello import LenientReader
from handshake.server.message_order import OrderOfNumbers
from handshake.server.message_reader import reader_for
from handshake.server.post_handshake import handlers_in
from handshake.server.received_hello import ReceivedHello
from handshake.server.renegotiation import RenegotiatingConnection
from handshake.server.selection import choose_version
from handshake.server.state import POST_HANDSHAKE_STATES, TLS_1_3_STATES, WITHOUT_APPLICATION_DATA, State
from handshake.server.strictness import Check, Step
from handshake.session import SessionCache
from handshake.wire.handshake_message import MESSAGE_HEADER_SIZE, HandshakeMessage, push_handshake_message
from handshake.wire.record import FirstRecord, SSLv2Record
from handshake.wire.registry import (
    AlertDescription,
    ContentType,
    HandshakeType,
    ProtocolVersion,
    alert_in_words,
    alert_name,
)

DEFAULT_CHECKS = (Check(step=Step.RENEGOTIATION_INFO),)
_RECORDS_OF_A_HANDSHAKE = frozenset(
    {ContentType.HANDSHAKE, ContentType.CHANGE_CIPHER_SPEC, ContentType.ALERT}
)


class ServerConnection(RenegotiatingConnection):
    """A server as `configuration` describes it. `entropy(n)` gives n random bytes, `clock()` the time where
    the configuration says it; `sessions` are those of all its connections.
    """

    def __init__(
        self,
        configuration: ServerConfiguration,
        *,
        entropy: Entropy,
        sessions: SessionCache | None = None,
        clock: Clock | None = None,
    ) -> None:
        first, reads_version_first = FirstRecord.SSLV2_OR_TLS, bool(configuration.sslv2_refusal)
        if configuration.intolerances:  # then a hello is read, and whole, before its format is refused
            reads_version_first = False
        elif not configuration.sslv2_hello:
            first = FirstRecord.TLS
        records = RecordLayer(
            replace(configuration.records, reads_sslv2_version_first=reads_version_first),
            first,
            configuration.initial_record_version,
            configuration.record_splitting,
        )
        sessions = SessionCache() if sessions is None else sessions
        super().__init__(configuration, records=records, entropy=entropy, sessions=sessions, clock=clock)
        self._reader = reader_for(configuration, self._order)
        self._handshake_records = HandshakeRecords()

    @property
    def is_handshaking(self) -> bool:
        """Whether messages of a handshake are due."""
        return self.handshake.state not in (State.CONNECTED, State.CONNECTED_13)

    @property
    def awaits_certificate(self) -> bool:
        """Whether the answer to a CertificateRequest after the handshake is still to come."""
        return self.handshake.state in POST_HANDSHAKE_STATES

    @property
    def is_tls13(self) -> bool:
        """Whether the hello was answered in TLS 1.3."""
        return self.handshake.version >= ProtocolVersion.TLS_1_3

    @property
    def accepts_application_data(self) -> bool:
        """Not between the client's change of keys and its Finished, nor within what it answers to a request
        after the handshake.
        """
        return self.is_connected and self.handshake.state not in WITHOUT_APPLICATION_DATA

    @property
    def is_within_message(self) -> bool:
        """Whether bytes of a message are there that is not whole, as far as the stack has the notion."""
        return self._reader.is_within_message

    @property
    def refuses_leftovers(self) -> bool:
        """Whether bytes have come behind a hello that make its refusal a fault."""
        return self._reader.refuses_leftovers

    def change_read_keys(self, protection: Protection | Protection13 | None) -> None:
        """Read what follows with other keys. Raises PeerFault when the last message before them is not the
        last of its record (RFC 8446 section 5.1).
        """
        if self.is_within_message:
            raise PeerFault(Fault.UNEXPECTED_MESSAGE, "a handshake message goes on behind a change of keys")
        super().change_read_keys(protection)

    def receive_data(self, data: bytes, now: float) -> None:
        """Take what was read from the transport at once."""
        self._handshake_records.read(len(data))
        super().receive_data(data, now)

    def request_certificate(self, now: float) -> None:
        """Ask for a certificate after the handshake. Raises LocalError where that is not possible."""
        self.now = now
        post_handshake.request_certificate(self.handshake)

    def receive_handshake(self, fragment: bytes) -> None:
        """Read messages in the configured way and let the table decide."""
        self._reader.feed(fragment)
        self._judge_header()
        while not self.is_ended and (item := self._reader.next()) is not None:
            self._receive_message(*item)
            self._judge_header()

    def receive_sslv2_record(self, record: SSLv2Record) -> None:
        """Take an SSLv2-format hello for the ClientHello it stands for (RFC 5246 appendix E.2)."""
        version = int.from_bytes(record.body[1:3], "big")
        self.records.note("received", "message", "ClientHello", self.now, record.body, record.body)
        self.add_event(ClientHelloReceived(version, sslv2_format=True))
        configuration = self.configuration
        segments = self._handshake_records.pass_over(self.records.waiting)
        flight = flight_of_sslv2_record(record.body, configuration.reading, segments)
        refusal = configuration.sslv2_refusal if version == ProtocolVersion.SSL_2_0 else b""
        try:
            if not configuration.sslv2_hello:
                refusal = b""
                raise PeerFault(Fault.NOT_TLS, "an SSLv2-format hello, which is not accepted")
            if refusal:
                raise PeerFault(Fault.UNEXPECTED_MESSAGE, "the hello offers SSLv2 alone")
            flight = structs.replace(flight, hello=self._reader.read_sslv2_hello(record.body))
        except PeerFault:
            if self.is_intolerant(flight):
                return
            if refusal:
                self.records.write_unframed(refusal, "SSLv2 error", self.now)
            raise
        self.handshake.successors("ClientHello")
        self.handshake.messages += record.body
        if self.passes_checks(flight):
            self.check_end_of_flight()
            self._answer(flight)
        self.receive_handshake(b"")

    def receive_change_cipher_spec(self, fragment: bytes) -> None:
        """Switch the reading keys; in TLS 1.3 the record is only there for middleboxes (RFC 8446 appendix
        D.4).
        """
        if self.handshake.state in TLS_1_3_STATES and not self.is_connected:
            if fragment != b"\x01":
                raise PeerFault(Fault.UNEXPECTED_MESSAGE, "ChangeCipherSpec is not the single byte 1")
            return
        self._order().check_change_cipher_spec(fragment)
        successors = self.handshake.successors("ChangeCipherSpec")
        if fragment != b"\x01":
            raise PeerFault(Fault.DECODE, "ChangeCipherSpec is not the single byte 1")
        self.handshake.move(tls12.receive_change_cipher_spec(self.handshake), successors)

    def receive_warning(self, description: int) -> None:
        """Ignore a warning, or take it for a message out of place, as configured."""
        handshake = self.handshake
        if description == AlertDescription.NO_CERTIFICATE and handshake.version == ProtocolVersion.SSL_3_0:
            successors = handshake.successors("no_certificate")
            handshake.move(client_certificate.receive_no_certificate(handshake), successors)
            return
        if self.is_handshaking and not self.configuration.ignores_warnings:
            named = alert_in_words(alert_name(description))
            raise PeerFault(Fault.UNEXPECTED_MESSAGE, f"warning {named} during the handshake")
        if description == AlertDescription.NO_RENEGOTIATION:
            self.take_no_renegotiation()

    def receive_close_notify(self) -> None:
        """Answer in kind; during the first handshake some servers take it for a message out of place."""
        if not self.is_connected:
            self.receive_warning(AlertDescription.CLOSE_NOTIFY)
        super().receive_close_notify()

    def close(self, now: float) -> None:
        """Send close_notify, or what a departure has instead, and read no further."""
        if self.is_ended or not self.established.departs:
            super().close(now)
            return
        self.now, self.is_ended = now, True
        self.established.send_close_notify()

    def _order(self) -> OrderOfNumbers:
        return OrderOfNumbers(self.configuration.message_order, self.handshake)

    def _judge_header(self) -> None:
        """Refuse a message by its type alone, where that is what the server does."""
        if isinstance(self._reader, LenientReader) and not self.is_ended:
            for handshake_type in self._reader.judged_by_header():
                self.handshake.successors(message_name(handshake_type))

    def _receive_message(self, message: HandshakeMessage, hello: ReceivedHello | None) -> None:
        handshake, name = self.handshake, message_name(message.handshake_type)
        arrival = self._handshake_records.take(MESSAGE_HEADER_SIZE + len(message.body))
        if hello is not None and isinstance(hello.read, PeerFault):
            self.refuse(self.flight_of(hello, arrival), hello.read)
            return
        self.note_message("received", message.handshake_type, push_handshake_message(message))
        if hello is not None:
            self._receive_hello(message, self.flight_of(hello, arrival))
            return
        if message.handshake_type == HandshakeType.HELLO_REQUEST:
            raise PeerFault(Fault.HELLO_REQUEST_FROM_CLIENT, "a HelloRequest from the client")
        successors = handshake.successors(name)
        handshake.move(handlers_in(handshake.state)[name](handshake, message), successors)
        if handshake.state is State.CONNECTED:
            self.end_renegotiation()

    def _receive_hello(self, message: HandshakeMessage, flight: FirstFlight) -> None:
        handshake, signalled, order = self.handshake, False, self._order()
        if order.starts_anew:
            signalled = handshake.renegotiation_info  # it is the connection's, not the handshake's
            handshake = self.handshake = self.new_handshake(handshake.previous)
            handshake.is_restarted = order.is_free
        handshake.successors("ClientHello")
        self.add_event(ClientHelloReceived(flight.hello.legacy_version, sslv2_format=False))
        if handshake.state is State.WAIT_SECOND_CLIENT_HELLO_13:
            if self.is_intolerant(flight):
                return
        elif handshake.previous is not None or handshake.state is State.CONNECTED:
            if not self.begins_renegotiation(flight):
                return
        elif not self.passes_checks(flight):
            return
        self.handshake.renegotiation_info |= signalled
        self.handshake.add(message)
        self.check_end_of_flight()
        self._answer(flight)

    def _answer(self, flight: FirstFlight) -> None:
        """Answer a hello; where an intolerance has cut the answer short, react as it says."""
        answer_hello(self.handshake, flight)
        if (broken_off := self.handshake.broken_off) is not None:
            self.reacts(broken_off.trigger_within(flight), broken_off.reaction)

    def passes_checks(self, flight: FirstFlight) -> bool:
        """Judge a first hello; False when the connection has ended.

        A hello that no check reacts to, but that another fault would end, is judged by the intolerances all
        the same.
        """
        self._hello_version = flight.hello.legacy_version
        try:
            return self._passes_configured_checks(flight) and not self.is_intolerant(flight)
        except PeerFault as fault:
            if self.triggered is not None:
                raise
            self.refuse(flight, fault)
            return False

    def _passes_configured_checks(self, flight: FirstFlight) -> bool:
        """Do the checks in the order configured; False when one has ended the connection."""
        configuration, hello = self.configuration, flight.hello
        for check in DEFAULT_CHECKS if configuration.reading is None else configuration.reading.checks:
            if check.reaction is not None:
                if self.reacts(check.trigger(flight), check.reaction, check.record_version):
                    return False
            elif check.step is Step.RENEGOTIATION_INFO:
                self.handshake.renegotiation_info = self.signals_rfc5746(hello)
            else:
                version = choose_version(hello, configuration)
                if check.step is Step.USE_VERSION:
                    self.records.record_version = min(version, ProtocolVersion.TLS_1_2)
        return True

    def _receive_record(self, record: PlainRecord | SSLv2Record) -> None:
        if isinstance(record, PlainRecord) and self.records.passes_over(record.content_type):
            return
        content_type = ContentType.HANDSHAKE if isinstance(record, SSLv2Record) else record.content_type
        if isinstance(record, PlainRecord) and content_type == ContentType.HANDSHAKE:
            came = HelloRecord(record.record_version, len(record.fragment))
            self._handshake_records.feed(came, self.records.waiting)
        elif isinstance(record, PlainRecord):
            self._handshake_records.pass_over(self.records.waiting)
        is_out_of_place = not self.is_connected and content_type not in _RECORDS_OF_A_HANDSHAKE
        if isinstance(self._reader, LenientReader) and content_type != ContentType.HANDSHAKE:
            is_out_of_place |= self._reader.forbids_other_records
        if is_out_of_place:
            raise PeerFault(Fault.UNEXPECTED_RECORD, "a record of another content type in a handshake")
        super()._receive_record(record)
