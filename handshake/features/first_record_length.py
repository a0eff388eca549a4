"""The length of the first record of the hello."""

from collections.abc import Callable

from msgspec.structs import replace

from handshake.features.arguments import NumbersFeature
from handshake.features.edits import is_in_record
from handshake.features.flight import FirstFlight, flight_of
from handshake.features.numbers import nearest
from handshake.features.sizing import resized
from handshake.hello_template import HelloTemplate


class FirstRecordLength(NumbersFeature, frozen=True):
    """The first record of the hello has so many bytes, its header not counted: ..5, 256..511 and 512.. are
    such numbers.
    """

    NOTATION = "first-record-length:<numbers>"
    PHRASE = "a first record of {}"

    def _words(self) -> tuple[str, ...]:
        return (self.numbers.describe("bytes"),)

    def _has(self, flight: FirstFlight) -> bool:
        return flight.records[0].length in self.numbers

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return _with_first(template, self.numbers.__contains__)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        joined = replace(template, records=())
        if not self.present(flight_of(joined)):
            return joined
        return _with_first(template, lambda size: size not in self.numbers)


def _with_first(template: HelloTemplate, is_wanted: Callable[[int], bool]) -> HelloTemplate:
    """The hello with a first record of a wanted length, the longest there is; where no cut gives one, the
    hello in one record, made longer or shorter.
    """
    length = flight_of(template).length
    first = next(nearest(length, lambda size: 0 < size < length and is_wanted(size), length), None)
    if first is None or not is_in_record(template):
        return resized(replace(template, records=()), is_wanted)
    return replace(template, records=(first,))
