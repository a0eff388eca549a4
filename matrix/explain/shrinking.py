"""Making the failing hello as much like the one that gets through as it can be while it still fails.

A server that minds several things at once fails a hello for any of them, so no single cause explains all
failures. What still fails, and differs from what gets through as little as possible, has one of them alone.
This is delta debugging (Zeller and Hildebrandt, 2002): differences of one kind are taken over, then halves of
what is left, then quarters, down to single ones. The order of suites and extensions is taken over as a whole
or not at all, since one that is moved changes places with many.
"""

from collections.abc import Generator, Iterator, Sequence
from enum import Enum, auto
from itertools import groupby

from handshake.errors import LocalError
from handshake.features import Feature, FeatureError, differences
from handshake.features.arguments import NumbersFeature
from handshake.features.cipher_suite_before import CipherSuiteBefore
from handshake.features.extension_before import ExtensionBefore
from handshake.features.flight import flight_of
from handshake.hello_template import HelloTemplate
from matrix.explain.candidates import groups
from matrix.explain.trial import Trials

_ORDER = (CipherSuiteBefore, ExtensionBefore)
Shrinking = Generator[HelloTemplate, bool, HelloTemplate]


class Way(Enum):
    """Which differences are taken over together, in this order."""

    KINDS = auto()
    PARTS = auto()
    SINGLY = auto()
    ORDER = auto()


def shrunk(failing: HelloTemplate, passing: HelloTemplate, trials: Trials) -> Shrinking:
    """Give hellos and take whether each fails like the one to be explained; what is left at the end. Each
    that is given is nearer to the one that gets through than what still fails.
    """
    known = {trial.template: trial.answer.is_like(trials.explained) for trial in trials}
    for way in Way:
        again = True
        while again:
            again = False
            for group in _parted(way, *_differing(failing, passing)):
                changed = _taken_over(failing, passing, group)
                if changed == passing or not _is_nearer(changed, failing, passing):
                    continue
                if changed not in known:
                    known[changed] = yield changed
                if known[changed]:
                    failing, again = changed, True
    return failing


def _parted(way: Way, features: Sequence[Feature], order: Sequence[Feature]) -> Iterator[Sequence[Feature]]:
    match way:
        case Way.KINDS:
            yield from (list(kind) for _, kind in groupby(sorted(features, key=_kind), _kind))
        case Way.PARTS:
            yield from groups(features)
        case Way.SINGLY:
            yield from ([feature] for feature in features)
        case Way.ORDER:
            yield order


def _kind(feature: Feature) -> str:
    return type(feature).__name__


def _differing(first: HelloTemplate, second: HelloTemplate) -> tuple[list[Feature], list[Feature]]:
    """What one of the hellos has and the other has not, but for lengths and counts: order comes last."""
    found = [each for each in differences(first, second) if not isinstance(each, NumbersFeature)]
    order: list[Feature] = [each for each in found if isinstance(each, _ORDER)]
    return [each for each in found if not isinstance(each, _ORDER)], order


def _is_nearer(changed: HelloTemplate, failing: HelloTemplate, passing: HelloTemplate) -> bool:
    now, before = (tuple(map(len, _differing(each, passing))) for each in (changed, failing))
    return now < before


def _taken_over(failing: HelloTemplate, passing: HelloTemplate, features: Sequence[Feature]) -> HelloTemplate:
    """The failing hello, in these features like the one that gets through, as far as that can be."""
    wanted = flight_of(passing)
    changed = failing
    for feature in features:
        try:
            made = feature.with_(changed) if feature.present(wanted) else feature.without(changed)
            flight_of(made)
        except (FeatureError, LocalError):
            continue
        changed = made
    return changed
