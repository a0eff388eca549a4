"""Asking a server: a hello is sent as a client would, with a request behind it, and the answer is a value.

The wait for a silent server is bounded by what the hellos that got through have taken, so a server that hangs
costs little time. An HTTP status is an answer too: some servers take any hello and then answer 400.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from clients.connect import connect
from clients.destination import Destination
from clients.observation import Observation
from clients.http_answer import http_status
from clients.pace import at_once
from clients.player import PlayedHello, Player
from handshake.crypto.credentials import Credential
from handshake.hello_template import HelloTemplate
from handshake.reason import Kind
from matrix.explain.trial import Answer, Choice

_PATIENCE = 10.0
"""A hello is given this many times as long as the slowest one that got through."""
_LEAST_SECONDS = 0.25
"""A machine under load may stop a process for so long."""


@dataclass
class Asker:
    """Asks `destination` as the client `player` does. `seconds` is the time of an attempt, `pace` waits for the
    turn of a connection; `usual_status` is the HTTP status that counts as getting through, None for any;
    `asked` counts the connections made.
    """

    destination: Destination
    player: Player
    seconds: float
    pace: Callable[[], None] = at_once
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    usual_status: int | None = None
    asked: int = 0
    _slowest: float | None = None

    def ask(self, template: HelloTemplate) -> Answer:
        """Ask with one hello."""
        return self.ask_as(replace(self.player, hellos=(PlayedHello(template),)))

    def ask_as(self, player: Player) -> Answer:
        """Ask with the first hello of another client, as that client."""
        self.asked += 1
        began = time.monotonic()
        observation = connect(
            replace(player, hellos=player.hellos[:1]),
            self.destination,
            deadline_seconds=self._deadline(),
            credentials=self.credentials,
            pace=self.pace,
        )
        answer = answer_of(observation, self.usual_status)
        if answer.passes:
            self._slowest = max(time.monotonic() - began, self._slowest or 0.0)
        return answer

    def _deadline(self) -> float:
        if self._slowest is None:
            return self.seconds
        return min(self.seconds, max(_PATIENCE * self._slowest, _LEAST_SECONDS))


def answer_of(observation: Observation, usual_status: int | None = None) -> Answer:
    """What became of the one hello of an observation; an unusual HTTP status is a failure."""
    attempt = observation.attempts[-1]
    if attempt.failure is not None:
        return Answer(False, str(attempt.failure))
    agreed, status = attempt.negotiated, http_status(observation.response)
    assert agreed is not None, "an attempt that has not failed has completed a handshake"
    choice = Choice(agreed.version, agreed.cipher_suite, agreed.named_group)
    if usual_status is not None and status is not None and status != usual_status:
        return Answer(False, f"application-data:http-status-{status}", choice, status)
    return Answer(True, "", choice, status)


def is_unreachable(answer: Answer) -> bool:
    """Whether nobody listens there any more."""
    return answer.reason.startswith("connect:") and any(
        answer.reason.endswith(kind) for kind in (Kind.REFUSED, Kind.UNREACHABLE, Kind.UNRESOLVED)
    )
