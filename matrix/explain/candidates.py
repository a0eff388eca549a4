"""Hellos that tell hypotheses apart: changes of those that were asked before.

A hello that fails loses features, one that gets through gains them: many at once while much is possible, one
at a time later. A hypothesis is also held against its rivals: a feature against an unknown extension of its
length, a missing one against padding, a member of a family against another one. What a change does besides
does not matter, since each hello is judged by what it has in the end.
"""

from collections.abc import Callable, Iterator, Sequence

from handshake.errors import LocalError
from handshake.features import Feature, FeatureError, FirstFlight
from handshake.features.any_cipher_suite import AnyCipherSuite
from handshake.features.cipher_suite import CipherSuite
from handshake.features.cipher_suite_family import CipherSuiteFamily
from handshake.features.edits import insert, remove, with_cipher_suites
from handshake.features.extension import Extension
from handshake.features.flight import flight_of
from handshake.features.hello_length import HelloLength
from handshake.features.lists import Lists
from handshake.features.lists_any import ListsAny
from handshake.features.negation import Negation
from handshake.features.numbers import Numbers
from handshake.hello_template import ExtensionTemplate, HelloTemplate

UNKNOWN_EXTENSION = 0xFE77
"""A code point that nobody uses, of the range for private use (RFC 8446 section 11)."""
UNKNOWN_SUITES = 0xFF20
"""From here on cipher suites are for private use (RFC 8446 appendix B.4), and nobody is known to use these.
"""
_MOST_UNKNOWN_SUITES = 0xFFFF - UNKNOWN_SUITES
SINGLY = 12
"""Up to so many features are changed one at a time."""
_SMALLEST_GROUPS = 8
"""The smallest groups of more features are an eighth of them."""


def changes(
    failing: Sequence[HelloTemplate], passing: Sequence[HelloTemplate], features: Sequence[Feature]
) -> Iterator[HelloTemplate]:
    """Hellos that tell the features apart, from hellos that fail and that get through."""
    for group in groups(features):
        for base in failing:
            yield without(base, group)
        for base in passing:
            yield with_(base, group)
    if len(features) <= SINGLY:
        for feature in features:
            for base in failing:
                yield from _made(_rivals_of_presence(base, feature))
            for base in passing:
                yield from _made(_rivals_of_absence(base, feature))


def groups(features: Sequence[Feature]) -> Iterator[Sequence[Feature]]:
    """Halves, quarters and eighths; single ones where there are few."""
    size = len(features)
    smallest = 1 if size <= SINGLY else max(size // _SMALLEST_GROUPS, 1)
    while size > 1 and size // 2 >= smallest:
        size -= size // 2
        yield from (features[start : start + size] for start in range(0, len(features), size))
    if len(features) == 1:
        yield features


def without(
    base: HelloTemplate,
    features: Sequence[Feature],
    is_allowed: Callable[[FirstFlight], bool] = lambda flight: True,
) -> HelloTemplate:
    """The hello less the features, but for those that it cannot do without."""
    for feature in features:
        try:
            changed = feature.without(base)
        except FeatureError:
            continue
        base = changed if is_allowed(flight_of(changed)) else base
    return base


def rid_of(base: HelloTemplate, causes: Sequence[Feature]) -> HelloTemplate:
    """The hello without the causes, as far from them as can be: where any of several values is missing, it
    gets all of them.
    """
    for cause in causes:
        match cause:
            case Negation(feature=AnyCipherSuite(codes=codes)):
                base = with_(base, [CipherSuite(code) for code in codes])
            case Negation(feature=ListsAny(extension_type=extension_type, entries=listed)):
                base = with_(base, [Lists(extension_type, entry) for entry in listed])
            case _:
                base = without(base, (cause,))
    return base


def with_(base: HelloTemplate, features: Sequence[Feature]) -> HelloTemplate:
    """The hello with the features, but for those that it cannot have."""
    for feature in features:
        try:
            base = feature.with_(base)
        except FeatureError:
            continue
    return base


def with_unknown_suites(base: HelloTemplate, length: int) -> HelloTemplate:
    """The hello made at least so long by cipher suites that nobody knows, behind its own."""
    return _and_unknown_suites(base, max(length - flight_of(base).length + 1, 2) // 2)


def with_suite_count(base: HelloTemplate, count: int) -> HelloTemplate:
    """The hello with at least so many cipher suites, those that nobody knows behind its own."""
    return _and_unknown_suites(base, max(count - len(base.cipher_suites), 0))


def _and_unknown_suites(base: HelloTemplate, count: int) -> HelloTemplate:
    unknown = range(UNKNOWN_SUITES, UNKNOWN_SUITES + min(count, _MOST_UNKNOWN_SUITES))
    return with_cipher_suites(base, (*base.cipher_suites, *unknown))


def _rivals_of_presence(base: HelloTemplate, feature: Feature) -> Iterator[HelloTemplate]:
    """The failing hello without the feature, but as long as before, or with as many extensions."""
    length = flight_of(base).length
    if isinstance(feature, Extension):
        yield _replaced(base, feature.extension_type)
    yield with_(without(base, (feature,)), (HelloLength(Numbers(length, length)),))


def _rivals_of_absence(base: HelloTemplate, feature: Feature) -> Iterator[HelloTemplate]:
    """The hello that gets through with other things that go along with the feature."""
    plus = with_(base, (feature,))
    length = flight_of(plus).length
    yield with_(base, (HelloLength(Numbers(length, length)),))
    yield with_unknown_suites(base, length)
    if isinstance(feature, Extension):
        yield _replaced(plus, feature.extension_type)
        yield insert(base, ExtensionTemplate(UNKNOWN_EXTENSION, bytes(2)))
    if isinstance(feature, CipherSuite | CipherSuiteFamily):
        for family in CipherSuiteFamily.found_in(flight_of(plus)):
            yield with_(base, (family,))
    if isinstance(feature, Negation) and isinstance(feature.feature, Extension):
        yield _replaced(base, feature.feature.extension_type)


def _replaced(base: HelloTemplate, extension_type: int) -> HelloTemplate:
    """An unknown extension of the same size in the place of this one."""
    filled = {each.extension_type: each.body for each in flight_of(base).hello.extensions or ()}
    if extension_type not in filled:
        return base
    kept = remove(base, extension_type)
    return insert(kept, ExtensionTemplate(UNKNOWN_EXTENSION, bytes(len(filled[extension_type]))))


def _made(changed: Iterator[HelloTemplate]) -> Iterator[HelloTemplate]:
    """Those before the first that cannot be made."""
    try:
        yield from changed
    except LocalError:
        return
