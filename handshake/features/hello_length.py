"""The length of the hello."""

from collections.abc import Iterator
from typing import Self

from handshake.features.arguments import NumbersFeature
from handshake.features.flight import FirstFlight
from handshake.features.numbers import Numbers
from handshake.features.sizing import resized
from handshake.hello_template import HelloTemplate

# Some servers stay silent at 256 to 511 bytes (RFC 7685 section 4); one fails at the two remainders
# (testssl.sh's issue 1113). Research note on servers, section 4, X5 and X6.
KNOWN_TO_MATTER = tuple(map(Numbers.parse, ("..255", "256..511", "512..", "10 mod 256", "14 mod 256")))


class HelloLength(NumbersFeature, frozen=True):
    """The hello has so many bytes, the four of its message's header included: 300, 256..511, 512.., ..255 and
    10 mod 256 are such numbers.

    In the format of SSLv2 it is the bytes of its record without the header.
    """

    NOTATION = "hello-length:<numbers>"
    PHRASE = "a length of {}"

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """The lengths that are known to matter to some server."""
        yield from (cls(lengths) for lengths in KNOWN_TO_MATTER if flight.length in lengths)

    def _words(self) -> tuple[str, ...]:
        return (self.numbers.describe("bytes"),)

    def _has(self, flight: FirstFlight) -> bool:
        return flight.length in self.numbers

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return resized(template, self.numbers.__contains__)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return resized(template, lambda size: size not in self.numbers)
