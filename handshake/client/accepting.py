"""What the client being played makes of records and alerts, and how it ends a connection: as its profile's
`[accepts]` has it, else as the RFCs do.

The names of faults are those of `handshake.fault_names`; messages are judged where they are read.
"""

from abc import ABC
from dataclasses import replace

from handshake.accepts import Accepts
from handshake.alerts import RFC_ALERTS
from handshake.client.handshake import ClientHandshake
from handshake.client.state import State
from handshake.connection import Connection
from handshake.crypto.record_protection import BlockProtection
from handshake.errors import Fault, PeerFault
from handshake.events import PeerFaulted
from handshake.wire.handshake_message import MessageReader
from handshake.wire.messages import Alert
from handshake.wire.record import MAX_CIPHERTEXT_LENGTH, RecordRules, UnknownType
from handshake.wire.registry import (
    AlertDescription,
    AlertLevel,
    ContentType,
    HandshakeType,
    alert_in_words,
    alert_name,
)

_CONTENT_TYPES = frozenset(ContentType)
_KNOWN_ALERTS = frozenset(AlertDescription)


def _name_of_alert(description: int) -> str:
    """An alert's name as faults are named."""
    return alert_name(description).replace("_", "-") if description in _KNOWN_ALERTS else "unknown"


_LENIENT = 1 << 15
"""Bytes of a record that a client takes which passes over the length of records."""


def record_rules(accepts: Accepts) -> RecordRules:
    """What the client being played accepts of records before it decrypts them."""

    def passes_over(*names: str) -> bool:
        answer = accepts.answer(names)
        return answer is not None and answer.goes_on

    rules = RecordRules(any_version=passes_over("record-version"))
    too_long = "record-content-too-long"
    if passes_over(f"record-over-{MAX_CIPHERTEXT_LENGTH}-bytes"):
        rules = replace(rules, max_fragment=_LENIENT)
    elif passes_over(too_long):
        rules = replace(rules, max_fragment=MAX_CIPHERTEXT_LENGTH + 1)
    if passes_over(f"tls13-{too_long}", too_long):
        rules = replace(rules, max_protected_13=_LENIENT)
    if passes_over("unknown-record"):  # but for the first record, which tells TLS from what is none
        rules = replace(rules, unknown_type=UnknownType.READ, first_types=_CONTENT_TYPES)
    return rules


class AcceptingConnection(Connection, ABC):
    """A client's end of a connection; `handshake` is the one that is going on, or the last, and `messages`
    puts the server's together.
    """

    handshake: ClientHandshake
    messages: MessageReader
    was_warned = False
    """Whether a warning has come that ended nothing."""

    @property
    def is_within_message(self) -> bool:
        """Whether the beginning of a message has come in and its end has not. A HelloRequest is none of a
        handshake, it may come at any time (RFC 5246 section 7.4.1.1).
        """
        begun = self.messages
        return begun.is_under_way and (self.is_tls13 or begun.buffered[0] != HandshakeType.HELLO_REQUEST)

    def passes_over_warning(self, description: int) -> bool:
        """Whether this warning is passed over as none else is. Raises PeerFault where it is an error, here or
        by itself.
        """
        self.was_warned = True
        if not self.handshake.policy.accepts.answers:
            return False
        where = [f"warning-{_name_of_alert(description)}"]
        if self.alert_level == AlertLevel.FATAL:
            where.insert(0, f"{where[0]}-of-level-fatal")
        if self.handshake.state is State.WAIT_FINISHED:
            where.insert(0, "warning-before-finished")
        if self.is_within_message:
            where.insert(0, "warning-within-a-message")
        detail = f"the warning {alert_in_words(alert_name(description))}"
        fault = PeerFault(Fault.UNEXPECTED_MESSAGE, detail, *where)
        answer = self.handshake.answer(fault)
        self.handshake.mind(fault)
        return answer is not None

    def judge(self, fault: PeerFault) -> None:
        """Raise a fault, unless the client being played goes on."""
        self.handshake.judge(fault)

    def ends_with(self, alert: Alert) -> bool:
        """End as the client being played does: without a word, as is usual, or with an alert of its own."""
        name = _name_of_alert(alert.description)
        level = "warning" if alert.level == AlertLevel.WARNING else "fatal"
        fault = PeerFault(Fault.UNEXPECTED_MESSAGE, name, f"{level}-{name}-that-ends", f"{level}-that-ends")
        answer = self.handshake.answer(fault)
        if answer is not None and answer.alert is not None:
            self.send_alert(AlertLevel.FATAL, answer.alert)
        return answer is None or not answer.goes_on

    def receive_close_notify(self) -> None:
        """Answer in kind; within the first handshake some clients do otherwise."""
        if not self.is_connected:
            fault = PeerFault(
                Fault.UNEXPECTED_MESSAGE, "close_notify in the handshake", "close-notify-in-handshake"
            )
            answer = self.handshake.answer(fault)
            if answer is not None and answer.goes_on:
                return
            self.handshake.mind(fault)
        super().receive_close_notify()

    def send_close_notify(self) -> None:
        """Say that this is the end, unless the client being played just closes what has worked."""
        closes_with = self.handshake.policy.closes_with
        is_without = closes_with == "close_notify-unless-warned" and self.is_tls13 and self.was_warned
        if not self.is_connected or not (is_without or closes_with == "fin"):
            super().send_close_notify()

    def mind_empty_record(self) -> None:
        """Take a handshake record without content, up to TLS 1.2, unless the client being played does not."""
        if not self.is_tls13:
            detail = "a handshake record without content"
            self.handshake.mind(PeerFault(Fault.EMPTY_RECORD, detail, "handshake-record-empty"))

    def mind_fragment(self) -> None:
        """Wait for the rest of a message in the next record, unless the client being played takes none."""
        detail = "a handshake message in more than one record"
        self.handshake.mind(PeerFault(Fault.UNEXPECTED_MESSAGE, detail, "message-in-fragments"))

    def receive_application_data(self, fragment: bytes) -> None:
        """Take application data; an empty record is an error for some."""
        if not fragment and self.accepts_application_data:
            detail = "a record of application data without content"
            names = ["application-data-record-empty"]
            if isinstance(self.records.read_protection, BlockProtection):  # OpenSSL's guard of implicit IVs
                names.insert(0, "application-data-record-empty-in-cbc")
            self.handshake.mind(PeerFault(Fault.EMPTY_RECORD, detail, *names))
        super().receive_application_data(fragment)

    def end_with_fault(self, fault: PeerFault) -> None:
        """Report the peer's fault and do about it what the client being played does."""
        self.add_event(PeerFaulted(fault.fault.value, fault.detail, fault.names))
        answer = self.handshake.answer(fault)
        if answer is not None and answer.warning is not None:
            self.send_alert(AlertLevel.WARNING, answer.warning)
        alert = RFC_ALERTS[fault.fault] if answer is None or answer.goes_on else answer.alert
        if alert is not None:
            self.send_alert(AlertLevel.FATAL, alert)
        self.is_ended = True
