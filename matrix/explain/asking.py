"""Asking a server: a hello is sent as a client would, and what becomes of it is a value.

A failure that the server causes is asked about with a player that refuses nothing of its own, so that changed
hellos and those of other clients are judged by the server alone. Where the client itself refuses what the
server chooses, its own rules are what is asked about.

The wait for a silent server is bounded by what the hellos that got through have taken, so a server that hangs
costs little time. An HTTP status is an answer too: some servers take any hello and then answer 400.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock

from msgspec import structs

from clients.connect import connect
from clients.destination import Destination
from clients.http_answer import http_status
from clients.observation import Attempt, Observation
from clients.pace import at_once
from clients.player import PlayedHello, Player
from handshake.client.drawn import draw
from handshake.crypto.credentials import Credential
from handshake.errors import HandshakeError
from handshake.events import Phase
from handshake.hello_template import ClientPolicy, ExtensionTemplate, Fill, HelloTemplate
from handshake.reason import Kind
from handshake.renegotiation import Renegotiation
from handshake.wire.extensions import HOST_NAME, push_server_name
from handshake.wire.handshake_message import MESSAGE_HEADER_SIZE
from handshake.wire.hello_versions import selected_version
from handshake.wire.messages import pull_server_hello
from matrix.explain.trial import Answer, Choice
from matrix.judgement.judge import outcome_of
from matrix.judgement.outcome import Outcome
from matrix.scenarios import CONNECT, Meeting, Scenario
from matrix.scenarios.variants import PAUSE_SECONDS

OWN_RULES = (Kind.POLICY, Kind.UNSUPPORTED, Kind.PROTOCOL_ERROR)
"""Failures that the client finds, not the server."""
WITHOUT_RULES = Player((), policy=ClientPolicy(renegotiation=Renegotiation.LEGACY))
"""A client that takes whatever a server chooses."""
AT_ONCE = 5
"""Hellos that are asked together while each may have to wait for its whole time."""
MOST_AT_ONCE = 10
"""Connections that are open together."""
_PATIENCE = 10.0
"""A hello is given this many times as long as the slowest one that got through."""
_LEAST_SECONDS = 0.25
"""A machine under load may stop a process for so long."""
_NO_REQUEST = b""
_CHOOSING = ("ServerHello", "HelloRetryRequest")
_LATE = (Phase.FINISHED.value, Phase.APPLICATION_DATA.value)
_BEFORE_SCENARIOS = tuple(
    phase.value for phase in (Phase.SERVER_HELLO, Phase.CERTIFICATE, Phase.KEY_EXCHANGE)
)


class ProbesSpent(Exception):
    """As many connections were made as may be."""


@dataclass
class Asker:
    """Asks `destination`. `player` are the rules that hellos are played with, `scenario` what is done with
    each; `seconds` is the time of an attempt, `pace` waits for the turn of a connection; `usual_status` is
    the HTTP status that counts as getting through, None for any. `asks_for_page` is whether a request is sent
    after the handshake. `asked` counts the connections that were tried; one more than `most` of them raises
    ProbesSpent.
    """

    destination: Destination
    seconds: float
    player: Player = field(default_factory=lambda: WITHOUT_RULES)
    scenario: Scenario = CONNECT
    pace: Callable[[], None] = at_once
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    own: Mapping[str, Credential] = field(default_factory=dict)
    usual_status: int | None = None
    asks_for_page: bool = True
    most: int | None = None
    asked: int = 0
    _slowest: float | None = None
    _is_patient: bool = False
    _turn: Lock = field(default_factory=Lock, repr=False)

    def ask(self, template: HelloTemplate) -> Answer:
        """Ask with one hello."""
        player = structs.replace(self.player, hellos=(PlayedHello(template),))
        began = time.monotonic()
        observation = self._observe(player)
        answer = answer_of(observation, self.usual_status)
        if answer.passes and not self._is_patient:
            self._slowest = max(time.monotonic() - began, self._slowest or 0.0)
        return answer

    def ask_all(self, templates: Sequence[HelloTemplate]) -> list[Answer]:
        """Ask with several hellos at a time, which saves time where each has to wait."""
        if len(templates) < 2:
            return [self.ask(template) for template in templates]
        with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
            return list(pool.map(self.ask, templates))

    def be_patient(self) -> None:
        """From here on a silent server is given its whole time."""
        self._slowest, self._is_patient = None, True

    def sent(self, template: HelloTemplate) -> HelloTemplate:
        """The hello as this server gets it: with the name that it is called by, or without one, nothing drawn
        anew for each connection but keys, and its segments so far apart that they arrive one by one.
        """
        named = with_server_name(with_nothing_drawn(template), self.destination.server_name)
        if named.segments and not named.pause_seconds:
            return structs.replace(named, pause_seconds=PAUSE_SECONDS)
        return named

    def _observe(self, player: Player) -> Observation:
        if self.scenario is CONNECT and not self.asks_for_page:
            observation = connect(
                player,
                self.destination,
                deadline_seconds=self._deadline(),
                request=_NO_REQUEST,
                credentials=self.own,
                pace=self._wait_for_turn,
            )
            # what was asked for, the handshake, has been answered
            return dataclasses.replace(observation, ends_well=True)
        meeting = Meeting(
            player,
            self.destination,
            self._deadline(),
            self.credentials,
            self.own,
            self._wait_for_turn,
        )
        return self.scenario.carry_out(meeting)

    def _wait_for_turn(self) -> None:
        with self._turn:
            if self.most is not None and self.asked >= self.most:
                raise ProbesSpent
            self.asked += 1
            self.pace()

    def _deadline(self) -> float:
        if self._slowest is None:
            return self.seconds
        return min(self.seconds, max(_PATIENCE * self._slowest, _LEAST_SECONDS))


def with_nothing_drawn(template: HelloTemplate) -> HelloTemplate:
    """The hello as it could be drawn once, and from then on the same on each connection: what a server
    answers to the same bytes is its own doing.
    """
    drawn = draw(template.as_written(), bytes)
    if drawn.extensions is None:
        return drawn
    kept = (structs.replace(e, fill=None) if e.fill is Fill.ECH_GREASE else e for e in drawn.extensions)
    return structs.replace(drawn, extensions=tuple(kept))


def with_server_name(template: HelloTemplate, name: str | None) -> HelloTemplate:
    """The hello with the server's name written out; without the extension where there is none to say."""
    fills = {Fill.SERVER_NAME, Fill.DOTTED_SERVER_NAME}
    if not any(each.fill in fills for each in template.extensions or ()):
        return template
    kept: list[ExtensionTemplate] = []
    for each in template.extensions or ():
        if each.fill not in fills:
            kept.append(each)
        elif name is not None and (each.fill is Fill.SERVER_NAME or "." in name):
            body = push_server_name(((HOST_NAME, name.encode()),))
            kept.append(ExtensionTemplate(each.extension_type, body))
    return structs.replace(template, extensions=tuple(kept))


