"""The search for what a server minds: from one hello that fails and one that gets through.

Each step asks a hello that divides what is still possible, until no hello that can be made divides it. Single
features come first. When one is left, it is held against itself together with anything else that all failing
hellos have; when none is left, pairs are tried. The search asks nothing itself: it is a generator that gives
hellos and takes answers.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from handshake.errors import LocalError
from handshake.features import Feature, FirstFlight
from handshake.features.arguments import NumbersFeature
from handshake.features.numbers import Numbers
from handshake.features.flight import flight_of
from handshake.hello_template import HelloTemplate
from matrix.explain.candidates import changes, groups, with_, without
from matrix.explain.hypotheses import MEASURES, OPEN_END, Hypothesis, Joint, Universe, is_numeric
from matrix.explain.rank import rank
from matrix.explain.trial import Answer, Trials

Asking = Generator[Sequence[HelloTemplate], Sequence[Answer], "Found"]
_MOST_WEIGHED = 400
"""Hypotheses that are weighed in one step; of more every n-th."""
_GOOD_ENOUGH = 0.3
"""A hello that leaves at most so much of the pool on its smaller side is taken without looking further."""
_UNANSWERABLE = 0.2
"""What a hello is worth that the server may refuse anyway, because nothing is left to choose."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is still possible at the end, the most likely first; no hello tells these apart.

    `companions` are what every failing hello had besides, so that it was never seen to be innocent.
    """

    hypotheses: tuple[Hypothesis, ...]
    companions: tuple[Hypothesis, ...]
    trials: Trials


class Search:
    """A search between two hellos whose answers are known; `most` trials at most."""

    def __init__(self, failing: HelloTemplate, passing: HelloTemplate, trials: Trials, most: int) -> None:
        self.trials = trials
        self.most = most
        self._failing, self._passing = failing, passing
        self._universe = Universe((flight_of(failing), flight_of(passing)))
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
        possible = self._possible()
        return Found(tuple(possible), tuple(self._companions(possible)), self.trials)

    def _possible(self) -> list[Hypothesis]:
        singles = self._universe.singles(self.trials)
        return sorted(singles or self._universe.pairs(self.trials), key=rank)

    def _companions(self, possible: Sequence[Hypothesis]) -> list[Hypothesis]:
        return self._universe.with_companions(possible[0], self.trials) if possible else []

    def _question(self, possible: list[Hypothesis]) -> HelloTemplate | None:
        if not possible:
            return None
        if len(possible) > 1 and (best := self._opening(possible) or self._dividing(possible)) is not None:
            return best
        cause = possible[0]
        return self._proving(cause) or self._bounding(cause) or self._stripped(cause)

    def _proving(self, cause: Hypothesis) -> HelloTemplate | None:
        """The hello that fails less the cause, which must get through, and the other one with it."""
        parts = cause.parts
        if cause.joint is Joint.ALL:
            made = [with_(self._passing, parts), *(without(self._failing, (part,)) for part in parts)]
        else:
            made = [without(self._failing, parts), *(with_(self._passing, (part,)) for part in parts)]
        return next((each for each in made if each not in self._asked), None)

    def _bounding(self, cause: Hypothesis) -> HelloTemplate | None:
        """A hello between a length, or count, that fails and the nearest one that gets through."""
        return next((each for part in cause.parts for each in self._resizings(part)), None)

    def _resizings(self, part: Feature) -> Iterator[HelloTemplate]:
        """Hellos of another length, or count, each half way from those that fail to one that gets through."""
        if not isinstance(part, NumbersFeature) or type(part) not in MEASURES or part.numbers.modulus > 1:
            return
        kind, measure = type(part), MEASURES[type(part)]
        low, high = part.numbers.low, part.numbers.high
        values = {measure(trial.flight) for trial in self.trials.chosen(self.trials.passing)}
        below = max((value for value in values if value < low), default=-1)
        between = [(below + low) // 2] if below >= 0 else []
        if high is not None:
            above = min((value for value in values if value > high), default=OPEN_END * high + 2)
            between.append((high + above) // 2)
        for value in between:
            if value in (below, high):
                continue
            for base in (*self._failing_bases(), *self._passing_bases()):
                changed = with_(base, (kind(Numbers(value, value)),))
                if changed not in self._asked and measure(flight_of(changed)) == value:
                    yield changed

    def _opening(self, possible: Sequence[Hypothesis]) -> HelloTemplate | None:
        """A hello so much longer that it tells a range of lengths, or counts, from one without an end."""
        for part in (each.parts[0] for each in possible if len(each.parts) == 1):
            if type(part) not in MEASURES or part.numbers.modulus > 1 or part.numbers.high is None:
                continue
            kind, low = type(part), part.numbers.low
            if not low or Hypothesis((kind(Numbers(low, None)),)) not in possible:
                continue
            longer = with_(self._passing, (kind(Numbers(OPEN_END * low, OPEN_END * low)),))
            if longer not in self._asked and MEASURES[kind](flight_of(longer)) == OPEN_END * low:
                return longer
        return None

    def _dividing(self, possible: Sequence[Hypothesis]) -> HelloTemplate | None:
        """A hello that divides the hypotheses as evenly as may be."""
        weighed = possible[:: max(len(possible) // _MOST_WEIGHED, 1)]
        parts = list(dict.fromkeys(part for each in weighed for part in each.parts))
        features = [part for part in parts if not is_numeric(part) or part.numbers.modulus > 1]
        resizings = (each for part in parts for each in self._resizings(part))

        def score(flight: FirstFlight) -> float:
            held = sum(each.holds(flight) for each in weighed)
            return min(held, len(weighed) - held) / len(weighed)

        changed = changes(self._failing_bases(), self._passing_bases(), features)
        return self._first_good(chain(changed, resizings), score)

    def _stripped(self, cause: Hypothesis) -> HelloTemplate | None:
        """A hello that has the cause, and as little as may be of what each failing hello has had with it."""
        companions = self._companions((cause,))
        if not companions:
            return None
        others = [each.parts[-1] for each in companions]

        def score(flight: FirstFlight) -> float:
            return sum(not each.present(flight) for each in others) / len(others) * cause.holds(flight)

        return self._first_good(self._strippings(cause, others), score)

    def _strippings(self, cause: Hypothesis, others: Sequence) -> Iterator[HelloTemplate]:
        def is_allowed(flight: FirstFlight) -> bool:
            return cause.holds(flight) and self._can_be_answered(flight)

        yield with_(self._passing, cause.parts)
        for base in self._failing_bases()[-1:]:
            yield without(base, others, is_allowed)
            for group in groups(others):
                yield without(base, group, is_allowed)

    def _first_good(
        self, templates: Iterator[HelloTemplate], score: Callable[[FirstFlight], float]
    ) -> HelloTemplate | None:
        best, best_score = None, 0.0
        for template in templates:
            if template in self._asked:
                continue
            try:
                flight = flight_of(template)
            except LocalError:  # it does not fit into a hello
                continue
            worth = score(flight)
            if worth and not self._can_be_answered(flight):
                worth *= _UNANSWERABLE
            if worth > best_score:
                best, best_score = template, worth
            if best_score >= _GOOD_ENOUGH:
                break
        return best

    def _can_be_answered(self, flight: FirstFlight) -> bool:
        """Whether the hello still offers a suite that the server has chosen from one that got through."""
        return any(
            trial.answer.choice is not None and trial.answer.choice.cipher_suite in flight.cipher_suites
            for trial in self.trials.chosen(self.trials.passing)
        )

    def _failing_bases(self) -> list[HelloTemplate]:
        return self._bases(self._failing, self.trials.failing)

    def _passing_bases(self) -> list[HelloTemplate]:
        return self._bases(self._passing, self.trials.passing)

    def _bases(self, first: HelloTemplate, bits: int) -> list[HelloTemplate]:
        newest = [trial.template for trial in self.trials.chosen(bits)][-1:]
        return list(dict.fromkeys((first, *newest)))
