"""The order of two extensions."""

from collections.abc import Iterator
from typing import Self

from handshake.features.code_points import name_of_extension, two_arguments
from handshake.features.edits import with_extensions
from handshake.features.extension import Extension
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight
from handshake.features.order import is_before, neighbours, swapped_neighbours
from handshake.hello_template import HelloTemplate
from handshake.wire.registry import parse_extension_type


class ExtensionBefore(Feature, frozen=True):
    """Both extensions are there, the one before the other."""

    NOTATION = "extension-before:<name>:<other name>"
    PHRASE = "the extension {} before {}"

    first: int
    second: int

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the names. Raises ValueError."""
        first, second = map(parse_extension_type, two_arguments(argument, cls.NOTATION))
        if first == second:
            raise ValueError(f"{name_of_extension(first)} does not stand before itself")
        return cls(first, second)

    @property
    def argument(self) -> str:
        """Both."""
        return ":".join(self._words())

    def applies(self, flight: FirstFlight) -> bool:
        """To hellos that have both."""
        return {self.first, self.second} <= set(flight.extension_types)

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """Each extension before the next."""
        yield from (cls(*pair) for pair in neighbours(flight.extension_types))

    @classmethod
    def differing(cls, first: FirstFlight, second: FirstFlight) -> Iterator[Self]:
        """Neighbours, among the extensions that both have, whose order is another in the second hello."""
        pairs = swapped_neighbours(first.extension_types, second.extension_types)
        yield from (cls(*pair) for pair in pairs)

    def _words(self) -> tuple[str, ...]:
        return name_of_extension(self.first), name_of_extension(self.second)

    def _has(self, flight: FirstFlight) -> bool:
        return is_before(flight.extension_types, self.first, self.second)

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        both = Extension(self.second).with_(Extension(self.first).with_(template))
        return _reordered(both, self.first, self.second)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return _reordered(template, self.second, self.first)


def _reordered(template: HelloTemplate, first: int, second: int) -> HelloTemplate:
    extensions = list(template.extensions or ())
    types = [extension.extension_type for extension in extensions]
    taken = extensions[types.index(first)]
    left = [extension for extension in extensions if extension is not taken]
    target = [extension.extension_type for extension in left].index(second)
    return with_extensions(template, (*left[:target], taken, *left[target:]))
