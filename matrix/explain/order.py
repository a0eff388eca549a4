"""What a hello proves that fails in another way than the one to be explained.

A server checks one thing after the other and says what it finds first. Such a hello has got past the check
that is looked for only if that check comes first. It does where a hello that is refused for it has the cause
of the other failure as well: the server would have said the other thing, had it looked for that before. So of
each other reason the causes are listed that everything seen allows. Where each of them is found in a hello
that fails as the one to be explained, the hellos that fail for this reason count as having got past; where
one is not, they prove nothing.
"""

from collections.abc import Iterator, Set
from itertools import chain

from handshake.features import Feature, features_of
from handshake.features.negation import Negation
from matrix.explain.hypotheses import VERSIONS, is_numeric, remainders, sizes
from matrix.explain.sums import summed
from matrix.explain.trial import Trials


def past_by_order(trials: Trials, before: Set[str] = frozenset()) -> int:
    """The trials, as bits, that fail otherwise and have got past what is explained. `before` are reasons that
    are known to come first.
    """
    groups = trials.otherwise().items()
    return sum(_past(trials, each) for reason, each in groups if reason not in before)


def hidden_by(trials: Trials) -> list[list[Feature]]:
    """For each other reason what may be its cause, where that may come first: a hello with all of it would
    say no more.
    """
    unclear = (each & ~trials.by_order for each in trials.otherwise().values())
    return [causes for each in unclear if each and (causes := list(_causes(trials, each)))]


def _past(trials: Trials, otherwise: int) -> int:
    """Those of the trials that fail for one other reason. Where no single cause explains all of them, the
    server may have several that it says the same of, and each trial is judged by itself.
    """
    causes = list(_causes(trials, otherwise))
    if causes:
        return otherwise if _are_in_failing(trials, causes) else 0
    each = [1 << index for index in range(len(trials)) if otherwise >> index & 1]
    return sum(one for one in each if _are_in_failing(trials, list(_causes(trials, one))))


def _causes(trials: Trials, otherwise: int) -> Iterator[Feature]:
    """What all of these hellos have, and none that got through."""
    counted = otherwise | trials.passing
    for literal in dict.fromkeys(_literals(trials, otherwise)):
        if trials.having(literal) & counted == otherwise:
            yield literal
    yield from (each.literal for each in summed(trials, otherwise, trials.passing))


def _literals(trials: Trials, otherwise: int) -> Iterator[Feature]:
    """What may be such a cause: what one of these hellos has, or one that got through has and none of these
    may have.
    """
    flight = next(trials.chosen(otherwise)).flight
    through = (features_of(trial.flight) for trial in trials.chosen(trials.passing))
    missing = (Negation(feature) for feature in next(through, ()))
    every = chain(features_of(flight), missing)
    yield from (literal for literal in every if not is_numeric(literal))
    yield from chain(remainders(flight), sizes(trials, otherwise), VERSIONS)


def _are_in_failing(trials: Trials, causes: list[Feature]) -> bool:
    return bool(causes) and all(trials.having(cause) & trials.failing for cause in causes)
