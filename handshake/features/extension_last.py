"""An extension in last place."""

from collections.abc import Iterator
from typing import Self

from handshake.features.arguments import ExtensionFeature
from handshake.features.bodies import usual_extension
from handshake.features.edits import put_last, remove
from handshake.features.flight import FirstFlight, flight_of
from handshake.hello_template import HelloTemplate
from handshake.wire.registry import is_grease


class ExtensionLast(ExtensionFeature, frozen=True):
    """The extension is there, in last place."""

    NOTATION = "extension-last:<name>"
    PHRASE = "the extension {} in last place"

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """The last one, unless it is GREASE."""
        yield from (cls(code) for code in flight.extension_types[-1:] if not is_grease(code))

    def _has(self, flight: FirstFlight) -> bool:
        return flight.extension_types[-1:] == (self.extension_type,)

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return put_last(template, usual_extension(template, self.extension_type))

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        others = [each for each in flight_of(template).extension_types if each != self.extension_type]
        if not others:
            return remove(template, self.extension_type)
        return put_last(template, usual_extension(template, others[-1]))
