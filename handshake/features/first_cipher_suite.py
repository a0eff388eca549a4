"""The cipher suite a client prefers."""

from collections.abc import Iterator
from typing import Self

from handshake.features.cipher_suite import CipherSuite
from handshake.features.edits import with_cipher_suites
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate
from handshake.wire.cipher_suites import cipher_spec_name, parse_cipher_spec
from handshake.wire.registry import is_grease


class FirstCipherSuite(Feature, frozen=True):
    """The cipher suite is the first, GREASE not counted: the one the client likes best."""

    NOTATION = "first-cipher-suite:<name>"
    PHRASE = "{} as its first cipher suite"

    code: int

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the suite's name. Raises ValueError."""
        return cls(parse_cipher_spec(argument))

    @property
    def argument(self) -> str:
        """The suite."""
        return cipher_spec_name(self.code)

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """The suite itself."""
        yield from (cls(code) for code in _without_grease(flight.cipher_suites)[:1])

    def _has(self, flight: FirstFlight) -> bool:
        return _without_grease(flight.cipher_suites)[:1] == [self.code]

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        suites = list(CipherSuite(self.code).with_(template).cipher_suites)
        suites.remove(self.code)
        first = next((i for i, code in enumerate(suites) if not is_grease(code)), len(suites))
        return with_cipher_suites(template, (*suites[:first], self.code, *suites[first:]))

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        suites = list(template.cipher_suites)
        first = suites.index(self.code)
        if not _without_grease(suites[first + 1 :]):
            return CipherSuite(self.code).without(template)
        second = next(i for i, code in enumerate(suites) if i > first and not is_grease(code))
        suites[first], suites[second] = suites[second], suites[first]
        return with_cipher_suites(template, suites)


def _without_grease(suites: tuple[int, ...] | list[int]) -> list[int]:
    return [code for code in suites if not is_grease(code)]
