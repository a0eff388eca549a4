"""The lengths of the records of the hello."""

from collections.abc import Iterator
from typing import Self

from msgspec.structs import replace

from handshake.errors import LocalError
from handshake.features.arguments import NumbersFeature
from handshake.features.edits import is_in_record
from handshake.features.flight import FirstFlight, flight_of
from handshake.features.numbers import Numbers, nearest
from handshake.features.sizing import resized
from handshake.hello_template import HelloTemplate


class RecordLength(NumbersFeature, frozen=True):
    """One of the records of the hello has so many bytes, its header not counted: 256..511, 512.., ..3 and
    10 mod 256 are such numbers.

    A record of at most three bytes ends within the header of the handshake message.
    """

    NOTATION = "record-length:<numbers>"
    PHRASE = "a record of {}"

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """The lengths of several records; of one, the hello's length says it."""
        if len(flight.records) > 1:
            lengths = dict.fromkeys(record.length for record in flight.records)
            yield from (cls(Numbers(length, length)) for length in lengths)

    def _words(self) -> tuple[str, ...]:
        return (self.numbers.describe("bytes"),)

    def _has(self, flight: FirstFlight) -> bool:
        return any(record.length in self.numbers for record in flight.records)

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        length = flight_of(template).length
        first = next(nearest(length, lambda size: 0 < size < length and size in self.numbers, length), None)
        if first is None or not is_in_record(template):
            return resized(replace(template, records=()), self.numbers.__contains__)
        return replace(template, records=(first,))

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        joined = replace(template, records=())
        if not self.present(flight_of(joined)):
            return joined
        try:
            return resized(joined, lambda size: size not in self.numbers)
        except LocalError:
            return self._halved(joined)

    def _halved(self, template: HelloTemplate) -> HelloTemplate:
        length = flight_of(template).length
        for first in nearest(length // 2, lambda size: 0 < size < length, length):
            if is_in_record(template) and first not in self.numbers and length - first not in self.numbers:
                return replace(template, records=(first,))
        raise LocalError(f"its {length} bytes are in a record of such a length however they are cut in two")
