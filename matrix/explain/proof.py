"""The proof of a cause: two hellos that differ in that one thing, each asked several times."""

from collections.abc import Callable, Iterator
from heapq import nsmallest
from itertools import product

from msgspec import Struct

from handshake.errors import LocalError
from handshake.features import Feature, differences, features_of
from handshake.features.flight import flight_of
from handshake.hello_template import HelloTemplate
from matrix.explain.asking import Asker
from matrix.explain.candidates import rid_of, with_, without
from matrix.explain.hypotheses import Hypothesis, Joint
from matrix.explain.trial import Answer, Trials

REPEATS = 3
"""How often the hello to be explained, and each hello of the proof, is asked."""
_LOOKED_AT = 5
"""Pairs that have the most features in common are compared closely."""
_MOST_TRIED = 3
"""Pairs of hellos that are tried as a proof."""


class Proof(Struct, frozen=True):
    """Two hellos of which `failing` fails and `passing` gets through, each `repeats` times. `differing` are
    the elementary features that one of them has and the other has not: the cause, and what it brings along.
    """

    failing: HelloTemplate
    passing: HelloTemplate
    repeats: int
    differing: tuple[Feature, ...]


def prove(
    cause: Hypothesis,
    failing: HelloTemplate,
    passing: HelloTemplate,
    asker: Asker,
    explained: Answer,
    trials: Trials,
) -> Proof | None:
    """Find two hellos that differ in the cause and little else, and ask each until it has been asked REPEATS
    times; None where none answer as they should.
    """
    known = {trial.template for trial in trials}
    tried = sorted(
        _pairs(cause, failing, passing, trials, asker.sent), key=lambda pair: len(differences(*pair))
    )
    for bad, good in tried[:_MOST_TRIED]:
        times = range(REPEATS)
        if all(
            ((time == 0 and bad in known) or asker.ask(bad).is_like(explained))
            and ((time == 0 and good in known) or asker.ask(good).gets_past(explained))
            for time in times
        ):
            return Proof(bad, good, REPEATS, tuple(differences(bad, good)))
    return None


def nearest_pair(trials: Trials) -> Proof:
    """Of all hellos asked the two most alike of which one fails and one gets through."""
    failing, passing = (
        [(trial, frozenset(features_of(trial.flight))) for trial in trials.chosen(bits)]
        for bits in (trials.failing, trials.passing)
    )
    alike = nsmallest(_LOOKED_AT, product(failing, passing), key=lambda pair: len(pair[0][1] ^ pair[1][1]))
    pairs = [(bad, good) for (bad, _), (good, _) in alike]
    bad, good = min(pairs, key=lambda pair: len(differences(pair[0].flight, pair[1].flight)))
    return Proof(bad.template, good.template, 1, tuple(differences(bad.flight, good.flight)))


def smallest_changes(
    cause: Hypothesis, found: HelloTemplate, passing: HelloTemplate, trials: Trials, asker: Asker
) -> tuple[Proof | None, Proof | None]:
    """What makes the failing hello get through, and what makes the one that gets through fail, as far as it
    was asked.
    """
    answered = {trial.template: trial.answer for trial in trials}
    mends, breaks = None, None
    for bad, good in _pairs(cause, found, passing, trials, asker.sent):
        if bad in answered and good in answered:
            pair = Proof(bad, good, 1, tuple(differences(bad, good)))
            mends = mends or (pair if bad == found else None)
            breaks = breaks or (pair if good == passing else None)
    return mends, breaks


def _pairs(
    cause: Hypothesis,
    failing: HelloTemplate,
    passing: HelloTemplate,
    trials: Trials,
    sent: Callable[[HelloTemplate], HelloTemplate],
) -> Iterator[tuple[HelloTemplate, HelloTemplate]]:
    """Pairs of which the first hello has the cause and the second has not."""
    less = (cause.parts,) if cause.joint is Joint.ANY else [(part,) for part in cause.parts]
    made = [(failing, sent(without(failing, parts))) for parts in less]
    made.append((failing, sent(rid_of(failing, cause.parts))))
    made.append((sent(with_(passing, cause.parts[:1] if cause.joint is Joint.ANY else cause.parts)), passing))
    most_alike = nearest_pair(trials)
    made.append((most_alike.failing, most_alike.passing))
    answered = {trial.template: trial.answer for trial in trials}
    for bad, good in made:
        try:
            is_told = cause.holds(flight_of(bad)) and not cause.holds(flight_of(good))
        except LocalError:
            continue
        known_bad, known_good = answered.get(bad), answered.get(good)
        if (
            is_told
            and (known_bad is None or known_bad.is_like(trials.explained))
            and (known_good is None or known_good.gets_past(trials.explained))
        ):
            yield bad, good
