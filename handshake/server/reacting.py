"""How a server says no: by the alert of a fault, as configured, or by whatever else it does with a hello.

For which features it does so is in the configuration: intolerances, which fire for whatever hello has the
feature, and the checks of `HelloReading`, which have their order.
"""

from abc import ABC, abstractmethod

from handshake.alerts import answer_to
from handshake.connection import Connection, Entropy
from handshake.errors import Fault, PeerFault
from handshake.events import PeerFaulted, Phase
from handshake.features import Feature, FirstFlight
from handshake.hello_random import Clock
from handshake.record_layer import RecordLayer
from handshake.server.configuration import Ending, Reaction, ServerConfiguration
from handshake.server.first_flight import Arrival, flight_of_message
from handshake.server.handshake_stream import read_alert
from handshake.server.received_hello import ReceivedHello
from handshake.server.strictness import ALERT_SIZE, Reply, VersionOf, rule_for
from handshake.wire.messages import push_alert
from handshake.wire.record import MAJOR_VERSION
from handshake.wire.registry import AlertLevel, ProtocolVersion


class ReactingConnection(Connection, ABC):
    """`triggered` is the feature that was reacted to, `ending` what the transport is to do at the end,
    `refusing_status` the HTTP status that requests are answered with for something in the hello.
    """

    def __init__(
        self,
        configuration: ServerConfiguration,
        *,
        records: RecordLayer,
        entropy: Entropy,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(records=records, entropy=entropy, phase=Phase.CLIENT_HELLO, clock=clock)
        self.configuration = configuration
        self.ending = Ending.FIN
        self.triggered: Feature | None = None
        self.refusing_status: int | None = None
        self._hello_version: int | None = None
        self._alert_bytes = b""

    def end_with_fault(self, fault: PeerFault) -> None:
        """Report the fault and end, with the alert that answers it or without, as configured."""
        if fault.fault is Fault.RECORD_VERSION and self.records.is_first:
            fault = PeerFault(Fault.FIRST_RECORD_VERSION, fault.detail)
        self.add_event(PeerFaulted(fault.fault.value, fault.detail))
        answer = answer_to(fault.fault, self.configuration.alerts)
        if isinstance(answer, Ending):
            self.ending = answer
        else:
            self._choose_alert_version(fault.fault)
            self.send_alert(AlertLevel.FATAL, answer)
        self.is_ended = True

    def _choose_alert_version(self, fault: Fault) -> None:
        """Put the configured version into the record of the alert that answers a fault."""
        whose = self.configuration.alert_record_version.get(fault)
        received = self.records.received_version
        version = None
        if whose is VersionOf.HELLO:
            version = self._hello_version
        elif whose is VersionOf.RECORD and received is not None and received >> 8 == MAJOR_VERSION:
            version = received
        if version is not None:  # no record of TLS 1.3 says so, RFC 8446 section 5.1
            is_1_3 = version == ProtocolVersion.TLS_1_3
            self.records.record_version = ProtocolVersion.TLS_1_2 if is_1_3 else version

    def send_alert(self, level: int, description: int) -> None:
        """Queue an alert record; in SSLv3 with what stands there for an alert that came later."""
        if self.records.record_version == ProtocolVersion.SSL_3_0:
            description = self.configuration.sslv3_alerts.get(description, description)
        super().send_alert(level, description)

    def is_intolerant(self, flight: FirstFlight) -> bool:
        """React to a hello that an intolerance fires for. Raises PeerFault where a fault is the reaction."""
        for intolerance in self.configuration.intolerances:
            trigger, reaction = intolerance.trigger(flight), intolerance.reaction
            if reaction.goes_on:
                if trigger is not None:
                    self._go_on(reaction)
            elif self.reacts(trigger, reaction):
                return True
        return False

    def _go_on(self, reaction: Reaction) -> None:
        """Warn, or remember to refuse the request."""
        if reaction.warning is not None:
            self.send_alert(AlertLevel.WARNING, reaction.warning)
        self.refusing_status = reaction.status or self.refusing_status

    def flight_of(self, hello: ReceivedHello, arrival: Arrival) -> FirstFlight:
        """The flight of a hello that came so."""
        names_features = bool(self.configuration.intolerances or self.configuration.no_session_id_for)
        return flight_of_message(hello, arrival, looks_for_flaws=names_features)

    def refuse(self, flight: FirstFlight, fault: PeerFault) -> None:
        """Refuse a hello for `fault`, which is raised, unless an intolerance fires for it."""
        if not self.is_intolerant(flight):
            raise fault

    def reacts(self, trigger: Feature | None, reaction: Reaction, record_version: int | None = None) -> bool:
        """React to a hello for its feature `trigger`, if there is one. Raises PeerFault, as above."""
        self.triggered = trigger
        if trigger is not None:
            self.react(reaction, record_version)
        return trigger is not None

    def react(self, reaction: Reaction, record_version: int | None = None) -> None:
        """Do what the reaction says, which ends the connection; its alert is in a record of that version, or
        of the one in use. Raises PeerFault where it is a fault.
        """
        if reaction.fault is not None:
            raise PeerFault(reaction.fault, f"the hello has {self.triggered}")
        if record_version is not None:
            self.records.record_version = record_version
        if reaction.alert is not None:
            self.send_alert(AlertLevel.FATAL, reaction.alert)
        self.ending = reaction.ending
        self.is_ended = True

    @property
    @abstractmethod
    def is_handshaking(self) -> bool:
        """Whether messages of a handshake are due."""

    def _receive_alert(self, fragment: bytes) -> None:
        if self.configuration.parsing is not None:
            fragment = push_alert(read_alert(fragment))
        if not self.configuration.alerts_span_records:
            self._receive_one_alert(fragment)
            return
        self._alert_bytes += fragment
        while len(self._alert_bytes) >= ALERT_SIZE and not self.is_ended:
            alert, self._alert_bytes = self._alert_bytes[:ALERT_SIZE], self._alert_bytes[ALERT_SIZE:]
            self._receive_one_alert(alert)

    def _receive_one_alert(self, fragment: bytes) -> None:
        rules, is_before_hello = self.configuration.received_alerts, self._hello_version is None
        rule = rule_for(rules, fragment, is_before_hello=is_before_hello) if self.is_handshaking else None
        if rule is None:
            super()._receive_alert(fragment)
        elif isinstance(rule.reply, Reaction):
            if rule.reply.fault is not None:
                raise PeerFault(rule.reply.fault, f"an alert ({fragment.hex()}) in the handshake")
            self.react(rule.reply)
        elif rule.reply is Reply.CLOSE_NOTIFY:
            self.close(self.now)
