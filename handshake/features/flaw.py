"""What else can be wrong with the form of a hello."""

from collections.abc import Iterator, Mapping
from typing import Self

from handshake.errors import LocalError
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate

_FLAWS = {
    "bytes-after-extensions": "bytes behind its extension block",
    "odd-cipher-suites": "a list of cipher suites that ends within one",
    "sslv2-cut-off": "the format of SSLv2 and fewer bytes than its lengths say",
    "sslv2-no-cipher-specs": "the format of SSLv2 and no cipher specs at all",
    "sslv2-session-id-over-32": "the format of SSLv2 and a session id announced of more than 32 bytes",
    "sslv2-bytes-left": "the format of SSLv2 and more bytes than its lengths say",
}


class Flaw(Feature, frozen=True):
    """The hello's lengths do not fit what there is. No template is malformed like that."""

    word: str

    @classmethod
    def notations(cls) -> Mapping[str, str]:
        """A word a flaw."""
        return {word: f"The hello has {phrase}." for word, phrase in _FLAWS.items()}

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """The flaw of the word."""
        return cls(word)

    @property
    def name(self) -> str:
        """The word."""
        return self.word

    def describe(self) -> str:
        """In plain English."""
        return _FLAWS[self.word]

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """Each flaw there is."""
        yield from (feature for feature in map(cls, _FLAWS) if feature.present(flight))

    def _has(self, flight: FirstFlight) -> bool:
        return self.word in flight.flaws

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        raise LocalError("no hello that this program sends is malformed like that")

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        raise AssertionError("no template is malformed")
