"""The search for what a server minds: from one hello that fails and one that gets through.

Each step asks a hello that divides what is still possible, until no hello that can be made, and none of a
known client, divides it. Single features come first, then sums and pairs; where they explain nothing, the
failing hello is shrunk, and threes are tried as well. What is left is doubted in turn: without it the failing
hello must get through, with it the other one must fail; a length is bounded; a body is varied; and it is held
against itself together with anything else that all failing hellos have. The search asks nothing itself: it is
a generator that gives hellos and takes answers.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import chain

from msgspec import Struct

from handshake.errors import LocalError
from handshake.features import Feature, FirstFlight
from handshake.features.any_cipher_suite import AnyCipherSuite
from handshake.features.arguments import NumbersFeature
from handshake.features.cipher_suite import CipherSuite
from handshake.features.cipher_suite_family import CipherSuiteFamily
from handshake.features.extension import Extension
from handshake.features.extension_block import ExtensionBlock
from handshake.features.flight import flight_of
from handshake.features.negation import Negation
from handshake.hello_template import HelloTemplate
from handshake.wire.registry import ProtocolVersion
from matrix.explain.alike import merged
from matrix.explain.candidates import changes, groups, with_, without
from matrix.explain.doubts import DOUBTS, chosen_from, opened, resized
from matrix.explain.hypotheses import Hypothesis, Universe, is_numeric
from matrix.explain.order import hidden_by, past_by_order
from matrix.explain.rank import rank
from matrix.explain.shrinking import shrunk
from matrix.explain.sums import LEAST, is_none_of_several
from matrix.explain.trial import Answer, Trial, Trials

Asking = Generator[Sequence[HelloTemplate], Sequence[Answer], "Found"]
_MAY_BE_MISSED: tuple[type[Feature], ...] = (Extension, ExtensionBlock, CipherSuiteFamily)
"""What a server may miss, although it is neither in the hello that fails nor in the one that gets through."""
_MOST_WEIGHED = 300
"""Hypotheses that are weighed in one step; of more every n-th."""
_MOST_DOUBTED = 3
"""The likeliest hypotheses are doubted, not those far behind."""
_GOOD_ENOUGH = 0.3
"""A hello that leaves at most so much of the pool on its smaller side is taken without looking further."""
_ENUMERATED_AFTER = 25
"""Trials after which it is asked for one value after the other what the server takes."""
_FEW_SUITES = 3
_MOST_UNANSWERED = 12
_NO_COMMON_SUITE = "alert-handshake_failure"
"""RFC 5246 section 7.4.1.3."""
_UNANSWERABLE = 0.2
"""What a hello is worth that the server may refuse anyway, because nothing is left to choose."""


class Found(Struct, frozen=True):
    """What is still possible at the end, in groups of hypotheses that say the same of every known hello, the
    most likely first. `companions` are what every failing hello had besides the first of them, so that it was
    never seen to be innocent. `failing` is the hello that has failed because of it: that to be explained, or
    what is left of it where the server minds several things. `is_cut` is whether the search ended before its
    time, since no more could be asked.
    """

    failing: HelloTemplate
    causes: tuple[tuple[Hypothesis, ...], ...]
    companions: tuple[Feature, ...]
    trials: Trials
    is_cut: bool = False


class Earlier(Struct, frozen=True):
    """What a server looks for first: `reason` is what it says of a hello that has the cause."""

    cause: Hypothesis
    reason: str


class Search:
    """A search between two hellos whose answers are known; `most` trials at most. `known` are hellos of other
    clients, which may tell apart what no change of the two does; `made` makes of a changed hello the one that
    is really sent. `before` are causes that the server is known to look for before that which is searched: a
    hello with one of them says nothing, and is not asked.
    """

    def __init__(
        self,
        failing: HelloTemplate,
        passing: HelloTemplate,
        trials: Trials,
        most: int,
        known: Iterable[HelloTemplate] = (),
        made: Callable[[HelloTemplate], HelloTemplate] = lambda template: template,
        before: Sequence[Earlier] = (),
    ) -> None:
        self.trials = trials
        self.most = most
        self.failing, self.passing = failing, passing
        self._made = made
        self._known = tuple(known)
        self._before = before
        self._is_shrunk = False
        self._trusts_order = True
        flights = map(flight_of, self._known)
        absent = (each for flight in flights for kind in _MAY_BE_MISSED for each in kind.found_in(flight))
        self._absent = tuple(dict.fromkeys(absent))
        self._universe = Universe((trial.flight for trial in trials), self._absent)
        self._asked = {trial.template for trial in trials}
        self._weigh_what_failed_otherwise()

    def run(self) -> Asking:
        """Ask until nothing that can be asked divides what is possible, or the most is reached."""
        while len(self.trials) < self.most:
            possible = self._possible()
            if not possible and self.trials.by_order:  # the server may look for several things first
                self._trusts_order = False
                self.trials.by_order = 0
                continue
            if not possible and self._no_common_suite():
                question = self._first_new(self._with_suites_of_the_server())
                if question is None:
                    break
                yield from self._ask(question)
                continue
            if not possible and not self._is_shrunk:
                yield from self._shrink()
                continue
            question = self._question(possible)
            if question is None:
                break
            yield from self._ask(question)
        return self.found()

    def _ask(self, question: HelloTemplate) -> Generator[Sequence[HelloTemplate], Sequence[Answer], Trial]:
        self._asked.add(question)
        (answer,) = yield (question,)
        trial = self.trials.add(question, answer)
        self._weigh_what_failed_otherwise()
        return trial

    def _weigh_what_failed_otherwise(self) -> None:
        if self._trusts_order:
            before = {each.reason for each in self._before}
            self.trials.by_order = past_by_order(self.trials, before)
        self._hidden_by = hidden_by(self.trials)

    def _shrink(self) -> Generator[Sequence[HelloTemplate], Sequence[Answer], None]:
        """Leave only one cause in the failing hello; from here on no other failing hello counts, since it may
        have failed because of another.
        """
        self._is_shrunk = True
        shrinking = shrunk(self.failing, self.passing, self.trials)
        try:
            question = next(shrinking)
            while len(self.trials) < self.most:
                trial = yield from self._ask(self._made(question))
                question = shrinking.send(trial.answer.is_like(self.trials.explained))
        except StopIteration as end:
            self.failing = end.value
        self.trials = self.trials.that_got_through()
        self.trials.add(self.failing, self.trials.explained)
        self._universe = Universe(map(flight_of, (self.failing, self.passing)), self._absent)
        self._weigh_what_failed_otherwise()

    def found(self) -> Found:
        """What is still possible."""
        possible = self._possible() or self._no_common_suite()
        flights = self._compared()
        causes = tuple(map(tuple, merged(possible, flights)))
        companions = (
            _that_can_be_absent(possible[0], self._companions(possible[0]), flights) if possible else ()
        )
        return Found(self.failing, causes, companions, self.trials, len(self.trials) >= self.most)

    def _no_common_suite(self) -> list[Hypothesis]:
        """Where the suites that a server takes depend on the version, no list of them explains every failure:
        of this one it may be that the hello has none of those that the server has chosen.
        """
        chosen = self._chosen_suites()
        is_so = len(chosen) >= LEAST and set(chosen).isdisjoint(self.failing.cipher_suites)
        if not is_so or not self._looks_like_no_common_suite():
            return []
        mended = self._made(with_(self.failing, [CipherSuite(code) for code in chosen]))
        if any(trial.template == mended for trial in self.trials.chosen(self.trials.failing)):
            return []
        return [Hypothesis((Negation(AnyCipherSuite(chosen)),))]

    def _with_suites_of_the_server(self) -> Iterator[HelloTemplate]:
        """The failing hello with all suites that the server has chosen, which must get through, and with all
        others that are known.
        """
        through = list(self.trials.chosen(self.trials.passing))
        offered = dict.fromkeys(code for trial in through for code in trial.flight.cipher_suites)
        chosen = self._chosen_suites()
        yield with_(self.failing, [CipherSuite(code) for code in chosen])
        yield with_(self.failing, [CipherSuite(code) for code in offered if code not in chosen])

    def _chosen_suites(self) -> tuple[int, ...]:
        """The suites that the server has chosen, in the order in which it was seen."""
        choices = (trial.answer.choice for trial in self.trials.chosen(self.trials.passing))
        return tuple(dict.fromkeys(choice.cipher_suite for choice in choices if choice is not None))

    def _compared(self) -> list[FirstFlight]:
        """The hellos that tell causes apart: those that were asked and those that are known, but for versions
        below any that the server was seen to choose.
        """
        chosen = [trial.answer.choice.version for trial in self.trials if trial.answer.choice is not None]
        lowest = min(chosen, default=0)
        flights = [*(trial.flight for trial in self.trials), *map(flight_of, self._known)]
        return [
            flight for flight in flights if lowest <= flight.hello.legacy_version <= ProtocolVersion.TLS_1_2
        ]

    def _possible(self) -> list[Hypothesis]:
        """What everything seen allows, of the simplest form of which anything is left. Where nothing is, what
        the hellos asked since then are made of may explain it.
        """
        found = self._simplest()
        if not found:
            self._universe = Universe((trial.flight for trial in self.trials), self._absent)
            found = self._simplest()
        return sorted(found, key=rank)

    def _simplest(self) -> list[Hypothesis]:
        universe, trials = self._universe, self.trials
        found = universe.singles(trials)
        found = found or [*universe.sums(trials), *universe.pairs(trials)]
        return found or (universe.triples(trials) if self._is_shrunk else [])

    def _companions(self, cause: Hypothesis) -> list[Hypothesis]:
        return self._universe.with_companions(cause, self.trials)

    def _question(self, possible: list[Hypothesis]) -> HelloTemplate | None:
        if len(possible) > 1:
            telling = self._first_new(opened(self, possible)) or self._enumerating(possible)
            best = telling or self._dividing(possible)
            if best is not None:
                return best
        for cause in possible[:_MOST_DOUBTED]:
            doubts = chain(*(doubt(self, cause) for doubt in DOUBTS))
            question = self._first_new(doubts) or self._stripped(cause)
            if question is not None:
                return question
        return None

    def _enumerating(self, possible: list[Hypothesis]) -> HelloTemplate | None:
        """The next hello that shows what the server takes, where that may be all that it minds: at once for a
        hello of few suites that is refused for want of a common one, else only where a family of suites or
        two do not explain it.
        """
        is_late = len(self.trials) > _ENUMERATED_AFTER
        has_few = len(self.failing.cipher_suites) <= _FEW_SUITES and self._looks_like_no_common_suite()
        may_miss = any(len(each.parts) == 1 and is_none_of_several(each.parts[0]) for each in possible)
        return self._first_new(chosen_from(self)) if (is_late or has_few) and may_miss else None

    def _first_new(self, templates: Iterator[HelloTemplate]) -> HelloTemplate | None:
        return next((each for each, _ in self._new(templates)), None)

    def _dividing(self, possible: list[Hypothesis]) -> HelloTemplate | None:
        """A hello that divides the hypotheses as evenly as may be."""
        weighed = possible[:: max(len(possible) // _MOST_WEIGHED, 1)]
        parts = list(dict.fromkeys(part for each in weighed for part in each.parts))
        features = [part for part in parts if not is_numeric(part) or _is_remainder(part)]

        def score(flight: FirstFlight) -> float:
            held = sum(each.holds(flight) for each in weighed)
            return min(held, len(weighed) - held) / len(weighed)

        changed = changes(self.failing_bases(), self.passing_bases(), features)
        sizes = (each for cause in weighed for each in resized(self, cause))
        best = self._best(chain(changed, sizes), score)
        return best or (self._best(iter(self._known), score) if self._is_answered() else None)

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
        if self._is_answered():
            yield from self._known

    def _best(
        self, templates: Iterator[HelloTemplate], score: Callable[[FirstFlight], float]
    ) -> HelloTemplate | None:
        best, best_score = None, 0.0
        for template, flight in self._new(templates):
            worth = score(flight)
            if worth and (not self._can_be_answered(flight) or self._is_hidden(flight)):
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
            if made not in self._asked and not any(each.cause.holds(flight) for each in self._before):
                yield made, flight

    def _can_be_answered(self, flight: FirstFlight) -> bool:
        """Whether the hello still offers a suite that the server has chosen from one that got through."""
        return any(
            trial.answer.choice is not None and trial.answer.choice.cipher_suite in flight.cipher_suites
            for trial in self.trials.chosen(self.trials.passing)
        )

    def _is_hidden(self, flight: FirstFlight) -> bool:
        """Whether it is likely to fail in another way, which says nothing."""
        return any(all(cause.present(flight) for cause in causes) for causes in self._hidden_by)

    def _dares(self) -> bool:
        """Whether a hello may be asked that the server may refuse for want of a common suite: a few times,
        and not where the failure looks just like that.
        """
        return self._is_answered() and not self._looks_like_no_common_suite()

    def _looks_like_no_common_suite(self) -> bool:
        return self.trials.explained.reason.endswith(_NO_COMMON_SUITE)

    def _is_answered(self) -> bool:
        """Whether most hellos have not been refused for another reason, which says nothing."""
        return len(self.trials) - self.trials.known.bit_count() < _MOST_UNANSWERED

    def failing_bases(self) -> list[HelloTemplate]:
        """The failing hello, and the newest other one that fails."""
        return self._bases(self.failing, self.trials.failing)

    def passing_bases(self) -> list[HelloTemplate]:
        """The hello that gets through, and the newest other one that does."""
        return self._bases(self.passing, self.trials.passing)

    def _bases(self, first: HelloTemplate, bits: int) -> list[HelloTemplate]:
        newest = [trial.template for trial in self.trials.chosen(bits)][-1:]
        return list(dict.fromkeys((first, *newest)))


def _is_remainder(part: Feature) -> bool:
    return isinstance(part, NumbersFeature) and part.numbers.modulus > 1


def _that_can_be_absent(
    cause: Hypothesis, companions: Sequence[Hypothesis], flights: Sequence[FirstFlight]
) -> tuple[Feature, ...]:
    """Of what all failing hellos have besides the cause, that which not every known hello with it has."""
    having = [flight for flight in flights if cause.holds(flight)]
    others = [each.parts[-1] for each in companions]
    return tuple(each for each in others if not all(each.present(flight) for flight in having))
