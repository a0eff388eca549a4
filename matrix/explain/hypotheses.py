"""What a server may mind about a hello: every hypothesis that everything seen allows.

A hypothesis is one feature (or that it is missing), two or three of them together, any of two or three, or a
sum (`matrix.explain.sums`). What the hellos seen are made of gives the features; lengths and counts are
bounded by those that were seen. A hypothesis stands as long as it is true of each hello that fails and of
none that gets through.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import reduce
from itertools import combinations
from operator import and_, or_

from msgspec import Struct

from handshake.features import Feature, FirstFlight, features_of
from handshake.features.arguments import NumbersFeature
from handshake.features.cipher_suite_count import CipherSuiteCount
from handshake.features.extension_count import ExtensionCount
from handshake.features.first_record_length import FirstRecordLength
from handshake.features.hello_length import HelloLength
from handshake.features.negation import Negation
from handshake.features.numbers import Numbers
from handshake.features.record_count import RecordCount
from handshake.features.segment_count import SegmentCount
from handshake.features.session_id_length import SessionIdLength
from handshake.features.version_from import VersionFrom
from handshake.wire.registry import ProtocolVersion
from matrix.explain.sums import sums
from matrix.explain.trial import Trials

MEASURES: Mapping[type[NumbersFeature], Callable[[FirstFlight], int]] = {
    HelloLength: lambda flight: flight.length,
    CipherSuiteCount: lambda flight: len(flight.cipher_suites),
    ExtensionCount: lambda flight: len(flight.extension_types),
    RecordCount: lambda flight: len(flight.records),
    FirstRecordLength: lambda flight: flight.records[0].length,
    SegmentCount: lambda flight: len(flight.segments),
    SessionIdLength: lambda flight: len(flight.hello.session_id),
}
"""The lengths and counts of a hello that a server may mind beyond some number."""
MODULI = (2, 4, 8, 16, 32, 64, 128, 256)
"""Of lengths: some servers fail at a remainder (research note on servers, section 4, X6)."""
OPEN_END = 4
"""A server that minds a length, and this many times as much, is taken to mind whatever is longer."""
VERSIONS: tuple[Feature, ...] = tuple(
    literal
    for version in ProtocolVersion
    for literal in (VersionFrom(version), Negation(VersionFrom(version)))
)
"""Bounds of a hello's client_version."""
MOST_PARTS = 3
_MOST_OF_THREE = 50
"""Features of which threes are made; there are as many threes as their third power."""
Literals = list[tuple[Feature, int]]


class Joint(StrEnum):
    """How the parts of a hypothesis go together."""

    ALL = " and "
    ANY = " or "


class Hypothesis(Struct, frozen=True):
    """The server minds a hello with all, or any, of the parts; a part may be that a feature is missing."""

    parts: tuple[Feature, ...]
    joint: Joint = Joint.ALL

    @property
    def name(self) -> str:
        """In the notation of features."""
        return self.joint.join(part.name for part in self.parts)

    def describe(self) -> str:
        """In plain English, to go behind "a hello with"."""
        return self.joint.join(part.describe() for part in self.parts)

    def holds(self, flight: FirstFlight) -> bool:
        """Whether the server would mind this hello."""
        present = (part.present(flight) for part in self.parts)
        return all(present) if self.joint is Joint.ALL else any(present)

    def bits(self, trials: Trials) -> int:
        """The trials of which it is true."""
        first, *others = (trials.having(part) for part in self.parts)
        for each in others:
            first = first & each if self.joint is Joint.ALL else first | each
        return first


