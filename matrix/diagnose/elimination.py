"""What may be the cause, after everything that was seen: the elimination of `matrix.explain.hypotheses`, with
rows of observations as its trials.

A hypothesis stands as long as it is true of every hello that failed, and not of every hello with which a
client may have got through. Where only rows speak against it of which nobody is sure, it is kept apart, with
these rows. Rows that say opposite things of the same hello are about something else than hellos, so neither
of them counts. Pure.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import combinations
from math import comb

from msgspec import Struct

from handshake.features import Feature, FirstFlight, differences, flight_of
from handshake.features.negation import Negation
from handshake.hello_template import HelloTemplate
from handshake.reason import Cause
from matrix.diagnose.rows import Row
from matrix.explain.hypotheses import Hypothesis, Universe
from matrix.explain.rank import rank
from matrix.explain.trial import Answer, Trials

CONFIDENCES = ("high", "medium", "low")
MOST_PAIRS_TRIED = 200_000
"""It takes a second or two; there are more where few hellos got through, and then they say little."""
_FAILED, _PASSED, _EITHER = Answer(False, "failed"), Answer(True), Answer(False, "either")


class LeftOut(Struct, frozen=True):
    """A row that says nothing here, and why: a sentence without its subject."""

    row: Row
    why: str


class Doubted(Struct, frozen=True):
    """A hypothesis, and the rows that speak against it."""

    hypothesis: Hypothesis
    against: tuple[Row, ...]

    @property
    def confidence(self) -> str:
        """How sure it is that it is ruled out: the best confidence of a row that somebody is sure of."""
        sure = [row.confidence for row in self.against if row.is_sure]
        return min(sure, key=CONFIDENCES.index, default="unsure")


class Diagnosis(Struct, frozen=True):
    """What is left. `possible` agree with every row, the simplest first; `doubtful` only if rows that nobody
    is sure of had another cause; `ruled_out` are features of hellos that failed which sure rows speak
    against. `pairs` are two features together, or either of two, that agree with every row although none of
    the two does alone, None where there were too many to try. `contradictions` are rows that say opposite
    things of the same hello. `without` has, where nothing is possible, what would be if one row were left
    out. `cause` is what the failure is about.
    """

    rows: tuple[Row, ...]
    cause: Cause | None
    possible: tuple[Hypothesis, ...] = ()
    doubtful: tuple[Doubted, ...] = ()
    ruled_out: tuple[Doubted, ...] = ()
    pairs: tuple[Hypothesis, ...] | None = ()
    contradictions: tuple[tuple[Row, Row], ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    without: tuple[tuple[Row, tuple[Hypothesis, ...]], ...] = ()

    @property
    def failing(self) -> list[Row]:
        """The rows that failed."""
        return [row for row in self.rows if not row.works]


def diagnose(rows: Sequence[Row]) -> Diagnosis:
    """Eliminate."""
    cause = _usual_cause(rows)
    useful, left_out = _told_apart(rows, cause)
    contradictions = tuple(_contradictions(useful))
    dropped = {id(row) for pair in contradictions for row in _not_counted(pair)}
    counted = [row for row in useful if id(row) not in dropped]
    if not any(not row.works for row in counted):
        return Diagnosis(tuple(counted), cause, contradictions=contradictions, left_out=tuple(left_out))
    board = _Board(counted)
    possible, doubtful, ruled_out = board.singles()
    without = () if possible or doubtful else board.without_one()
    return Diagnosis(
        tuple(counted),
        cause,
        tuple(possible),
        tuple(doubtful),
        tuple(ruled_out),
        board.pairs(possible),
        contradictions,
        tuple(left_out),
        without,
    )


def live(diagnosis: Diagnosis) -> list[Hypothesis]:
    """What the next client is chosen for: the single features that may be it, else the pairs."""
    doubtful = [each.hypothesis for each in diagnosis.doubtful]
    return [*diagnosis.possible, *doubtful] or list(diagnosis.pairs or ())


class _Board:
    """The rows as trials. Of a row that got through with one of several hellos each is a trial of its own,
    which alone says nothing.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self.trials = Trials(_FAILED)
        self._bits: list[int] = []
        for row in rows:
            answer = _FAILED if not row.works else _PASSED if len(row.hellos) == 1 else _EITHER
            first = len(self.trials)
            for hello in row.hellos:
                self.trials.add(hello, answer)
            self._bits.append((1 << len(self.trials)) - (1 << first))

    @cached_property
    def universe(self) -> Universe:
        """The features that the hellos are made of."""
        return Universe(trial.flight for trial in self.trials)

    def against(self, bits: int) -> tuple[Row, ...]:
        """The rows that speak against what is true of the trials with these bits."""
        return tuple(
            row for row, own in zip(self._rows, self._bits, strict=True) if (bits & own == own) is row.works
        )

    def singles(self) -> tuple[list[Hypothesis], list[Doubted], list[Doubted]]:
        """Single features: those that agree with all rows, with all sure ones, and those ruled out."""
        possible: list[Hypothesis] = []
        doubtful: list[Doubted] = []
        ruled_out: list[Doubted] = []
        for literal in self._literals():
            bits = self.trials.having(literal)
            against, hypothesis = self.against(bits), Hypothesis((literal,))
            if not against:
                possible.append(hypothesis)
            elif not any(row.is_sure for row in against):
                doubtful.append(Doubted(hypothesis, against))
            elif bits & self.trials.failing and not isinstance(literal, Negation):
                ruled_out.append(Doubted(hypothesis, against))
        return (
            sorted(possible, key=rank),
            sorted(doubtful, key=lambda each: rank(each.hypothesis)),
            sorted(ruled_out, key=lambda each: rank(each.hypothesis)),
        )

    def pairs(self, possible: Iterable[Hypothesis]) -> tuple[Hypothesis, ...] | None:
        """Two features that agree with all rows, none of which does alone; None where there are too many to
        try.
        """
        if self._pairs_to_try() > MOST_PAIRS_TRIED:
            return None
        alone = {part for each in self.universe.singles(self.trials) for part in each.parts}
        alone |= {part for each in possible for part in each.parts}
        found = (
            each
            for each in self.universe.pairs(self.trials)
            if alone.isdisjoint(each.parts) and not self.against(each.bits(self.trials))
        )
        return tuple(sorted(found, key=rank))

    def without_one(self) -> tuple[tuple[Row, tuple[Hypothesis, ...]], ...]:
        """The rows but for which single features would agree with all, and these features."""
        found: dict[int, list[Hypothesis]] = {}
        for literal in self._literals():
            against = self.against(self.trials.having(literal))
            if len(against) == 1:
                found.setdefault(id(against[0]), []).append(Hypothesis((literal,)))
        return tuple((row, tuple(sorted(found[id(row)], key=rank))) for row in self._rows if id(row) in found)

    def _pairs_to_try(self) -> int:
        """How many there are: of what all failing hellos have, and of what none has that got through."""
        failing, passing = self.trials.failing, self.trials.passing
        having = [self.trials.having(each) for each in dict.fromkeys(self.universe.literals(self.trials))]
        needed = sum(bits & failing == failing for bits in having)
        harmful = sum(bool(bits & failing) and not bits & passing for bits in having)
        return comb(needed, 2) + comb(harmful, 2)

    def _literals(self) -> Iterator[Feature]:
        """Every literal that all failing rows bound, and those that the sure ones alone do."""
        sure = Trials(_FAILED)
        for row in self._rows:
            if row.is_sure and not row.works:
                for hello in row.hellos:
                    sure.add(hello, _FAILED)
        bounded = [self.universe.literals(self.trials)]
        bounded += [self.universe.literals(sure)] if len(sure) else []
        yield from dict.fromkeys(literal for each in bounded for literal in each)


