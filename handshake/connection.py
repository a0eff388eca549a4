"""What both roles share: records in, messages and events out, alerts, application data, the orderly end.

A role adds how it reads handshake bytes, what it does with each message and when it is ready for application
data. All a peer does comes out as events; after a fault the alert that answers it is in `data_to_send`, and
nothing more is read.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable

from handshake.alerts import RFC_ALERTS
from handshake.crypto.record_protection import Protection, Protection13
from handshake.errors import DecodeError, Fault, LocalError, PeerFault, PolicyRefusal, UnsupportedParameter
from handshake.events import (
    AlertReceived,
    AlertSent,
    ApplicationData,
    Event,
    HandshakeCompleted,
    Negotiated,
    PeerClosed,
    PeerFaulted,
    Phase,
    PolicyRefused,
    Unsupported,
)
from handshake.hello_random import Clock
from handshake.record_layer import (
    ALERT,
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    HANDSHAKE,
    PlainRecord,
    RecordLayer,
    record_name,
)
from handshake.transcript import Transcript
from handshake.wire.messages import Alert, pull_alert, push_alert
from handshake.wire.record import SSLv2Record
from handshake.wire.registry import AlertDescription, AlertLevel, HandshakeType

Entropy = Callable[[int], bytes]

ALERT_SIZE = 2
_LEVELS = frozenset(AlertLevel)
_CLOSURE_ALERTS = frozenset({AlertDescription.CLOSE_NOTIFY, AlertDescription.USER_CANCELED})
"""RFC 8446 section 6.1."""

_HANDSHAKE_NAMES = {
    int(member): "".join(w.capitalize() for w in member.name.split("_")) for member in HandshakeType
}


UNKNOWN_MESSAGE = "handshake_type_"
"""How the name of a message without one begins."""


def message_name(handshake_type: int) -> str:
    """Return the RFC's name of a handshake message, e.g. ServerHelloDone; a number for an unknown one."""
    return _HANDSHAKE_NAMES.get(handshake_type) or f"{UNKNOWN_MESSAGE}{handshake_type}"


