"""One explanation from the first question to the proof.

The failing hello is asked several times, since a server that answers the same bytes in different ways cannot
be explained. A hello that gets through is looked for among those of all clients, and the search starts from
these two. What it finds is proved with two hellos that differ in that one thing. Where a hello without the
cause fails in another way, the server minds a second thing, which is explained as well.
"""

import time
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from clients.player import Player
from handshake.features.arguments import NumbersFeature
from handshake.hello_template import HelloTemplate
from matrix.explain.asking import (
    AT_ONCE,
    MOST_AT_ONCE,
    WITHOUT_RULES,
    Asker,
    ProbesSpent,
    as_usual,
    ends_first_handshake,
    ends_late,
    is_own_rule,
    is_unreachable,
)
from matrix.explain.candidates import rid_of
from matrix.explain.choices import choices
from matrix.explain.control import CONTROL_AFTER, PAUSE_SECONDS, Control, Disturbance, rate_of_failures
from matrix.explain.hypotheses import Hypothesis
from matrix.explain.nearest import MOST_TRIED, Nearest
from matrix.explain.proof import REPEATS, Proof, nearest_pair, prove, smallest_changes
from matrix.explain.result import MOST_TOLD, Explanation, Kind
from matrix.explain.search import Earlier, Found, Search
from matrix.explain.trial import Answer, Trials
from matrix.scenarios import CONNECT

REFUSING_STATUS = 400
"""RFC 9110 section 15.5."""
MOST_PROBES = 200
"""Connections that an explanation makes unless another number is asked for; most need a fifth of them."""
_SILENT = ":timeout"
_NOTHING_SAID = ("timeout", "fin", "reset")
_NOT_TLS = "server-hello:protocol-error-not-tls"
_KEPT = 30
"""Connections that are kept for controls and the proof."""
_MOST_CAUSES_IN_TURN = 5
"""Things that one server is asked about, each in a hello without those before."""


class Terms(Struct, frozen=True):
    """How much is asked: `most_probes` connections, and how a pause is made."""

    most_probes: int = MOST_PROBES
    pause: Callable[[float], None] = time.sleep
    pause_seconds: float = PAUSE_SECONDS


def explain(
    client: Player, clients: Mapping[str, Player], asker: Asker, terms: Terms | None = None
) -> Explanation:
    """Find what of `client`'s first hello the server minds; `clients` are those that may get through."""
    return _Explaining(client, clients, asker, terms or Terms()).run()


