"""How many records the hello is cut into."""

from collections.abc import Callable, Iterator
from typing import Self

from msgspec.structs import replace

from handshake.errors import LocalError
from handshake.features.arguments import NumbersFeature
from handshake.features.edits import record_format
from handshake.features.flight import FirstFlight, flight_of
from handshake.features.numbers import Numbers, nearest
from handshake.hello_template import HelloTemplate

SEVERAL = Numbers(2)


class RecordCount(NumbersFeature, frozen=True):
    """The hello is cut into so many records: 1, 2.. and 2..4 are such numbers."""

    NOTATION = "record-count:<numbers>"
    PHRASE = "a division into {}"

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """That there are several records."""
        if len(flight.records) in SEVERAL:
            yield cls(SEVERAL)

    def _words(self) -> tuple[str, ...]:
        return (self.numbers.describe("records"),)

    def _has(self, flight: FirstFlight) -> bool:
        return len(flight.records) in self.numbers

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return _cut(template, self.numbers.__contains__)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return _cut(template, lambda count: count not in self.numbers)


def _cut(template: HelloTemplate, is_wanted: Callable[[int], bool]) -> HelloTemplate:
    record = record_format(template)
    length = flight_of(record).length
    now = len(flight_of(template).records)
    count = next(nearest(now, lambda count: count > 0 and is_wanted(count), length), None)
    if count is None:
        raise LocalError(f"its {length} bytes cannot be cut into such a number of records")
    return replace(record, records=(length // count,) * (count - 1))
