"""Cipher suites of which one is enough."""

from typing import Self

from handshake.features.cipher_suite import CipherSuite
from handshake.features.edits import with_cipher_suites
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate
from handshake.wire.cipher_suites import cipher_spec_name, parse_cipher_spec


class AnyCipherSuite(Feature, frozen=True):
    """The hello offers at least one of these cipher suites: with "not" before it, it has nothing in common
    with a server that takes these alone.
    """

    NOTATION = "any-cipher-suite:<name>,<name>..."
    PHRASE = "any of the cipher suites {}"

    codes: tuple[int, ...]

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the suites' names. Raises ValueError."""
        return cls(tuple(parse_cipher_spec(name.strip()) for name in argument.split(",")))

    @property
    def argument(self) -> str:
        """The suites."""
        return ",".join(map(cipher_spec_name, self.codes))

    def _words(self) -> tuple[str, ...]:
        return (", ".join(map(cipher_spec_name, self.codes)),)

    def _has(self, flight: FirstFlight) -> bool:
        return not set(self.codes).isdisjoint(flight.cipher_suites)

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return CipherSuite(self.codes[0]).with_(template)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return with_cipher_suites(
            template, [code for code in template.cipher_suites if code not in self.codes]
        )
