"""The length of an SSLv2-format hello's challenge."""

from collections.abc import Callable, Iterator
from typing import Self

from msgspec.structs import replace

from handshake.errors import LocalError
from handshake.features.arguments import NumbersFeature
from handshake.features.edits import is_in_record
from handshake.features.flight import FirstFlight
from handshake.features.numbers import Numbers, nearest
from handshake.hello_template import HelloTemplate
from handshake.wire.client_hello import MAX_CHALLENGE_SIZE, MIN_CHALLENGE_SIZE


class ChallengeLength(NumbersFeature, frozen=True):
    """The hello is in the format of SSLv2 and its challenge has so many bytes: 16 and 17..32 are such
    numbers.
    """

    NOTATION = "challenge-length:<numbers>"
    PHRASE = "a challenge of {}"

    def applies(self, flight: FirstFlight) -> bool:
        """To hellos in the format of SSLv2."""
        return flight.sslv2 is not None

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """The length that is there."""
        if flight.sslv2 is not None:
            length = len(flight.sslv2.challenge)
            yield cls(Numbers(length, length))

    def _words(self) -> tuple[str, ...]:
        return (self.numbers.describe("bytes"),)

    def _has(self, flight: FirstFlight) -> bool:
        return flight.sslv2 is not None and len(flight.sslv2.challenge) in self.numbers

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return _with_length(template, self.numbers.__contains__)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return _with_length(template, lambda length: length not in self.numbers)


def _with_length(template: HelloTemplate, is_wanted: Callable[[int], bool]) -> HelloTemplate:
    if is_in_record(template):
        raise LocalError("only a hello in the format of SSLv2 has a challenge")
    lengths = nearest(template.challenge_length, is_wanted, MAX_CHALLENGE_SIZE)
    length = next((each for each in lengths if each >= MIN_CHALLENGE_SIZE), None)
    if length is None:
        raise LocalError("a challenge has 16 to 32 bytes (RFC 5246 appendix E.2)")
    return replace(template, challenge_length=length)