def answer_of(observation: Observation, usual_status: int | None = None) -> Answer:
    """What became of the one hello of an observation; an unusual HTTP status is a failure."""
    attempt = observation.later or observation.attempts[-1]
    outcome, failure = outcome_of(observation)
    choice = _choice(attempt)
    status = http_status(observation.response)
    if outcome is not Outcome.WORKS:
        assert failure is not None, "what does not work has a reason"
        return Answer(False, str(failure), choice, sentence=failure.sentence)
    return as_usual(Answer(True, "", choice, status), usual_status)


def as_usual(answer: Answer, usual_status: int | None) -> Answer:
    """The answer of a hello that gets through, which has failed if its HTTP status is an unusual one."""
    status = answer.status
    if usual_status is None or status is None or status == usual_status:
        return answer
    sentence = f"the server answers with HTTP status {status}"
    return Answer(False, f"application-data:http-status-{status}", answer.choice, status, sentence)


def _choice(attempt: Attempt) -> Choice | None:
    """What the server chose, where it has said so much."""
    if attempt.negotiated is not None:
        agreed = attempt.negotiated
        return Choice(agreed.version, agreed.cipher_suite, agreed.named_group)
    for entry in attempt.transcript:
        if (entry.direction, entry.kind) == ("received", "message") and entry.name in _CHOOSING:
            try:
                hello = pull_server_hello(entry.decrypted[MESSAGE_HEADER_SIZE:])
            except HandshakeError:
                return None
            return Choice(selected_version(hello), hello.cipher_suite, None)
    return None


def is_unreachable(answer: Answer) -> bool:
    """Whether nobody listens there any more."""
    return answer.reason.startswith("connect:") and any(
        answer.reason.endswith(kind) for kind in (Kind.REFUSED, Kind.UNREACHABLE, Kind.UNRESOLVED)
    )


def ends_first_handshake(answer: Answer) -> bool:
    """Whether it fails before the server has proved who it is: nothing that a scenario adds has begun."""
    return answer.reason.partition(":")[0] in _BEFORE_SCENARIOS


def ends_late(answer: Answer) -> bool:
    """Whether it fails where TLS 1.3 tells its client only once it asks for something: a client's certificate
    is refused after the handshake there (RFC 8446 section 4.4.2.4).
    """
    return answer.reason.partition(":")[0] in _LATE


def is_own_rule(answer: Answer) -> bool:
    """Whether it is the client that ended the connection."""
    cause = answer.reason.partition(":")[2]
    return any(cause == kind or cause.startswith(f"{kind}-") for kind in OWN_RULES)
