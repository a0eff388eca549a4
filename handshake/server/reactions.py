"""What a server can do instead of answering: an alert, or an end of the connection without one."""

from dataclasses import dataclass
from enum import StrEnum

from handshake.errors import Fault
from handshake.features import Feature, FirstFlight


class Ending(StrEnum):
    """What the transport is to do when the connection has ended: close it, reset it, or leave it open and
    silent.
    """

    FIN = "fin"
    RESET = "reset"
    HANG = "hang"


@dataclass(frozen=True, slots=True)
class Reaction:
    """What an intolerance does: a fatal alert (its description) and FIN, one of the bare endings, or whatever
    answers a fault. `record_version` is that of the alert's record, None for the one in use.
    """

    alert: int | None = None
    ending: Ending = Ending.FIN
    fault: Fault | None = None
    record_version: int | None = None


@dataclass(frozen=True, slots=True)
class Intolerance:
    """A hello that has any of `features` gets `reaction` instead of an answer."""

    features: tuple[Feature, ...]
    reaction: Reaction

    def trigger(self, flight: FirstFlight) -> Feature | None:
        """The first of the features that the hello has, None where the hello is let pass."""
        return next((feature for feature in self.features if feature.present(flight)), None)
