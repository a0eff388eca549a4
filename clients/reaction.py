"""What a client did about something a server did: the few words in which a genuine program and the profile
that plays it are compared. Pure.

A reaction is read off an `Observation`, of either kind. It says whether the client went on to the server's
answer, else how it ended the connection and what it had said until then, the warnings it sent on the way, and
how many hellos it sent in all. Which message of several that came at once a client refuses is its own secret;
what it has sent itself is not.
"""

from enum import StrEnum

from msgspec import Struct

from clients.genuine.end import ALERT_13_LENGTHS
from clients.observation import Attempt, Observation
from handshake.reason import Kind, Reason, Rule
from handshake.wire.record import RECORD_HEADER_SIZE
from handshake.wire.registry import AlertDescription, AlertLevel, alert_name

_CLOSURE = (AlertDescription.CLOSE_NOTIFY, AlertDescription.USER_CANCELED)
_CLOSE_NOTIFY = bytes((AlertDescription.CLOSE_NOTIFY,))
UNKNOWN_ALERT = "alert:encrypted"
HELLO = "hello"
SECOND_FLIGHT = "second flight"


class Does(StrEnum):
    """What a client does where it sends no fatal alert; an alert is written `alert:<name>`. "closes" is also
    the end of a connection that the server has ended.
    """

    GOES_ON = "goes-on"
    CLOSES = "closes"
    WAITS = "waits"
    CANNOT = "cannot"


class Reaction(Struct, frozen=True):
    """`does` is one of `Does` or `alert:<name>`, "cannot" where the engine lacks what it takes; `after` what
    the client had sent on that connection where it did not go on; `warnings` are names of alerts in order,
    without those of an orderly end; `hellos` how many it sent, on however many connections; `closes_with` how
    it ended a connection on which it went on, "close_notify" or "fin", empty where that could not be read.
    """

    does: str
    after: str = ""
    warnings: tuple[str, ...] = ()
    hellos: int = 1
    closes_with: str = ""

    def __str__(self) -> str:
        """As `[accepts]` writes it, with what came before it."""
        ending = [self.closes_with] if self.closes_with else []
        words = [*(f"warning:{name}" for name in self.warnings), self.does, *ending]
        shown = ", ".join(words) + (f" after its {self.after}" if self.after else "")
        return shown if self.hellos == 1 else f"{shown}, {self.hellos} hellos"


def reaction_of(observation: Observation) -> Reaction:
    """Read the reaction off what happened; the last connection tells how it ended."""
    last = observation.attempts[-1]
    hellos = sum(_hellos(attempt) for attempt in observation.attempts)
    warnings = tuple(name for attempt in observation.attempts for name in _warnings(attempt))
    failure = last.failure
    does = _does(last, failure)
    after = "" if failure is None else SECOND_FLIGHT if _has_sent_more(last) else HELLO
    return Reaction(does, after, warnings, hellos, _closes_with(last) if failure is None else "")


def _does(attempt: Attempt, failure: Reason | None) -> str:
    if failure is None:
        return Does.GOES_ON
    if failure.kind is Kind.UNSUPPORTED:
        return Does.CANNOT
    if attempt.alert_sent is not None:
        return f"alert:{alert_name(attempt.alert_sent)}"
    if failure.kind is Kind.POLICY and failure.what == f"{Rule.ALERT}-encrypted":
        return UNKNOWN_ALERT
    return Does.WAITS if failure.kind is Kind.TIMEOUT else Does.CLOSES


def _hellos(attempt: Attempt) -> int:
    sent = (entry for entry in attempt.transcript if entry.direction == "sent")
    return sum((entry.kind, entry.name) == ("message", "ClientHello") for entry in sent)


def _has_sent_more(attempt: Attempt) -> bool:
    """Whether anything but hellos and alerts was sent; a record that stays closed is told by its length."""
    for entry in attempt.transcript:
        if entry.direction != "sent":
            continue
        is_message = entry.kind == "message" and entry.name != "ClientHello"
        is_data = entry.kind == "record" and entry.name == "application_data"
        if is_message or (is_data and len(entry.wire) - RECORD_HEADER_SIZE not in ALERT_13_LENGTHS):
            return True
    return False


def _closes_with(attempt: Attempt) -> str:
    """How it closes; empty where an alert of its own could not be read."""
    alerts = [e.decrypted for e in attempt.transcript if e.direction == "sent" and e.name == "alert"]
    if any(alert[1:] == _CLOSE_NOTIFY for alert in alerts):
        return "close_notify"
    return "" if b"" in alerts else "fin"


def _warnings(attempt: Attempt) -> list[str]:
    found = []
    for entry in attempt.transcript:
        if entry.direction == "sent" and entry.name == "alert" and len(entry.decrypted) == 2:
            level, description = entry.decrypted
            if level == AlertLevel.WARNING and description not in _CLOSURE:
                found.append(alert_name(description))
    return found
