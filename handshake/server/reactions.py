"""What a server can do instead of answering a hello, an alert or an end of the connection without one, or
besides: a warning, or an HTTP status that refuses the request.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from msgspec import Struct

from handshake.errors import Fault
from handshake.features import Feature, FirstFlight
from handshake.wire.registry import HandshakeType

AT_LEAST_ONE = range(1, 1 << 16)
"""Beside a type of several values: how many there may be."""


class Ending(StrEnum):
    """How a connection ends without an alert.

    "fin" closes the connection, "reset" resets it, "hang" leaves it open and silent.
    """

    FIN = "fin"
    RESET = "reset"
    HANG = "hang"


class Reaction(Struct, frozen=True):
    """A fatal alert (its description) and FIN, one of the bare endings, or whatever answers a fault. With a
    `warning` (its description) or an HTTP `status` the server goes on.
    """

    alert: int | None = None
    ending: Ending = Ending.FIN
    fault: Fault | None = None
    warning: int | None = None
    status: int | None = None

    @property
    def goes_on(self) -> bool:
        """Whether the hello is answered all the same."""
        return self.warning is not None or self.status is not None


@dataclass(frozen=True, slots=True)
class Intolerance:
    """A hello that has any of the features gets the reaction instead of an answer."""

    features: Annotated[tuple[Feature, ...], AT_LEAST_ONE]
    """Features of a hello, each of which is enough. The documented ones: research note on servers, section
    4."""
    reaction: Reaction
    """What the server does instead of answering: it sends a fatal alert and closes, or does whatever answers
    a fault, or ends the connection without an alert ("fin" closes it, "reset" resets it, "hang" leaves it
    open and silent). Or it answers, and sends a warning before that, or refuses the request ("http:400")."""
    after: Annotated[int, HandshakeType] | None = None
    """The message of its answer behind which the server does so; left out, it does not answer at all. It does
    nothing where its answer has no such message (tlslite-ng 0.8.2 closes behind the ServerHello of TLS 1.3,
    JDK 25 fails behind its Certificate where it finds no signature scheme; both measured)."""

    def trigger(self, flight: FirstFlight) -> Feature | None:
        """The first of the features that the hello has, None where the hello is let pass: it has none, or its
        answer begins.
        """
        return first_present(self.features, flight) if self.after is None else None

    def trigger_within(self, flight: FirstFlight) -> Feature | None:
        """The first of the features that the hello has for which its answer is broken off."""
        return None if self.after is None else first_present(self.features, flight)


def first_present(features: Iterable[Feature], flight: FirstFlight) -> Feature | None:
    """The first of the features that the hello has, None where it has none of them."""
    return next((feature for feature in features if feature.present(flight)), None)
