"""Making the failing hello as much like the one that gets through as it can be while it still fails.

A server that minds several things at once fails a hello for any of them, so no single cause explains all
failures. What still fails, and differs from what gets through as little as possible, has one of them alone.
This is delta debugging (Zeller and Hildebrandt, 2002): halves of the differences are taken over, then
quarters, down to single ones.
"""

from collections.abc import Generator, Sequence

from handshake.errors import LocalError
from handshake.features import Feature, FeatureError, differences
from handshake.features.arguments import NumbersFeature
from handshake.features.flight import flight_of
from handshake.hello_template import HelloTemplate
from matrix.explain.candidates import groups
from matrix.explain.trial import Trials

Shrinking = Generator[HelloTemplate, bool, HelloTemplate]


def shrunk(failing: HelloTemplate, passing: HelloTemplate, trials: Trials) -> Shrinking:
    """Give hellos and take whether each fails like the one to be explained; what is left at the end."""
    known = {trial.template: trial for trial in trials}
    again = True
    while again:
        again = False
        differing = [each for each in differences(failing, passing) if not isinstance(each, NumbersFeature)]
        for group in (*groups(differing), *([each] for each in differing)):
            changed = _taken_over(failing, passing, group)
            if changed in (failing, passing):
                continue
            if changed in known:
                fails = known[changed] in list(trials.chosen(trials.failing))
            else:
                fails = yield changed
            if fails:
                failing, again = changed, True
                break
    return failing


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
