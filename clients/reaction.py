"""What a client did about something a server did: the few words in which a genuine program and the profile
that plays it are compared. Pure.

A reaction is read off an `Observation`, of either kind. It says whether the client went on to the server's
answer, else how it ended the connection and what it was waiting for, the warnings it sent on the way, and how
many hellos it sent in all.
"""

from dataclasses import dataclass
from enum import StrEnum

from clients.observation import Attempt, Observation
from handshake.reason import Kind, Reason
from handshake.wire.registry import AlertDescription, AlertLevel, alert_name

_OWN = (Kind.POLICY, Kind.PROTOCOL_ERROR)
_CLOSURE = (AlertDescription.CLOSE_NOTIFY, AlertDescription.USER_CANCELED)
UNKNOWN_ALERT = "alert:encrypted"


class Does(StrEnum):
    """What a client does where it sends no fatal alert; an alert is written `alert:<name>`."""

    GOES_ON = "goes-on"
    CLOSES = "closes"
    WAITS = "waits"
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True)
class Reaction:
    """`does` is one of `Does` or `alert:<name>`, "cannot" where the engine lacks what it takes; `phase` what
    the client waited for where it did not go on; `warnings` are names of alerts in order, without those of an
    orderly end; `hellos` how many it sent, on however many connections.
    """

    does: str
    phase: str = ""
    warnings: tuple[str, ...] = ()
    hellos: int = 1

    def __str__(self) -> str:
        """As `[accepts]` writes it, with the phase."""
        words = [*(f"warning:{name}" for name in self.warnings), self.does]
        shown = ", ".join(words) + (f" ({self.phase})" if self.phase else "")
        return shown if self.hellos == 1 else f"{shown}, {self.hellos} hellos"


def reaction_of(observation: Observation) -> Reaction:
    """Read the reaction off what happened; the last connection tells how it ended."""
    last = observation.attempts[-1]
    hellos = sum(_hellos(attempt) for attempt in observation.attempts)
    warnings = tuple(name for attempt in observation.attempts for name in _warnings(attempt))
    failure = last.failure
    does = _does(last, failure)
    phase = "" if failure is None or does == Does.GOES_ON else failure.phase.value
    return Reaction(does, phase, warnings, hellos)


def _does(attempt: Attempt, failure: Reason | None) -> str:
    if failure is None:
        return Does.GOES_ON
    if failure.kind is Kind.UNSUPPORTED:
        return Does.CANNOT
    if failure.kind in _OWN:
        alert = attempt.alert_sent
        if alert is not None:
            return f"alert:{alert_name(alert)}"
        return UNKNOWN_ALERT if failure.what.endswith("encrypted") else Does.CLOSES
    if failure.kind is Kind.TIMEOUT:
        return Does.WAITS
    return f"server {failure.cause}"


def _hellos(attempt: Attempt) -> int:
    entries = [entry for entry in attempt.transcript if entry.direction == "sent"]
    return sum(entry.name == "ClientHello" and entry.kind != "record" for entry in entries)


def _warnings(attempt: Attempt) -> list[str]:
    found = []
    for entry in attempt.transcript:
        if entry.direction == "sent" and entry.name == "alert" and len(entry.decrypted) == 2:
            level, description = entry.decrypted
            if level == AlertLevel.WARNING and description not in _CLOSURE:
                found.append(alert_name(description))
    return found
