"""All kinds of features: the classes of the modules in this folder; and what is written for them, read."""

import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from itertools import chain

from handshake.features.conjunction import AND, Conjunction
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight, flight_of
from handshake.features.negation import NOT, Negation
from handshake.hello_template import HelloTemplate


def _kinds() -> Iterator[type[Feature]]:
    package = import_module("handshake.features")
    for info in pkgutil.iter_modules(package.__path__):
        module = import_module(f"{package.__name__}.{info.name}")
        for kind in vars(module).values():
            is_kind = isinstance(kind, type) and issubclass(kind, Feature) and not inspect.isabstract(kind)
            if is_kind and kind.__module__ == module.__name__:
                yield kind


@cache
def kinds() -> tuple[type[Feature], ...]:
    """Every kind of feature, in the order of the files' names."""
    return tuple(_kinds())


@cache
def notations() -> Mapping[str, str]:
    """Everything that can be written for a feature, sorted, and what it means in a sentence."""
    return dict(
        sorted((written, meaning) for kind in kinds() for written, meaning in kind.notations().items())
    )


@cache
def _by_word() -> Mapping[tuple[str, bool], type[Feature]]:
    """The kinds by word, and by whether an argument follows it."""
    return {
        (word, bool(colon)): kind
        for kind in kinds()
        if kind not in (Negation, Conjunction)
        for word, colon, _ in (written.partition(":") for written in kind.notations())
    }


@cache
def parse_feature(text: str) -> Feature:
    """Read what is written for a feature. Raises ValueError, one line, that says what there is."""
    parts = text.split(AND)
    if len(parts) > 1:
        return Conjunction(tuple(map(parse_feature, parts)))
    if text.startswith(NOT):
        return Negation(parse_feature(text.removeprefix(NOT)))
    word, colon, argument = text.partition(":")
    kind = _by_word().get((word, bool(colon)))
    if kind is None:
        raise _unknown(text, word)
    return kind.parse(word, argument)


def _unknown(text: str, word: str) -> ValueError:
    alike = [written for written in notations() if written.partition(":")[0] == word]
    if alike:
        return ValueError(f"{text!r} is not how that feature is written; write {' or '.join(alike)}")
    near = get_close_matches(word, {word for word, _ in _by_word()}, n=3)
    if near:
        return ValueError(f"{text!r} is no feature of a hello; did you mean {' or '.join(near)}?")
    return ValueError(f"{text!r} is no feature of a hello; there are {', '.join(notations())}")


def features_of(hello: FirstFlight | HelloTemplate) -> list[Feature]:
    """The elementary features that a hello has: those it is made of, not those that only sum others up."""
    return list(dict.fromkeys(features_in(_flight(hello))))


def features_in(flight: FirstFlight) -> Iterator[Feature]:
    """The same one by one; a feature that is found twice comes twice."""
    return chain.from_iterable(kind.found_in(flight) for kind in kinds())


def differences(first: FirstFlight | HelloTemplate, second: FirstFlight | HelloTemplate) -> list[Feature]:
    """The elementary features that only one of two hellos has.

    What cannot be compared is left out: an extension's body, where one has not the extension at all. Hellos
    of which none differs are alike in framing, versions, sizes of session id and challenge, suites,
    compression methods, extensions, their order and what they say, but for what is made anew on each
    connection.
    """
    flights = _flight(first), _flight(second)
    return list(dict.fromkeys(feature for kind in kinds() for feature in kind.differing(*flights)))


def _flight(hello: FirstFlight | HelloTemplate) -> FirstFlight:
    return flight_of(hello) if isinstance(hello, HelloTemplate) else hello
