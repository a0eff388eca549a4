"""Causes that sum up many values: a hello offers any of these, or none of what the server takes.

What a server takes cannot be told from one hello, but it is shown by its choices. Of the cipher suites that a
server may mind, those remain that no hello had that got through; of those that it may need, those that no
failing hello had. Each is one hypothesis, whose list shrinks with every hello (research on learning calls it
elimination). The same is done for the groups and the other lists of extensions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from handshake.features import Feature, FirstFlight
from handshake.features.any_cipher_suite import AnyCipherSuite
from handshake.features.cipher_suite import CipherSuite
from handshake.features.listed import LIST_TYPES, entries, is_grease_entry
from handshake.features.lists import Lists
from handshake.features.lists_any import ListsAny
from handshake.features.negation import Negation
from handshake.wire.registry import ExtensionType, group_name, is_grease
from matrix.explain.trial import Choice, Trial, Trials

Value = int | str
LEAST = 2
"""Of one value there is a feature of its own."""

_SUMMED = tuple(code for code in LIST_TYPES if code != ExtensionType.KEY_SHARE)


class Kind(Struct, frozen=True):
    """Values of one kind: those of a hello in its order, the one that a server has chosen, the feature of any
    of several, and that of one.
    """

    of: Callable[[FirstFlight], Sequence[Value]]
    chosen: Callable[[Choice], Value | None]
    any_of: Callable[[Sequence[Value]], Feature]
    one: Callable[[Value], Feature]


def _suites(flight: FirstFlight) -> Sequence[int]:
    return _offered(tuple(flight.cipher_suites))


@lru_cache(maxsize=1024)
def _offered(cipher_suites: tuple[int, ...]) -> Sequence[int]:
    return tuple(code for code in cipher_suites if not is_grease(code))


@lru_cache(maxsize=1024)
def _listed(extension_type: int, body: bytes) -> Sequence[str]:
    """The entries but for GREASE. A search asks for the same ones again and again."""
    listed = entries(extension_type, body) or ()
    return tuple(entry for entry in listed if not is_grease_entry(entry))


def _list(extension_type: int) -> Kind:
    def of(flight: FirstFlight) -> Sequence[str]:
        return _listed(extension_type, flight.hello.extension(extension_type) or b"")

    def chosen(choice: Choice) -> str | None:
        is_group = extension_type == ExtensionType.SUPPORTED_GROUPS and choice.named_group is not None
        return group_name(choice.named_group or 0) if is_group else None

    return Kind(
        of,
        chosen,
        lambda names: ListsAny(extension_type, tuple(map(str, names))),
        lambda name: Lists(extension_type, str(name)),
    )


KINDS = (
    Kind(
        _suites,
        lambda choice: choice.cipher_suite,
        lambda codes: AnyCipherSuite(tuple(map(int, codes))),
        lambda code: CipherSuite(int(code)),
    ),
    *map(_list, _SUMMED),
)


class Sum(Struct, frozen=True):
    """A literal that sums up `values` of a kind; `is_offered` where having one of them fails, else having
    none does. `seen` are those that the server has chosen: they are in it for sure.
    """

    kind: Kind
    values: tuple[Value, ...]
    is_offered: bool
    seen: tuple[Value, ...]

    @property
    def literal(self) -> Feature:
        """The feature, or that it is missing."""
        feature = self.kind.any_of(self.values)
        return feature if self.is_offered else Negation(feature)


def is_none_of_several(literal: Feature) -> bool:
    """Whether it is that a hello has none of several values."""
    return isinstance(literal, Negation) and isinstance(literal.feature, AnyCipherSuite | ListsAny)


def sums(trials: Trials, within: int | None = None) -> Iterator[Sum]:
    """The sums that are true of each failing trial and of none that got through; `within` are the bits of the
    trials that count.
    """
    counted = trials.known if within is None else trials.known & within
    return summed(trials, trials.failing & counted, trials.past & counted)


def summed(trials: Trials, failing_bits: int, passing_bits: int) -> Iterator[Sum]:
    """The sums that are true of each of these failing trials and of none of these that got through."""
    failing, passing = list(trials.chosen(failing_bits)), list(trials.chosen(passing_bits))
    for kind in KINDS:
        for having, lacking, is_offered in ((failing, passing, True), (passing, failing, False)):
            gone = {value for trial in lacking for value in kind.of(trial.flight)}
            left = dict.fromkeys(v for trial in having for v in kind.of(trial.flight) if v not in gone)
            if len(left) >= LEAST and all(any(v in left for v in kind.of(t.flight)) for t in having):
                yield Sum(kind, tuple(left), is_offered, _seen(kind, having, left))


def _seen(kind: Kind, trials: Sequence[Trial], left: Mapping[Value, None]) -> tuple[Value, ...]:
    chosen = (kind.chosen(trial.answer.choice) for trial in trials if trial.answer.choice is not None)
    return tuple(dict.fromkeys(value for value in chosen if value is not None and value in left))