def _usual_cause(rows: Iterable[Row]) -> Cause | None:
    """How most of them failed, the first of those equally frequent; None where nobody says how."""
    causes = Counter(row.cause for row in rows if row.cause is not None and not row.useless)
    return causes.most_common(1)[0][0] if causes else None


def _told_apart(rows: Iterable[Row], cause: Cause | None) -> tuple[list[Row], list[LeftOut]]:
    """The rows that count, and the others."""
    useful, left_out = [], []
    for row in rows:
        if row.useless:
            left_out.append(LeftOut(row, row.useless))
        elif row.cause not in (None, cause):
            left_out.append(LeftOut(row, f"fails in another way ({row.cause}), which may have another cause"))
        else:
            useful.append(row)
    return useful, left_out


def _contradictions(rows: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    for one, other in combinations(rows, 2):
        if one.works is not other.works:
            failed, passed = (other, one) if one.works else (one, other)
            if all(_is_same(failed.hellos[0], hello) for hello in passed.hellos):
                yield failed, passed


def _is_same(first: HelloTemplate, second: HelloTemplate) -> bool:
    one, other = flight_of(first), flight_of(second)
    return _shape(one) == _shape(other) and not differences(one, other)


def _shape(flight: FirstFlight) -> tuple[object, ...]:
    """What is cheap to compare first."""
    return flight.cipher_suites, frozenset(flight.extension_types), flight.length, flight.records


def _not_counted(pair: tuple[Row, Row]) -> list[Row]:
    """Of two rows that contradict each other, the one that nobody is sure of; else both."""
    unsure = [row for row in pair if not row.is_sure]
    return unsure if len(unsure) == 1 else list(pair)
