"""A server's connection that can do something else with a hello than answer it.

What it does, and for which features, is in the configuration: intolerances, which fire for whatever hello has
the feature, and the checks of `[emulation.reading]`, which have their order.
"""

from abc import ABC
from collections.abc import Iterable

from handshake.connection import Connection, Entropy
from handshake.errors import PeerFault
from handshake.events import Phase
from handshake.features import Feature, FirstFlight
from handshake.record_layer import RecordLayer
from handshake.server.configuration import Ending, Intolerance, Reaction, ServerConfiguration
from handshake.wire.registry import AlertLevel, ProtocolVersion


class ReactingConnection(Connection, ABC):
    """`triggered` is the feature that was reacted to, `ending` what the transport is to do at the end."""

    def __init__(self, configuration: ServerConfiguration, *, records: RecordLayer, entropy: Entropy) -> None:
        super().__init__(records=records, entropy=entropy, phase=Phase.CLIENT_HELLO)
        self.configuration = configuration
        self.ending = Ending.FIN
        self.triggered: Feature | None = None

    def send_alert(self, level: int, description: int) -> None:
        """Queue an alert record; in SSLv3 with what stands there for an alert that came later."""
        if self.records.record_version == ProtocolVersion.SSL_3_0:
            description = self.configuration.alerting.in_sslv3.get(description, description)
        super().send_alert(level, description)

    def is_intolerant(self, flight: FirstFlight) -> bool:
        """React to a hello that an intolerance fires for. Raises PeerFault where a fault is the reaction."""
        return self.reacts(self.configuration.intolerances, flight)

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
