"""A hello that ends before it should."""

from collections.abc import Iterator, Mapping
from typing import Self

from handshake.errors import LocalError
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate

_PLACES = {
    "legacy_version": "an end within its version",
    "random": "an end within its random",
    "session_id": "an end within its session id",
    "cipher_suites": "an end within its cipher suites",
    "compression_methods": "an end within its compression methods",
    "extension-block": "an end before that of its extension block",
    "extension-header": "an extension whose type and length go beyond what there is",
    "extension-body": "an extension whose body goes beyond what there is",
}


class CutOff(Feature, frozen=True):
    """The hello ends in this place. No template is malformed like that."""

    NOTATION = "cut-off:<place>"

    place: str

    @classmethod
    def notations(cls) -> Mapping[str, str]:
        """The word with each place."""
        return {f"cut-off:{place}": f"The hello has {phrase}." for place, phrase in _PLACES.items()}

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the place. Raises ValueError."""
        if argument not in _PLACES:
            raise ValueError(f"{argument!r} is no place to be cut off; there is {', '.join(_PLACES)}")
        return cls(argument)

    @property
    def argument(self) -> str:
        """The place."""
        return self.place

    def describe(self) -> str:
        """In plain English."""
        return _PLACES[self.place]

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """Each place that is one."""
        yield from (feature for feature in map(cls, _PLACES) if feature.present(flight))

    def _has(self, flight: FirstFlight) -> bool:
        return self.name in flight.flaws

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        raise LocalError("no hello that this program sends is malformed like that")

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        raise AssertionError("no template is malformed")
