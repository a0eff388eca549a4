"""How many TCP segments the hello arrives in."""

from collections.abc import Callable, Iterator
from typing import Self

from msgspec.structs import replace

from handshake.errors import LocalError
from handshake.features.arguments import NumbersFeature
from handshake.features.flight import FirstFlight, flight_of
from handshake.features.numbers import Numbers, nearest
from handshake.hello_template import HelloTemplate

SEVERAL = Numbers(2)


class SegmentCount(NumbersFeature, frozen=True):
    """The hello arrives in so many TCP segments, as far as a program can tell, which reads so many times
    until it has the whole hello: 1, 2.. and 2..4 are such numbers.
    """

    NOTATION = "segment-count:<numbers>"
    PHRASE = "an arrival in {}"

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """That there are several segments."""
        if len(flight.segments) in SEVERAL:
            yield cls(SEVERAL)

    def _words(self) -> tuple[str, ...]:
        return (self.numbers.describe("segments"),)

    def _has(self, flight: FirstFlight) -> bool:
        return len(flight.segments) in self.numbers

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return _cut(template, self.numbers.__contains__)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return _cut(template, lambda count: count not in self.numbers)


def _cut(template: HelloTemplate, is_wanted: Callable[[int], bool]) -> HelloTemplate:
    flight = flight_of(template)
    length = sum(flight.segments)
    count = next(nearest(len(flight.segments), lambda count: count > 0 and is_wanted(count), length), None)
    if count is None:
        raise LocalError(f"its {length} bytes cannot be cut into such a number of segments")
    return replace(template, segments=(length // count,) * (count - 1))