class _Explaining:
    """One explanation in progress."""

    def __init__(self, client: Player, clients: Mapping[str, Player], asker: Asker, terms: Terms) -> None:
        self._client = client
        self._asker = asker
        self._terms = terms
        self._failing = asker.sent(client.hellos[0].template)
        self._hellos = {name: asker.sent(player.hellos[0].template) for name, player in clients.items()}
        self._answers: dict[HelloTemplate, Answer] = {}
        self._passing_by: tuple[str, HelloTemplate, Answer] | None = None
        self._before: list[Earlier] = []
        self._asked_before = 0
        self._trials: Trials | None = None

    def run(self) -> Explanation:
        """Ask until there is an explanation, or there is none."""
        self._asker.most = self._terms.most_probes
        try:
            return self._run()
        except ProbesSpent:
            explained = Answer(False) if self._trials is None else self._trials.explained
            return self._ended(Kind.SPENT, explained)

    def _run(self) -> Explanation:
        asker, failing = self._asker, self._failing
        asker.player = replace(self._client, hellos=())
        first = asker.ask(failing)
        if is_unreachable(first):
            return self._ended(Kind.UNREACHABLE, first)
        self._trials = Trials(first)
        self._trials.add(failing, first)
        if asker.scenario.makes_probes:  # it has asked what there is to ask
            return self._ended(Kind.PASSES if first.passes else Kind.SCENARIO, first)
        first = self._without_scenario(first)
        is_refused_page = first.passes and (first.status or 0) >= REFUSING_STATUS
        if first.passes and not is_refused_page:
            return self._passing(first)
        rule = is_own_rule(first) and self._gets_through_without_rule()
        if rule:
            return self._explained(first, rule=True)
        seen = self._as_the_server_sees_it(first)
        if seen.passes and not is_refused_page:  # it was the client's own doing after all
            return self._passing(seen)
        is_again = seen.is_like(first) and seen.status == first.status
        return self._explained(seen, times=2 if is_again else 1)

    def _without_scenario(self, first: Answer) -> Answer:
        """What ends the first handshake has nothing to do with what was to come after it: from here on that
        handshake alone is asked for, if it fails alike.
        """
        asker, scenario = self._asker, self._asker.scenario
        if scenario is CONNECT or first.passes or not ends_first_handshake(first):
            return first
        asker.scenario = CONNECT
        answer = asker.ask(self._failing)
        if answer.is_like(first):
            return answer
        asker.scenario = scenario
        return first

    def _as_the_server_sees_it(self, first: Answer) -> Answer:
        """From here on no rule of the client counts. A page is asked for only where it matters."""
        asker = self._asker
        if asker.scenario is CONNECT:
            asker.player = WITHOUT_RULES
            asker.asks_for_page = first.passes or ends_late(first)
        return asker.ask(self._failing)

    def _gets_through_without_rule(self) -> bool:
        own, self._asker.player = self._asker.player, WITHOUT_RULES
        answer = self._asker.ask(self._failing)
        self._asker.player = own
        return answer.passes

    def _passing(self, first: Answer) -> Explanation:
        again = [self._asker.ask(self._failing) for _ in range(REPEATS - 1)]
        if all(answer.passes for answer in again):
            return self._ended(Kind.PASSES, first)
        return self._otherwise(next(answer for answer in again if not answer.passes))

    def _explained(self, first: Answer, *, times: int = 1, rule: bool = False) -> Explanation:
        """Explain the failing hello, which has been answered in this way so many times."""
        self._trials = trials = Trials(first)
        for template, answer in self._answers.items():
            trials.add(template, answer)
        nearest = self._passing_by or self._nearest(first, trials)
        if nearest is None:
            if self._failing not in self._answers:
                trials.add(self._failing, first)
            kind = Kind.PASSES if first.passes else Kind.OWN_RULE if rule else _all_fail(trials)
            return self._disturbed_meanwhile(first, trials) or replace(
                self._ended(kind, first, trials), rule=rule
            )
        name, passing, answer = nearest
        if first.passes:  # the server answers with an HTTP status that refuses
            self._asker.usual_status = answer.status
            first = as_usual(first, answer.status)
            self._trials = trials = Trials(first)
            trials.add(passing, answer)
        if any(not self._asker.ask(self._failing).is_like(first) for _ in range(REPEATS - times)):
            return self._otherwise(first)
        if self._failing not in self._answers:
            trials.add(self._failing, first)
        control = Control(self._asker, passing, self._terms.pause, self._terms.pause_seconds)
        found = self._searched(trials, passing, control)
        proof = self._proved(found, first, passing)
        if isinstance(found, Found) and proof is None:
            found = control.disturbance() or found
        if isinstance(found, Found) and proof is None and first.reason.endswith(_SILENT):
            found = self._searched(self._looked_again(found), passing, control)
            proof = self._proved(found, first, passing)
        if isinstance(found, Disturbance):
            return self._disturbed(found, first, passing, trials)
        self._passing_by = nearest
        told = self._told(found, proof, first, name, rule=rule)
        if not found.causes:
            return told
        cause = found.causes[0][0]
        mends, breaks = smallest_changes(cause, found.failing, passing, found.trials, self._asker)
        return replace(told, mends=mends, breaks=breaks)

    def _disturbed_meanwhile(self, first: Answer, trials: Trials) -> Explanation | None:
        """Where no hello got through, there is no control: the one that failed at first is asked again."""
        again = self._asker.ask_all([self._failing] * (REPEATS - 1))
        return None if all(answer.is_like(first) for answer in again) else self._otherwise(first, trials)

    def _proved(self, found: Found | Disturbance, first: Answer, passing: HelloTemplate) -> Proof | None:
        if isinstance(found, Disturbance) or not found.causes:
            return None
        return prove(found.causes[0][0], found.failing, passing, self._asker, first, found.trials)

    def _looked_again(self, found: Found) -> Trials:
        """What a busy machine may have taken for silence is asked again, with all the time there is."""
        self._asker.be_patient()
        silent = list(found.trials.chosen(found.trials.failing))
        answers = self._asker.ask_all([trial.template for trial in silent])
        again = {trial.template: answer for trial, answer in zip(silent, answers, strict=True)}
        trials = Trials(found.trials.explained)
        for trial in found.trials:
            trials.add(trial.template, again.get(trial.template, trial.answer))
        return trials

    def _told(
        self, found: Found, proof: Proof | None, first: Answer, name: str, *, rule: bool
    ) -> Explanation:
        """Tell what was found and proved, and what comes behind it."""
        ended = replace(
            self._ended(Kind.NONE, first, found.trials),
            nearest=name,
            rule=rule,
            causes=found.causes,
            is_cut=found.is_cut,
        )
        if not found.causes:
            is_told = choices(found.trials) is not None
            kind = Kind.CHOICE if is_told else Kind.OWN_RULE if rule else Kind.NONE
            return replace(ended, kind=kind, proof=nearest_pair(found.trials), probes=self._asker.asked)
        if proof is None:
            later = self._asker.ask(self._failing)
            if not later.is_like(first):
                return self._otherwise(first, found.trials)
        here = self._asker.asked - self._asked_before
        self._asked_before = self._asker.asked
        then = self._then(found, first) if proof is not None else None
        is_one = len(found.causes) == 1 and proof is not None
        return replace(
            ended,
            kind=Kind.ONE if is_one else Kind.SEVERAL,
            proof=proof or nearest_pair(found.trials),
            companions=found.companions,
            then=then,
            probes=self._asker.asked,
            probes_here=here,
        )

    def _then(self, found: Found, first: Answer) -> Explanation | None:
        """What the server has against the hello once the cause is out of it."""
        cause = found.causes[0][0]
        bare = self._asker.sent(rid_of(self._failing, cause.parts))
        self._before.append(Earlier(cause, first.reason))
        if bare == self._failing or len(self._before) == _MOST_CAUSES_IN_TURN:
            return None
        answered = {trial.template: trial.answer for trial in found.trials if not cause.holds(trial.flight)}
        self._answers |= answered
        answer = self._answers.get(bare) or self._asker.ask(bare)
        if answer.passes:
            return None
        self._failing = bare
        spent = Explanation(Kind.SPENT, answer, self._terms.most_probes)
        try:
            then = self._explained(answer)
        except ProbesSpent:
            return spent
        if then.is_cut and then.kind is not Kind.ONE:
            return spent
        is_told = (then.kind is Kind.ONE and not _is_one_size(then.causes[0][0])) or (
            then.kind is Kind.SEVERAL and len(then.causes) <= MOST_TOLD
        )
        return then if is_told else None

    def _nearest(self, first: Answer, trials: Trials) -> tuple[str, HelloTemplate, Answer] | None:
        """A hello of another client that gets through; the trials get what was asked on the way."""
        order = Nearest(self._failing, self._hellos)
        at_once = AT_ONCE if first.reason.endswith(_SILENT) else 1
        left = min(MOST_TRIED, self._terms.most_probes - self._asker.asked - (REPEATS - 1))
        while left > 0 and (batch := order.next(min(at_once, left))):
            left -= len(batch)
            answers = self._asker.ask_all([template for _, template in batch])
            for (name, template), answer in zip(batch, answers, strict=True):
                if answer.is_like(first):
                    order.failed(name)
                trials.add(template, answer)
            at_once = MOST_AT_ONCE if at_once > 1 else 1
            for (name, template), answer in zip(batch, answers, strict=True):
                if answer.passes and (not first.passes or answer.status != first.status):
                    return name, template, answer
        return None

    def _searched(self, trials: Trials, passing: HelloTemplate, control: Control) -> Found | Disturbance:
        """Do the search; what disturbs it, where the control no longer gets through."""
        asker = self._asker
        kept = min(_KEPT, self._terms.most_probes // 3)
        most = max(self._terms.most_probes - asker.asked - kept, 0) + len(trials)
        known = self._hellos.values()
        search = Search(self._failing, passing, trials, most, known, asker.sent, self._before)
        asking = search.run()
        since = 0
        try:
            questions: Sequence[HelloTemplate] | None = next(asking, None)
            while questions is not None:
                answers = asker.ask_all(questions)
                since += len(answers)
                if since >= CONTROL_AFTER or any(map(is_unreachable, answers)):
                    since = 0
                    if (disturbance := control.disturbance()) is not None:
                        return disturbance
                questions = asking.send(answers)
        except StopIteration as end:
            found: Found = end.value
            return found
        return search.found()

    def _otherwise(self, answer: Answer, trials: Trials | None = None) -> Explanation:
        """The failing hello is answered otherwise than before: the server is down, flaky, or has changed."""
        if is_unreachable(self._asker.ask(self._failing)):
            return self._ended(Kind.DOWN, answer, trials)
        rate = rate_of_failures(self._asker, self._failing)
        if rate in (0, 1):  # it answered in two ways, and now in one
            return self._ended(Kind.CHANGED, answer, trials)
        return replace(self._ended(Kind.FLAKY, answer, trials), rate=rate)

    def _disturbed(
        self, disturbance: Disturbance, first: Answer, passing: HelloTemplate, trials: Trials
    ) -> Explanation:
        rate = rate_of_failures(self._asker, passing) if disturbance is Disturbance.FLAKY else None
        return replace(self._ended(Kind(disturbance.value), first, trials), rate=rate)

    def _ended(self, kind: Kind, answer: Answer, trials: Trials | None = None) -> Explanation:
        return Explanation(kind, answer, self._asker.asked, trials=trials or self._trials)


def _all_fail(trials: Trials) -> Kind:
    """How it is called that no hello gets through."""
    said = {t.answer.reason for t in trials if t.answer.reason.partition(":")[2] not in _NOTHING_SAID}
    return Kind.NOT_TLS if said == {_NOT_TLS} else Kind.ALL_FAIL


def _is_one_size(cause: Hypothesis) -> bool:
    """Whether it is a length, or a count, of one value alone: what a few hellos have in common by chance."""
    numbers = [part.numbers for part in cause.parts if isinstance(part, NumbersFeature)]
    return any(each.low == each.high for each in numbers)
