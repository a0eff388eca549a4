"""The order of two cipher suites."""

from collections.abc import Iterator
from typing import Self

from handshake.features.cipher_suite import CipherSuite
from handshake.features.code_points import two_arguments
from handshake.features.edits import with_cipher_suites
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight
from handshake.features.order import is_before, moved_before, neighbours, swapped_neighbours
from handshake.hello_template import HelloTemplate
from handshake.wire.cipher_suites import cipher_spec_name, parse_cipher_spec


class CipherSuiteBefore(Feature, frozen=True):
    """The hello offers both cipher suites, the one before the other."""

    NOTATION = "cipher-suite-before:<name>:<other name>"
    PHRASE = "the cipher suite {} before {}"

    first: int
    second: int

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the names. Raises ValueError."""
        first, second = map(parse_cipher_spec, two_arguments(argument, cls.NOTATION))
        if first == second:
            raise ValueError(f"{cipher_spec_name(first)} does not stand before itself")
        return cls(first, second)

    @property
    def argument(self) -> str:
        """Both."""
        return ":".join(self._words())

    def applies(self, flight: FirstFlight) -> bool:
        """To hellos that offer both."""
        return {self.first, self.second} <= set(flight.cipher_suites)

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """Each suite before the next."""
        yield from (cls(*pair) for pair in neighbours(flight.cipher_suites))

    @classmethod
    def differing(cls, first: FirstFlight, second: FirstFlight) -> Iterator[Self]:
        """Neighbours, among the suites that both offer, whose order is another in the second hello."""
        pairs = swapped_neighbours(first.cipher_suites, second.cipher_suites)
        yield from (cls(*pair) for pair in pairs)

    def _words(self) -> tuple[str, ...]:
        return cipher_spec_name(self.first), cipher_spec_name(self.second)

    def _has(self, flight: FirstFlight) -> bool:
        return is_before(flight.cipher_suites, self.first, self.second)

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        both = CipherSuite(self.second).with_(CipherSuite(self.first).with_(template))
        return with_cipher_suites(both, moved_before(both.cipher_suites, self.first, self.second))

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return with_cipher_suites(template, moved_before(template.cipher_suites, self.second, self.first))
