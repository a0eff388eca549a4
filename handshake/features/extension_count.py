"""How many extensions there are."""

from collections.abc import Callable

from handshake.errors import LocalError
from handshake.features.arguments import NumbersFeature
from handshake.features.edits import insert, remove
from handshake.features.flight import FirstFlight, flight_of
from handshake.features.numbers import nearest
from handshake.hello_template import ExtensionTemplate, HelloTemplate

_GREASE = tuple(0x1010 * i + 0x0A0A for i in range(16))  # RFC 8701 section 2


class ExtensionCount(NumbersFeature, frozen=True):
    """The hello has so many extensions, GREASE among them: 0, 1.. and 2..8 are such numbers."""

    NOTATION = "extension-count:<numbers>"
    PHRASE = "{}"

    def _words(self) -> tuple[str, ...]:
        return (self.numbers.describe("extensions"),)

    def _has(self, flight: FirstFlight) -> bool:
        return len(flight.extension_types) in self.numbers

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return _with_count(template, self.numbers.__contains__)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return _with_count(template, lambda count: count not in self.numbers)


def _with_count(template: HelloTemplate, is_wanted: Callable[[int], bool]) -> HelloTemplate:
    """The hello less its last extensions, or with more that mean nothing (RFC 8701)."""
    types = flight_of(template).extension_types
    spare = [code for code in _GREASE if code not in types]
    count = next(nearest(len(types), is_wanted, len(types) + len(spare)), None)
    if count is None:
        raise LocalError(f"there are 0 to {len(types) + len(spare)} extensions to be had")
    for code in spare[: max(count - len(types), 0)]:
        template = insert(template, ExtensionTemplate(code))
    while len(left := flight_of(template).extension_types) > count:
        template = remove(template, left[-1])
    return template
