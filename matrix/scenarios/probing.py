"""What the scenarios share that ask a server with changed hellos which of their properties it minds.

A search is a generator: it yields a hello that is changed in one respect, is told whether that was answered,
and returns what is to blame. So the search is pure, and one and the same whether the hellos are sent
(`carry_out_with`) or what becomes of them is predicted (`predict_with`).

The client's ordinary hello is the control. It comes first, and there is no search unless it is answered; but
for one downwards, where the first smaller hello that is answered takes its place. The control comes again
behind the first changed hello that is not answered, which ends the search where the server has died, and
behind the search together with what is blamed, so that a server that fails by chance is told from one that
minds the hello.
"""

import dataclasses
from collections.abc import Callable, Generator, Iterable, Sequence

from msgspec import Struct, structs

from clients.observation import Attempt, Observation, Probe
from clients.player import PlayedHello, Player
from handshake.events import Phase
from handshake.hello_template import HelloTemplate
from handshake.reason import Kind, Reason, Rule
from matrix.judgement.outcome import Outcome
from matrix.prediction import Agreement, Prediction, ServerFacts, predict
from matrix.scenarios.scenario import Meeting
from matrix.scenarios.variants import Variant, length_of

MAX_PROBES = 16
"""Of one search for a boundary: enough for the very byte between 0 and 65,535."""
MAX_SILENT_PROBES = 4
"""Of those, how many may go unanswered for the whole deadline; the boundary is then known less exactly."""
ORDINARY = "as the client sends it"
_OF_THE_HELLO = (Phase.CLIENT_HELLO, Phase.SERVER_HELLO)
_ENDS = (Kind.ALERT, Kind.CLOSE_NOTIFY, Kind.FIN, Kind.RESET, Kind.TIMEOUT)
_A_HELLO = ("message", "ClientHello")
NO_CONTROL = "does not answer the ordinary hello any more, so that nothing is known of the changed ones"


class Answer(Struct, frozen=True):
    """What became of a variant. `reason` is why it was not answered, as far as that is known; `segment_size`
    the most bytes that went out in one TCP segment, None where nothing was sent over a network.
    """

    is_answered: bool
    reason: Reason | None = None
    segment_size: int | None = None


class Blame(Struct, frozen=True):
    """What of a hello the server minds: `words` to go behind "the server", and a variant that shows it."""

    words: str
    variant: Variant
    reason: Reason | None


Search = Generator[Variant, Answer, Sequence[Blame]]
Step = Generator[Variant, Answer, Blame | None]


class Downwards(Struct, frozen=True):
    """For a client whose own hello is not answered: its hellos that are `smaller`, of which the first that is
    answered is searched from, and the `search`, which is told the own hello and its size in bytes, too.
    """

    smaller: Callable[[HelloTemplate], Iterable[Variant]]
    search: Callable[[HelloTemplate, int, Variant], Search]


class Probing(Struct, frozen=True):
    """A search for each hello that it means anything for; `why_not` says of the others why it does not."""

    search: Callable[[HelloTemplate], Search]
    why_not: Callable[[HelloTemplate], Rule | None] = lambda hello: None
    downwards: Downwards | None = None


_NO_BLAMES: Sequence[Blame] = ()


class _Undecided(Exception):
    """The definitions do not say what becomes of a hello."""


def boundary(
    answered: int, unanswered: int, variant: Callable[[int], Variant]
) -> Generator[Variant, Answer, tuple[int, int]]:
    """Find the two neighbouring numbers of which one is answered and the other is not, by halving; give the
    nearest pair that the permitted number of probes leads to.
    """
    silent = 0
    for _ in range(MAX_PROBES):
        if abs(answered - unanswered) <= 1 or silent == MAX_SILENT_PROBES:
            break
        middle = (answered + unanswered) // 2
        answer = yield variant(middle)
        if answer.is_answered:
            answered = middle
        else:
            unanswered = middle
            silent += answer.reason is not None and answer.reason.kind is Kind.TIMEOUT
    return answered, unanswered


def carry_out_with(probing: Probing) -> Callable[[Meeting], Observation]:
    """Connect, then send what the search asks for."""

    def carry_out(meeting: Meeting) -> Observation:
        observation = meeting.connect()
        if not observation.is_answered:
            return _carry_out_downwards(probing, meeting, observation)
        hello = meeting.player.templates[len(observation.attempts) - 1]
        rule = probing.why_not(hello)
        if rule is not None:
            return dataclasses.replace(observation, conclusion=Reason(Phase.CLIENT_HELLO, rule.cause))
        asking = _Asking(meeting, Variant(ORDINARY, hello))
        try:
            blames = _run(probing.search(hello), asking.ask)
            conclusion = _with_blame(blames[0].reason, asking.confirmed(blames)) if blames else None
        except _NoControl as failed:
            conclusion = _with_blame(failed.reason, NO_CONTROL)
            blames = []
        return dataclasses.replace(observation, probes=asking.shown(blames), conclusion=conclusion)

    return carry_out


