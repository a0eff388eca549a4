"""What became of a hello, as far as a capture shows it: read off the moves of both sides, in the same way as
of a genuine program (`clients.genuine.wire`). Pure.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from clients.genuine.end import End
from clients.genuine.relay import Move
from clients.genuine.secrets import Secrets
from clients.genuine.wire import Reading
from clients.starttls.dialogue import in_ascii
from handshake.errors import Fault
from handshake.events import Phase
from handshake.reason import Cause, Detail, Kind, Reason, Rule, cause_of_alert
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.registry import ContentType, alert_name, group_name, version_name

ENCRYPTED_ALERT = "encrypted"
"""What stands for the name of an alert that nobody can read."""


class Answer(Struct, frozen=True):
    """What the capture shows of a server's answer and of how the connection ended.

    `version` and `cipher_suite` are the ServerHello's, None without one; `asked_again` says that a
    HelloRetryRequest came. `failure` is why it did not work, None where it did or where the capture ends
    before. `heard_server`: the capture has packets of the server's. `is_over`: the connection ends in the
    capture. `seconds` is the time from the hello to what ended it, else to the capture's end.
    """

    version: int | None = None
    cipher_suite: int | None = None
    group: int | None = None
    asked_again: bool = False
    is_complete: bool = False
    failure: Reason | None = None
    heard_server: bool = True
    is_over: bool = False
    seconds: float = 0.0

    @property
    def sentence(self) -> str:
        """Say it, without a full stop."""
        said = ["a HelloRetryRequest"] if self.asked_again else []
        said += [self._chosen()] if self.version is not None and self.cipher_suite is not None else []
        if self.failure is not None:
            said.append(f"{self.failure.sentence} ({self.failure})")
        elif self.is_complete:
            said.append("the handshake is complete")
        elif not self.heard_server:
            said.append("nothing of the server's is in the capture")
        elif said:
            said.append("the capture ends within the handshake")
        else:
            said.append(f"no answer in the capture ({self.seconds:.1f} s)")
        return "; ".join(said)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON types; names as in `run.json`."""
        return {
            "version": None if self.version is None else version_name(self.version),
            "cipher_suite": None if self.cipher_suite is None else cipher_suite_name(self.cipher_suite),
            "group": None if self.group is None else group_name(self.group),
            "hello_retry_request": self.asked_again,
            "handshake_complete": self.is_complete,
            "reason": None if self.failure is None else str(self.failure),
            "sentence": self.sentence,
            "seconds": round(self.seconds, 6),
        }

    def _chosen(self) -> str:
        assert self.version is not None
        assert self.cipher_suite is not None
        words = [version_name(self.version), cipher_suite_name(self.cipher_suite)]
        return ", ".join(words + ([] if self.group is None else [group_name(self.group)]))


def read_answer(moves: Iterable[Move], secrets: Secrets, *, heard_server: bool, now: float) -> Answer:
    """Read what became of the hello with which the moves begin. `now` is the time at which the connection, or
    the capture, has ended, on the clock of the moves.
    """
    moves = list(moves)
    reading = Reading(moves, secrets)
    hello, negotiated = reading.server_hello, reading.negotiated
    has_choice = hello is not None and not hello.is_hello_retry_request
    end, began = reading.end, moves[0].time if moves else now
    is_complete = reading.is_complete or (end is not None and end.alert is None and _is_goodbye(reading))
    return Answer(
        version=reading.version if has_choice else None,
        cipher_suite=hello.cipher_suite if hello is not None and has_choice else None,
        group=None if negotiated is None else negotiated.named_group,
        asked_again=reading.is_tls13 and (hello is None or _hellos(reading) > 1),
        is_complete=is_complete,
        failure=_not_tls(reading, moves) or _failure(reading, is_silent=not _said(moves)),
        heard_server=heard_server,
        is_over=end is not None,
        seconds=max((now if end is None else _time_of(end, moves)) - began, 0.0),
    )


def _time_of(end: End, moves: list[Move]) -> float:
    """When a connection was ended: at the FIN or reset, else with the last that the side has said."""
    own = [move for move in moves if move.is_clients is end.is_clients]
    if end.kind in (Kind.FIN, Kind.RESET):
        return next((move.time for move in own if move.end is not None), moves[-1].time)
    return max((move.time for move in own if move.data), default=moves[-1].time)


def _hellos(reading: Reading) -> int:
    return sum(entry.name == "ServerHello" and entry.kind == "message" for entry in reading.transcript)


def _said(moves: list[Move]) -> bytes:
    """The first that the server has said."""
    return next((move.data for move in moves if not move.is_clients and move.data), b"")


def _not_tls(reading: Reading, moves: list[Move]) -> Reason | None:
    """The reason where what answers does not speak TLS."""
    said = _said(moves)
    if reading.server_hello is not None or not said or said[0] in list(ContentType) or said[0] & 0x80:
        return None
    cause = Cause(Kind.PROTOCOL_ERROR, Fault.NOT_TLS.value)
    return Reason(Phase.SERVER_HELLO, cause, Detail(said=in_ascii(said)))


def _failure(reading: Reading, *, is_silent: bool) -> Reason | None:
    """Why the connection did not work; None where it did, and where the capture does not show its end."""
    end = reading.end
    if end is None:
        return None
    has_alert = end.kind is Kind.ALERT and end.alert is not None
    detail = Detail(certificate_requested=reading.certificate_requested and not end.is_clients)
    # A hello that cannot be read has been said all the same.
    phase = Phase.SERVER_HELLO if end.phase is Phase.CLIENT_HELLO else end.phase
    if reading.is_complete and not has_alert:
        return None
    if not end.is_clients:
        cause = cause_of_alert(alert_name(end.alert or 0)) if has_alert else Cause(end.kind)
        return Reason(phase, Cause(Kind.FIN) if cause == Cause(Kind.ALERT) else cause, detail)
    if end.kind is Kind.ALERT and end.alert is None and _is_goodbye(reading):
        return None
    if end.kind is Kind.ALERT:
        name = ENCRYPTED_ALERT if end.alert is None else alert_name(end.alert)
        return Reason(phase, Cause(Kind.POLICY, f"{Rule.ALERT}-{name}"), detail)
    if is_silent:  # the client has given up waiting
        return Reason(phase, Cause(Kind.TIMEOUT), Detail(seconds=round(reading.waited, 1)))
    return Reason(phase, Rule.CLOSES.cause, detail)


def _is_goodbye(reading: Reading) -> bool:
    """Whether a client's encrypted alert comes behind the server's Finished of TLS 1.2 or before.

    It may refuse that, which no program is known to do, or be the close_notify of a client that has nothing
    to say, as most scanners and monitors are.
    """
    end = reading.end
    if end is None or not end.is_clients or end.kind is not Kind.ALERT or reading.is_tls13:
        return False
    changed = {entry.direction for entry in reading.transcript if entry.name == "change_cipher_spec"}
    return end.phase is Phase.FINISHED and changed == {"sent", "received"}
