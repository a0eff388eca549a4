"""How a server says no: by the alert of a fault, as configured, or by whatever else it does with a hello.

For which features it does so is in the configuration: intolerances, which fire for whatever hello has the
feature, and the checks of `HelloReading`, which have their order.
"""

from abc import ABC
from collections.abc import Iterable

from handshake.connection import Connection, Entropy
from handshake.errors import Fault, PeerFault
from handshake.events import PeerFaulted, Phase
from handshake.features import Feature, FirstFlight, HelloRecord
from handshake.record_layer import RecordLayer
from handshake.server.configuration import Ending, Intolerance, Reaction, ServerConfiguration
from handshake.server.first_flight import flight_of_message
from handshake.server.received_hello import ReceivedHello
from handshake.server.strictness import VersionOf
from handshake.wire.registry import AlertLevel, ProtocolVersion

SSL_MAJOR = 3


class ReactingConnection(Connection, ABC):
    """`triggered` is the feature that was reacted to, `ending` what the transport is to do at the end."""

    def __init__(self, configuration: ServerConfiguration, *, records: RecordLayer, entropy: Entropy) -> None:
        super().__init__(records=records, entropy=entropy, phase=Phase.CLIENT_HELLO)
        self.configuration = configuration
        self.ending = Ending.FIN
        self.triggered: Feature | None = None
        self._hello_version: int | None = None

    def end_with_fault(self, fault: PeerFault) -> None:
        """Report the fault and end, with the alert that answers it or without, as configured."""
        alerting = self.configuration.alerting
        if fault.fault is Fault.RECORD_VERSION and self.records.is_first:
            fault = PeerFault(Fault.FIRST_RECORD_VERSION, fault.detail)
        if fault.fault in alerting.endings:
            self.add_event(PeerFaulted(fault.fault.value, fault.detail))
            self.ending = alerting.endings[fault.fault]
            self.is_ended = True
            return
        whose = alerting.versions.get(fault.fault)
        received = self.records.received_version
        version = None
        if whose is VersionOf.HELLO:
            version = self._hello_version
        elif whose is VersionOf.RECORD and received is not None and received >> 8 == SSL_MAJOR:
            version = received
        if version is not None:  # no record of TLS 1.3 says so, RFC 8446 section 5.1
            is_1_3 = version == ProtocolVersion.TLS_1_3
            self.records.record_version = ProtocolVersion.TLS_1_2 if is_1_3 else version
        super().end_with_fault(fault)

    def send_alert(self, level: int, description: int) -> None:
        """Queue an alert record; in SSLv3 with what stands there for an alert that came later."""
        if self.records.record_version == ProtocolVersion.SSL_3_0:
            description = self.configuration.alerting.in_sslv3.get(description, description)
        super().send_alert(level, description)

    def is_intolerant(self, flight: FirstFlight) -> bool:
        """React to a hello that an intolerance fires for. Raises PeerFault where a fault is the reaction."""
        return self.reacts(self.configuration.intolerances, flight)

    def flight_of(self, hello: ReceivedHello, records: tuple[HelloRecord, ...]) -> FirstFlight:
        """The flight of a hello that came in `records`."""
        names_features = bool(self.configuration.intolerances or self.configuration.no_session_id_for)
        return flight_of_message(hello, records, looks_for_flaws=names_features)

    def refuse(self, flight: FirstFlight, fault: PeerFault) -> None:
        """Refuse a hello for `fault`, which is raised, unless an intolerance fires for it."""
        if not self.is_intolerant(flight):
            raise fault

    def reacts(self, intolerances: Iterable[Intolerance], flight: FirstFlight) -> bool:
        """React to a hello as the first of these says that fires for it. Raises PeerFault, as above."""
        for intolerance in intolerances:
            self.triggered = intolerance.trigger(flight)
            if self.triggered is not None:
                self.react(intolerance.reaction)
                return True
        return False

    def react(self, reaction: Reaction) -> None:
        """Do what the reaction says, which ends the connection. Raises PeerFault where it is a fault."""
        if reaction.fault is not None:
            raise PeerFault(reaction.fault, f"the hello has {self.triggered}")
        if reaction.record_version is not None:
            self.records.record_version = reaction.record_version
        if reaction.alert is not None:
            self.send_alert(AlertLevel.FATAL, reaction.alert)
        self.ending = reaction.ending
        self.is_ended = True