def _carry_out_downwards(probing: Probing, meeting: Meeting, observation: Observation) -> Observation:
    """Look for a smaller hello that is answered, and for what is between the two. The reason stays that of
    the first attempt; nothing is added to it where no smaller hello is answered, or not any more.
    """
    hello, first = meeting.player.templates[0], observation.attempts[0]
    if probing.downwards is None or not _is_unanswered(first) or probing.why_not(hello) is not None:
        return observation
    tried: tuple[Probe, ...] = ()
    for smaller in probing.downwards.smaller(hello):
        asking = _Asking(meeting, smaller)
        if not asking.is_controlled():
            tried = (*tried, *asking.probes)
            continue
        conclusion, blames = None, _NO_BLAMES
        try:
            blames = _run(probing.downwards.search(hello, _size_of(first, hello), smaller), asking.ask)
            conclusion = _with_blame(first.failure, asking.confirmed(blames)) if blames else None
        except _NoControl:
            blames = _NO_BLAMES
        return dataclasses.replace(observation, probes=(*tried, *asking.shown(blames)), conclusion=conclusion)
    return dataclasses.replace(observation, probes=tried)


def _is_unanswered(attempt: Attempt) -> bool:
    """Whether it is the server that says nothing to the hello, or ends the connection at it."""
    failure = attempt.failure
    return failure is not None and failure.phase in _OF_THE_HELLO and failure.kind in _ENDS


def _size_of(attempt: Attempt, hello: HelloTemplate) -> int:
    """The bytes of the hello that was sent, which its server name and what is drawn make longer or shorter
    than as it is written.
    """
    sent = (len(each.wire) for each in attempt.transcript if (each.kind, each.name) == _A_HELLO)
    return next(sent, length_of(hello))


def predict_with(probing: Probing) -> Callable[[Player, ServerFacts, Agreement], Prediction | None]:
    """Say what the search would find, if the definitions tell of each hello whether it is answered."""

    def predict_search(client: Player, server: ServerFacts, agreement: Agreement) -> Prediction | None:
        rule = probing.why_not(agreement.hello)
        if rule is not None:
            return Prediction(Outcome.NOT_APPLICABLE, rule.words, Reason(Phase.CLIENT_HELLO, rule.cause))
        try:
            blames = _run(
                probing.search(agreement.hello), lambda variant: _foretell(client, server, variant.hello)
            )
        except _Undecided:
            return None
        if not blames:
            return None
        return Prediction(Outcome.FAILS, f"the server {_words(blames)}", blames[0].reason)

    return predict_search


def _run(search: Search, ask: Callable[[Variant], Answer]) -> Sequence[Blame]:
    try:
        variant = next(search)
        while True:
            variant = search.send(ask(variant))
    except StopIteration as end:
        blames: Sequence[Blame] = end.value
        return blames


class _NoControl(Exception):
    """The ordinary hello is not answered any more."""

    def __init__(self, reason: Reason | None) -> None:
        super().__init__()
        self.reason = reason


class _Asking:
    """Connections to one server; `probes` are those that were made, in order."""

    def __init__(self, meeting: Meeting, control: Variant) -> None:
        self.probes: list[Probe] = []
        self._meeting = meeting
        self._control = control
        self._is_controlled = False

    def ask(self, variant: Variant) -> Answer:
        """Send a hello. Raises _NoControl where it is the first that is not answered, and the ordinary one is
        not any more either.
        """
        answer = self._send(variant)
        if not answer.is_answered and not self._is_controlled:
            self._check_control()
        return answer

    def confirmed(self, blames: Sequence[Blame]) -> str:
        """What the blames amount to, once the ordinary hello and the first blamed one have been sent again.
        Raises _NoControl.
        """
        self._check_control()
        first = blames[0]
        if self._send(first.variant).is_answered:
            return f"answers a hello {first.variant.words} only at times"
        return _words(blames)

    def is_controlled(self) -> bool:
        """Send the control; whether it is answered."""
        return self._send(self._control).is_answered

    def shown(self, blames: Sequence[Blame]) -> tuple[Probe, ...]:
        """The probes, with the transcripts of the control and of what is blamed."""
        shown = {blame.variant.words for blame in blames} | {self._control.words}
        return tuple(each if each.hello in shown else _without_transcript(each) for each in self.probes)

    def _check_control(self) -> None:
        self._is_controlled = True
        answer = self._send(self._control)
        if not answer.is_answered:
            raise _NoControl(answer.reason)

    def _send(self, variant: Variant) -> Answer:
        player = structs.replace(self._meeting.player, hellos=(PlayedHello(variant.hello),))
        (attempt,) = structs.replace(self._meeting, player=player).connect().attempts
        self.probes.append(Probe(variant.words, attempt))
        return Answer(attempt.failure is None, attempt.failure, attempt.segment_size)


def _foretell(client: Player, server: ServerFacts, hello: HelloTemplate) -> Answer:
    prediction = predict(structs.replace(client, hellos=(PlayedHello(hello),)), server)
    if prediction is None:
        raise _Undecided
    return Answer(prediction.outcome is not Outcome.FAILS, prediction.reason)


def _words(blames: Sequence[Blame]) -> str:
    return "; it ".join(blame.words for blame in blames)


def _with_blame(reason: Reason | None, words: str) -> Reason | None:
    return reason and dataclasses.replace(reason, detail=dataclasses.replace(reason.detail, blame=words))


def _without_transcript(probe: Probe) -> Probe:
    """What only found a boundary: a hello of 40 kB need not be kept sixteen times."""
    bare = dataclasses.replace(probe.attempt, transcript=(), left_out=None)
    return structs.replace(probe, attempt=bare)
