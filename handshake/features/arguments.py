"""Features by what their argument is: nothing, a version, numbers, an extension."""

from collections.abc import Iterator
from typing import Self

from handshake.features.code_points import name_of_extension
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight
from handshake.features.numbers import Numbers
from handshake.wire.registry import parse_extension_type, parse_version, version_name


class PlainFeature(Feature, frozen=True):
    """A feature that is one word."""

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """The feature itself."""
        feature = cls()
        if feature.present(flight):
            yield feature


class VersionFeature(Feature, frozen=True):
    """A feature of a protocol version, by name or in hex."""

    version: int

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the version. Raises ValueError."""
        return cls(parse_version(argument))

    @property
    def argument(self) -> str:
        """The version."""
        return version_name(self.version)


class NumbersFeature(Feature, frozen=True):
    """A feature of a length or count, written like 300, 256..511, 512.., ..255 or 10 mod 256."""

    numbers: Numbers

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the numbers. Raises ValueError."""
        return cls(Numbers.parse(argument))

    @property
    def argument(self) -> str:
        """The numbers."""
        return str(self.numbers)


class ExtensionFeature(Feature, frozen=True):
    """A feature of an extension, by IANA's name or in hex."""

    extension_type: int

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the extension's name. Raises ValueError."""
        return cls(parse_extension_type(argument))

    @property
    def argument(self) -> str:
        """The extension."""
        return name_of_extension(self.extension_type)

    def applies(self, flight: FirstFlight) -> bool:
        """To hellos that have the extension."""
        return self.extension_type in flight.extension_types
