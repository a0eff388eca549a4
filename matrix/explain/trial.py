"""What was asked of a server and what it answered: the memory of a search.

A trial is a hello and its answer. Of all trials together a feature is a set of bits, one a trial, so that
thousands of hypotheses are compared with everything seen in a few operations on integers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

from msgspec import Struct

from handshake.events import Phase
from handshake.features import Feature, FirstFlight
from handshake.features.flight import flight_of
from handshake.features.negation import Negation
from handshake.hello_template import HelloTemplate

_PHASES = tuple(phase.value for phase in Phase)
"""In the order of a connection."""


def _phase(reason: str) -> int:
    """The place of the reason's phase; -1 where it has none."""
    phase = reason.partition(":")[0]
    return _PHASES.index(phase) if phase in _PHASES else -1


class Choice(Struct, frozen=True):
    """What the server chose: code points of version, suite and group. Of a handshake that failed later the
    group is not known.
    """

    version: int
    cipher_suite: int
    named_group: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a hello: it gets through, with what the server chose and the HTTP status of its answer,
    or fails for `reason`, written `<phase>:<cause>` as reports write it; `sentence` says that to a person.
    """

    passes: bool
    reason: str = ""
    choice: Choice | None = None
    status: int | None = None
    sentence: str = field(default="", compare=False)

    def is_like(self, other: "Answer") -> bool:
        """Whether both get through, or both fail alike: for the same reason, and both before or both after
        the server has chosen.
        """
        is_as_far = self.passes or (self.choice is None) == (other.choice is None)
        return self.passes == other.passes and self.reason == other.reason and is_as_far

    def gets_past(self, other: "Answer") -> bool:
        """Whether it gets through, or fails only later than the other, in another phase or once the server
        has chosen: what ended that one has not ended this one.
        """
        is_chosen = self.choice is not None and other.choice is None
        return self.passes or is_chosen or (_phase(self.reason) > _phase(other.reason) >= 0)

    def is_as_early_as(self, other: "Answer") -> bool:
        """Whether both fail in the same phase, and both before the server has chosen."""
        is_unchosen = self.choice is None and other.choice is None
        return is_unchosen and not self.passes and _phase(self.reason) == _phase(other.reason) >= 0


class Trial(Struct, frozen=True):
    """A hello, the first flight it is sent as, and its answer."""

    template: HelloTemplate
    flight: FirstFlight
    answer: Answer


class Trials(Sequence[Trial]):
    """The trials so far, in order.

    `failing` are those that fail as the hello to be explained does, `passing` those that get through or at
    least past that point, as bits. What fails in another way is in neither: another thing may have come
    before. `by_order` are those of them that got past it nevertheless (`matrix.explain.order`).
    """

    def __init__(self, explained: Answer) -> None:
        self.explained = explained
        self.failing = 0
        self.passing = 0
        self.by_order = 0
        self._trials: list[Trial] = []
        self._seen: dict[Feature, tuple[int, int]] = {}

    @property
    def known(self) -> int:
        """The trials that say something about the failure to be explained."""
        return self.failing | self.past

    @property
    def past(self) -> int:
        """The trials that do not have its cause."""
        return self.passing | self.by_order

    def otherwise(self) -> dict[str, int]:
        """The trials that fail in another way before the server has chosen, by their reason, as bits."""
        found: dict[str, int] = {}
        answered = self.failing | self.passing
        for index, trial in enumerate(self._trials):
            if not answered >> index & 1 and trial.answer.is_as_early_as(self.explained):
                found[trial.answer.reason] = found.get(trial.answer.reason, 0) | 1 << index
        return found

    def add(self, template: HelloTemplate, answer: Answer) -> Trial:
        """Take a new trial."""
        trial = Trial(template, flight_of(template), answer)
        bit = 1 << len(self._trials)
        self._trials.append(trial)
        if answer.gets_past(self.explained):
            self.passing |= bit
        elif answer.is_like(self.explained):
            self.failing |= bit
        return trial

    def that_got_through(self) -> "Trials":
        """Those alone."""
        kept = Trials(self.explained)
        for trial in self.chosen(self.passing):
            kept.add(trial.template, trial.answer)
        return kept

    def having(self, feature: Feature) -> int:
        """The trials whose hello has the feature."""
        if isinstance(feature, Negation):
            return self.having(feature.feature) ^ ((1 << len(self._trials)) - 1)
        count, bits = self._seen.get(feature, (0, 0))
        for index in range(count, len(self._trials)):
            if feature.present(self._trials[index].flight):
                bits |= 1 << index
        self._seen[feature] = len(self._trials), bits
        return bits

    def chosen(self, bits: int) -> Iterator[Trial]:
        """The trials of these bits, in order."""
        return (trial for index, trial in enumerate(self._trials) if bits >> index & 1)

    def __len__(self) -> int:
        return len(self._trials)

    @overload
    def __getitem__(self, index: int) -> Trial: ...
    @overload
    def __getitem__(self, index: slice) -> list[Trial]: ...
    def __getitem__(self, index: int | slice) -> Trial | list[Trial]:
        return self._trials[index]
