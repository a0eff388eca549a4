"""The search for what a server minds: from one hello that fails and one that gets through.

Each step asks a hello that divides what is still possible, until no hello that can be made, and none of a
known client, divides it. Single features come first, then sums and pairs, then threes. What is left is doubted
in turn: without it the failing hello must get through, with it the other one must fail; a length is bounded; a
body is varied; and it is held against itself together with anything else that all failing hellos have. The
search asks nothing itself: it is a generator that gives hellos and takes answers.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from handshake.errors import LocalError
from handshake.features import Feature, FirstFlight
from handshake.features.flight import flight_of
from handshake.hello_template import HelloTemplate
from matrix.explain.alike import merged
from matrix.explain.candidates import changes, groups, with_, without
from matrix.explain.doubts import DOUBTS, opened, resized
from matrix.explain.hypotheses import Hypothesis, Universe, is_numeric
from matrix.explain.rank import rank
from matrix.explain.trial import Answer, Trials

Asking = Generator[Sequence[HelloTemplate], Sequence[Answer], "Found"]
_MOST_WEIGHED = 300
"""Hypotheses that are weighed in one step; of more every n-th."""
_MOST_DOUBTED = 3
"""The likeliest hypotheses are doubted, not those far behind."""
_GOOD_ENOUGH = 0.3
"""A hello that leaves at most so much of the pool on its smaller side is taken without looking further."""
_MOST_UNANSWERED = 12
_NO_COMMON_SUITE = "alert-handshake_failure"
"""RFC 5246 section 7.4.1.3."""
_UNANSWERABLE = 0.2
"""What a hello is worth that the server may refuse anyway, because nothing is left to choose."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is still possible at the end, in groups of hypotheses that say the same of every known hello, the
    most likely first. `companions` are what every failing hello had besides the first of them, so that it was
    never seen to be innocent.
    """

    causes: tuple[tuple[Hypothesis, ...], ...]
    companions: tuple[Feature, ...]
    trials: Trials


class Search:
    """A search between two hellos whose answers are known; `most` trials at most. `known` are hellos of other
    clients, which may tell apart what no change of the two does; `made` makes of a changed hello the one that
    is really sent.
    """

    def __init__(
        self,
        failing: HelloTemplate,
        passing: HelloTemplate,
        trials: Trials,
        most: int,
        known: Iterable[HelloTemplate] = (),
        made: Callable[[HelloTemplate], HelloTemplate] = lambda template: template,
    ) -> None:
        self.trials = trials
        self.most = most
        self.failing, self.passing = failing, passing
        self._made = made
        self._known = tuple(known)
        self._universe = Universe(trial.flight for trial in trials)
        self._asked = {trial.template for trial in trials}

    def run(self) -> Asking:
        """Ask until nothing that can be asked divides what is possible, or the most is reached."""
        while len(self.trials) < self.most:
            question = self._question(self._possible())
            if question is None:
                break
            self._asked.add(question)
            (answer,) = yield (question,)
            self.trials.add(question, answer)
        return self.found()

    def found(self) -> Found:
        """What is still possible."""
        possible = self._possible()
        flights = [*(trial.flight for trial in self.trials), *map(flight_of, self._known)]
        causes = tuple(map(tuple, merged(possible, flights)))
        companions = self._companions(possible[0]) if possible else []
        return Found(causes, tuple(each.parts[-1] for each in companions), self.trials)

    def _possible(self) -> list[Hypothesis]:
        universe, trials = self._universe, self.trials
        found = universe.singles(trials)
        found = found or [*universe.sums(trials), *universe.pairs(trials)]
        return sorted(found or universe.triples(trials), key=rank)

    def _companions(self, cause: Hypothesis) -> list[Hypothesis]:
        return self._universe.with_companions(cause, self.trials)

    def _question(self, possible: list[Hypothesis]) -> HelloTemplate | None:
        if len(possible) > 1:
            best = self._first_new(opened(self, possible)) or self._dividing(possible)
            if best is not None:
                return best
        for cause in possible[:_MOST_DOUBTED]:
            doubts = chain(*(doubt(self, cause) for doubt in DOUBTS))
            question = self._first_new(doubts) or self._stripped(cause)
            if question is not None:
                return question
        return None

    def _first_new(self, templates: Iterator[HelloTemplate]) -> HelloTemplate | None:
        return next((each for each, _ in self._new(templates)), None)

    def _dividing(self, possible: list[Hypothesis]) -> HelloTemplate | None:
        """A hello that divides the hypotheses as evenly as may be."""
        weighed = possible[:: max(len(possible) // _MOST_WEIGHED, 1)]
        parts = list(dict.fromkeys(part for each in weighed for part in each.parts))
        features = [part for part in parts if not is_numeric(part) or part.numbers.modulus > 1]

        def score(flight: FirstFlight) -> float:
            held = sum(each.holds(flight) for each in weighed)
            return min(held, len(weighed) - held) / len(weighed)

        changed = changes(self.failing_bases(), self.passing_bases(), features)
        sizes = (each for cause in weighed for each in resized(self, cause))
        return self._best(chain(changed, sizes), score) or self._best(iter(self._known), score)

    def _stripped(self, cause: Hypothesis) -> HelloTemplate | None:
        """A hello that has the cause, and as little as may be of what each failing hello has had with it."""
        others = [each.parts[-1] for each in self._companions(cause)]
        if not others:
            return None

        def score(flight: FirstFlight) -> float:
            return sum(not each.present(flight) for each in others) / len(others) * cause.holds(flight)

        return self._best(self._strippings(cause, others), score)

    def _strippings(self, cause: Hypothesis, others: Sequence[Feature]) -> Iterator[HelloTemplate]:
        def is_allowed(flight: FirstFlight) -> bool:
            return cause.holds(flight) and self._can_be_answered(flight)

        yield with_(self.passing, cause.parts)
        for allowed in (is_allowed, cause.holds) if self._dares() else (is_allowed,):
            for base in self.failing_bases()[::-1]:
                yield without(base, others, allowed)
                for group in groups(others):
                    yield without(base, group, allowed)

    def _best(
        self, templates: Iterator[HelloTemplate], score: Callable[[FirstFlight], float]
    ) -> HelloTemplate | None:
        best, best_score = None, 0.0
        for template, flight in self._new(templates):
            worth = score(flight)
            if worth and not self._can_be_answered(flight):
                worth *= _UNANSWERABLE
            if worth > best_score:
                best, best_score = template, worth
            if best_score >= _GOOD_ENOUGH:
                break
        return best

    def _new(self, templates: Iterator[HelloTemplate]) -> Iterator[tuple[HelloTemplate, FirstFlight]]:
        """Those that can be sent and have not been asked."""
        for template in templates:
            try:
                made = self._made(template)
                flight = flight_of(made)
            except LocalError:  # it does not fit into a hello
                continue
            if made not in self._asked:
                yield made, flight

    def _can_be_answered(self, flight: FirstFlight) -> bool:
        """Whether the hello still offers a suite that the server has chosen from one that got through."""
        return any(
            trial.answer.choice is not None and trial.answer.choice.cipher_suite in flight.cipher_suites
            for trial in self.trials.chosen(self.trials.passing)
        )

    def _dares(self) -> bool:
        """Whether a hello may be asked that the server may refuse for want of a common suite: a few times, and
        not where the failure looks just like that.
        """
        refused = len(self.trials) - self.trials.known.bit_count()
        return refused < _MOST_UNANSWERED and not self.trials.explained.reason.endswith(_NO_COMMON_SUITE)

    def failing_bases(self) -> list[HelloTemplate]:
        """The failing hello, and the newest other one that fails."""
        return self._bases(self.failing, self.trials.failing)

    def passing_bases(self) -> list[HelloTemplate]:
        """The hello that gets through, and the newest other one that does."""
        return self._bases(self.passing, self.trials.passing)

    def _bases(self, first: HelloTemplate, bits: int) -> list[HelloTemplate]:
        newest = [trial.template for trial in self.trials.chosen(bits)][-1:]
        return list(dict.fromkeys((first, *newest)))