class Universe:
    """The features that hypotheses are made of, from the hellos that are compared; any may be missing.
    `absent` are more that may be missed, though none of these hellos has them.
    """

    def __init__(self, flights: Iterable[FirstFlight], absent: Iterable[Feature] = ()) -> None:
        literals: dict[Feature, None] = {}
        for flight in flights:
            for feature in features_of(flight):
                if not is_numeric(feature):
                    literals.update({feature: None, Negation(feature): None})
            literals.update(dict.fromkeys(remainders(flight)))
        literals.update((Negation(feature), None) for feature in absent)
        literals.update(dict.fromkeys(VERSIONS))
        self._literals = tuple(literals)

    def literals(self, trials: Trials) -> Iterator[Feature]:
        """Everything that may be a part, as seen so far."""
        yield from self._literals
        yield from sizes(trials, trials.failing)

    def singles(self, trials: Trials) -> list[Hypothesis]:
        """The single features that everything seen allows."""
        return [
            Hypothesis((literal,))
            for literal in dict.fromkeys(self.literals(trials))
            if trials.having(literal) & trials.known == trials.failing
        ]

    def with_companions(self, cause: Hypothesis, trials: Trials) -> list[Hypothesis]:
        """The same cause, but only together with one thing more that each failing hello has. Lengths and
        counts are left out: they change with whatever else is taken away.
        """
        if len(cause.parts) >= MOST_PARTS or cause.joint is Joint.ANY:
            return []
        return [
            Hypothesis((*cause.parts, literal))
            for literal in self._literals
            if literal not in cause.parts
            and trials.having(literal) & trials.failing == trials.failing
            and not is_numeric(literal)
        ]

    def sums(self, trials: Trials) -> list[Hypothesis]:
        """Any or none of several values, as far as everything seen allows."""
        return [Hypothesis((each.literal,)) for each in sums(trials)]

    def pairs(self, trials: Trials) -> list[Hypothesis]:
        """Two features together, or either of two, that everything seen allows."""
        return self._combined(trials, 2)

    def triples(self, trials: Trials) -> list[Hypothesis]:
        """Three features together, or any of three, or one together with a sum."""
        needed, _ = self._parts(trials)
        with_sums = [
            Hypothesis((literal, each.literal))
            for literal, bits in needed
            for each in sums(trials, bits)
            if not is_numeric(literal)
        ]
        return [*with_sums, *self._combined(trials, 3)]

    def _combined(self, trials: Trials, count: int) -> list[Hypothesis]:
        failing, past = trials.failing, trials.past
        needed, harmful = self._parts(trials)
        if count > 2:  # what tells the most apart
            needed = sorted(needed, key=lambda each: (each[1] & past).bit_count())[:_MOST_OF_THREE]
            harmful = sorted(harmful, key=lambda each: -each[1].bit_count())[:_MOST_OF_THREE]
        return [
            Hypothesis(tuple(literal for literal, _ in chosen), Joint.ALL)
            for chosen in combinations(needed, count)
            if reduce(and_, (bits for _, bits in chosen)) == failing
        ] + [
            Hypothesis(tuple(literal for literal, _ in chosen), Joint.ANY)
            for chosen in combinations(harmful, count)
            if reduce(or_, (bits for _, bits in chosen)) == failing
        ]

    def _parts(self, trials: Trials) -> tuple[Literals, Literals]:
        """What each failing trial has, and what none has that got through, each with its trials as bits."""
        having = {each: trials.having(each) & trials.known for each in dict.fromkeys(self.literals(trials))}
        needed = [(each, bits) for each, bits in having.items() if bits & trials.failing == trials.failing]
        harmful = [(each, bits) for each, bits in having.items() if bits and not bits & trials.past]
        return needed, harmful


def sizes(trials: Trials, failing: int) -> Iterator[Feature]:
    """Lengths and counts, bounded by those of the failing trials, which are given as bits."""
    is_cut = any(len(trial.flight.records) > 1 for trial in trials)
    for kind, measure in MEASURES.items():
        if kind is FirstRecordLength and not is_cut:  # it is the length of the hello then
            continue
        values = [measure(trial.flight) for trial in trials.chosen(failing)]
        low, high = min(values), max(values)
        yield kind(Numbers(low, None))
        yield kind(Numbers(0, high))
        if high < max(OPEN_END * low, 1):
            yield kind(Numbers(low, high))


def remainders(flight: FirstFlight) -> Iterator[Feature]:
    """Those of the hello's length."""
    for modulus in MODULI:
        yield HelloLength(Numbers(modulus=modulus, remainder=flight.length % modulus))


def is_numeric(literal: Feature) -> bool:
    """Whether it is a length or a count, or that it is another."""
    return isinstance(literal.feature if isinstance(literal, Negation) else literal, NumbersFeature)
