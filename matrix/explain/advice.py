"""What is known beside an explanation: products that behave so, and what an operator can do on either side.

The products are those of the catalogue of intolerances (`servers.intolerance`), the settings of clients those
of `clients.setting`. A setting helps where the failing hello, changed as it says, no longer has the cause.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from clients.setting import Setting, bundled_settings, settings_of
from handshake.features import Feature, parse_feature
from handshake.features.arguments import NumbersFeature
from handshake.features.conjunction import Conjunction
from handshake.features.flight import flight_of
from handshake.hello_template import HelloTemplate
from matrix.explain.hypotheses import Hypothesis, Joint
from servers.intolerance import KnownIntolerance, known_intolerances

_NEAR = 8
"""Bytes."""


class Advice(Struct, frozen=True):
    """`products` are known to behave so; `settings` take the cause out of the client's hello, `elsewhere`
    those of other clients, where this one has none.
    """

    products: tuple[KnownIntolerance, ...]
    settings: tuple[Setting, ...]
    elsewhere: tuple[Setting, ...]


def advice(causes: Sequence[Sequence[Hypothesis]], client: str, failing: HelloTemplate) -> Advice:
    """What is known of the causes, and which settings of the client take them out of the hello."""
    settings = bundled_settings()
    mine = [each for each in settings_of(client, settings) if _helps(each, causes, failing)]
    others = [each for each in settings.values() if not each.fits(client) and _helps(each, causes, failing)]
    return Advice(tuple(products(causes)), tuple(mine), tuple(others))


def products(causes: Iterable[Sequence[Hypothesis]]) -> list[KnownIntolerance]:
    """Those of the catalogue with one of the causes, or with one that overlaps it."""
    hypotheses = [hypothesis for group in causes for hypothesis in group]
    return [
        known
        for known in known_intolerances().values()
        if any(_is_same(parse_feature(name), each) for name in known.features for each in hypotheses)
    ]


def _is_same(feature: Feature, hypothesis: Hypothesis) -> bool:
    parts = feature.features if isinstance(feature, Conjunction) else (feature,)
    if len(parts) > 1 or hypothesis.joint is Joint.ALL:
        return len(parts) == len(hypothesis.parts) and all(
            any(_overlap(part, other) for other in hypothesis.parts) for part in parts
        )
    return any(_overlap(feature, part) for part in hypothesis.parts)


def _overlap(first: Feature, second: Feature) -> bool:
    if isinstance(first, NumbersFeature) and isinstance(second, NumbersFeature):
        one, other = first.numbers, second.numbers
        if type(first) is not type(second) or one.modulus != other.modulus:
            return False
        if one.modulus > 1:
            return one.remainder == other.remainder
        return _is_near(one.low, other.low) and _is_near(one.high, other.high)
    return first == second


def _is_near(one: int | None, other: int | None) -> bool:
    """Whether two bounds may be the same one: not every length can be made."""
    return one == other if one is None or other is None else abs(one - other) <= _NEAR


def _helps(setting: Setting, causes: Sequence[Sequence[Hypothesis]], failing: HelloTemplate) -> bool:
    changed = setting.changed(failing)
    if changed is None or not causes:
        return False
    return not any(group[0].holds(flight_of(changed)) for group in causes)