class Connection(ABC):
    """One end of one connection, without a socket. `key_log` are the secrets so far, a line each, as
    `handshake.key_log` writes them.
    """

    def __init__(
        self, *, records: RecordLayer, entropy: Entropy, phase: Phase, clock: Clock | None = None
    ) -> None:
        self.records = records
        self.entropy = entropy
        self.clock = clock
        self.phase = phase
        self.is_connected = False
        self.is_ended = False
        self.now = 0.0
        self.alert_level: int = AlertLevel.WARNING
        self._begun_alert = b""
        self.key_log: list[str] = []
        self._events: deque[Event] = deque()

    @property
    def transcript(self) -> Transcript:
        """The records and messages so far, in order."""
        return self.records.transcript

    def receive_data(self, data: bytes, now: float) -> None:
        """Take bytes from the transport; what they amount to is in the events."""
        self.now = now
        if self.is_ended:
            return
        try:
            self.records.feed(data)
            while not self.is_ended and (record := self.records.next_record(now)) is not None:
                self._receive_record(record)
        except PeerFault as fault:
            self.end_with_fault(fault)
        except PolicyRefusal as refusal:
            self._end_with_refusal(refusal)
        except UnsupportedParameter as unsupported:
            self.add_event(Unsupported(unsupported.parameter, unsupported.name))
            self._send_fatal(AlertDescription.INTERNAL_ERROR)

    def receive_end_of_stream(self, now: float) -> None:
        """The transport's other side is closed."""
        self.now = now
        if not self.is_ended:
            self.add_event(PeerClosed(close_notify=False))
            self.is_ended = True

    def data_to_send(self) -> bytes:
        """Fetch what is queued for the transport, once."""
        return self.records.data_to_send()

    def next_event(self) -> Event | None:
        """Give the oldest event not fetched yet."""
        return self._events.popleft() if self._events else None

    def send_application_data(self, data: bytes, now: float) -> None:
        """Queue application data. Raises LocalError before the handshake is complete or after the end."""
        if not self.is_connected or self.is_ended:
            raise LocalError("application data needs a completed handshake on an open connection")
        self.now = now
        self.records.write_application_data(data, now)

    def close(self, now: float) -> None:
        """Send close_notify (RFC 5246 section 7.2.1) and read no further; does nothing on an ended
        connection.
        """
        self.now = now
        if not self.is_ended:
            self.send_close_notify()
            self.is_ended = True

    def send_close_notify(self) -> None:
        """Queue the alert of an orderly end; a client that is played may do without."""
        self.send_alert(AlertLevel.WARNING, AlertDescription.CLOSE_NOTIFY)

    def complete(self, negotiated: Negotiated) -> None:
        """Report a completed handshake; the record splitting of a connection begins anew with it (SunJSSE,
        research note on JSSE section 7).
        """
        self.is_connected = True
        self.records.application_records = 0
        self.add_event(HandshakeCompleted(negotiated))

    def add_event(self, event: Event) -> None:
        """Queue an event for the caller."""
        self._events.append(event)

    def send_alert(self, level: int, description: int) -> None:
        """Queue an alert record."""
        self.records.write(ALERT, push_alert(Alert(level, description)), self.now)
        self.add_event(AlertSent(level, description))

    def end_with_fault(self, fault: PeerFault) -> None:
        """Report the peer's fault, answer it with the RFC's alert and end."""
        self.add_event(PeerFaulted(fault.fault.value, fault.detail))
        self._send_fatal(RFC_ALERTS[fault.fault])

    def note_message(self, direction: str, handshake_type: int, wire: bytes) -> None:
        """Write a handshake message into the transcript."""
        self.records.note(direction, "message", message_name(handshake_type), self.now, wire, wire)

    def change_read_keys(self, protection: Protection | Protection13 | None) -> None:
        """Read what follows with other keys."""
        self.records.read_protection = protection

    @property
    @abstractmethod
    def is_tls13(self) -> bool:
        """Whether TLS 1.3 was chosen."""

    @property
    @abstractmethod
    def accepts_application_data(self) -> bool:
        """Whether application data may come now: once connected, and during a renegotiation until the keys
        change (RFC 5246 section 7.4.1.1).
        """

    @abstractmethod
    def receive_handshake(self, fragment: bytes) -> None:
        """Take the fragment of a handshake record."""

    @abstractmethod
    def receive_change_cipher_spec(self, fragment: bytes) -> None:
        """Take a ChangeCipherSpec."""

    @abstractmethod
    def receive_sslv2_record(self, record: SSLv2Record) -> None:
        """Take an SSLv2-format record; only a server's first one can be legal."""

    @abstractmethod
    def receive_warning(self, description: int) -> None:
        """React to a warning alert other than close_notify."""

    def ends_with(self, alert: Alert) -> bool:
        """React to an alert that ends the connection; whether it does."""
        del alert
        return True

    def receive_close_notify(self) -> None:
        """React to close_notify: answer in kind and end."""
        self.add_event(PeerClosed(close_notify=True))
        self.send_close_notify()
        self.is_ended = True

    @property
    @abstractmethod
    def is_within_message(self) -> bool:
        """Whether the beginning of a handshake message has come in and its end has not."""

    def _receive_record(self, record: PlainRecord | SSLv2Record) -> None:
        if isinstance(record, SSLv2Record):
            self.receive_sslv2_record(record)
            return
        if record.content_type == HANDSHAKE:
            if not record.fragment and self.is_tls13:
                self._refuse_empty_record()
            self.receive_handshake(record.fragment)
            return
        if record.content_type != ALERT and self.is_within_message and self.is_tls13:
            self._refuse_between_records(record.content_type)
        if record.content_type == APPLICATION_DATA:
            self.receive_application_data(record.fragment)
        elif record.content_type == ALERT:
            self._receive_alert(record.fragment)
        elif record.content_type == CHANGE_CIPHER_SPEC:
            self.receive_change_cipher_spec(record.fragment)
        else:
            detail = f"a record of unknown content type {record.content_type}"
            self.judge(PeerFault(Fault.UNEXPECTED_MESSAGE, detail, "unknown-record"))

    def check_end_of_flight(self) -> None:
        """Raise PeerFault where handshake bytes are left behind the last message of a flight in its record:
        they were sent before the answer to it (RFC 5246 section 7.3, RFC 8446 section 5.1).
        """
        if self.is_within_message:
            detail = "handshake bytes behind the last message of a flight"
            raise PeerFault(Fault.UNEXPECTED_MESSAGE, detail, "bytes-behind-a-flight")

    def _refuse_empty_record(self) -> None:
        """TLS 1.3 has no handshake record without content (RFC 8446 section 5.1)."""
        detail = "a handshake record without content"
        self.judge(PeerFault(Fault.EMPTY_RECORD, detail, "handshake-record-empty"))

    def _refuse_between_records(self, content_type: int) -> None:
        """TLS 1.3 has no other record between those of a message (RFC 8446 section 5.1). An alert still says
        why the peer gives up.
        """
        kind = record_name(content_type).replace("_", "-")
        detail = "another record between those of a handshake message"
        self.judge(PeerFault(Fault.UNEXPECTED_MESSAGE, detail, f"{kind}-within-a-message"))

    def judge(self, fault: PeerFault) -> None:
        """Raise a fault; a client that is played may go on."""
        raise fault

    def _receive_alert(self, fragment: bytes) -> None:
        """React to an alert. TLS 1.3 goes by the description alone (RFC 8446 section 6), before it a level
        that does not exist is a fault (RFC 5246 section 7.2; OpenSSL 3.0.19, measured: illegal_parameter).
        """
        fragment = self._begun_alert + fragment
        self._begun_alert = b""
        try:
            alert = pull_alert(fragment)
        except DecodeError as error:
            is_short = len(fragment) < ALERT_SIZE
            error.names += ("alert-too-short" if is_short else "alert-too-long",)
            self.judge(error)
            if (
                is_short
            ):  # an alert may be in several records (RFC 5246 section 6.2.1), which few clients read
                self._begun_alert = fragment
                return
            alert = pull_alert(fragment[:ALERT_SIZE])
        is_fatal = alert.level == AlertLevel.FATAL  # also a close_notify, RFC 5246 section 7.2.2
        if self.is_tls13:
            is_fatal = alert.description not in _CLOSURE_ALERTS
        is_known = alert.level in _LEVELS or self.is_tls13
        self.alert_level = alert.level
        ends = is_fatal and is_known and self.ends_with(alert)
        self.add_event(AlertReceived(alert.level, alert.description, ends))
        if alert.level not in _LEVELS and not self.is_tls13:
            detail = f"an alert of level {alert.level}, which does not exist"
            self.judge(PeerFault(Fault.ILLEGAL_PARAMETER, detail, "alert-level"))
        if is_fatal:
            self.is_ended = ends
        elif alert.description == AlertDescription.CLOSE_NOTIFY:
            self.receive_close_notify()
        else:
            self.receive_warning(alert.description)

    def receive_application_data(self, fragment: bytes) -> None:
        """Take application data."""
        if not self.accepts_application_data:
            detail = "application data before the handshake was complete"
            raise PeerFault(Fault.UNEXPECTED_MESSAGE, detail, "application-data-in-handshake")
        if fragment:  # empty records are legal padding against CBC attacks, RFC 5246 section 6.2.1
            self.add_event(ApplicationData(fragment))

    def _end_with_refusal(self, refusal: PolicyRefusal) -> None:
        self.add_event(PolicyRefused(refusal.what, refusal.detail, refusal.met, refusal.wanted))
        if refusal.alert is not None:
            self.send_alert(AlertLevel.FATAL, refusal.alert)
        self.is_ended = True

    def _send_fatal(self, description: int) -> None:
        self.send_alert(AlertLevel.FATAL, description)
        self.is_ended = True
