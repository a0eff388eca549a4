"""An extension that says nothing."""

from collections.abc import Iterator
from typing import Self

from handshake.errors import LocalError
from handshake.features.arguments import ExtensionFeature
from handshake.features.bodies import usual_extension
from handshake.features.edits import put, remove
from handshake.features.flight import FirstFlight
from handshake.hello_template import ExtensionTemplate, HelloTemplate
from handshake.wire.registry import is_grease


class EmptyBody(ExtensionFeature, frozen=True):
    """The extension is there, and its body is empty."""

    NOTATION = "empty-body:<name>"
    PHRASE = "an empty extension {}"

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """Each empty extension but GREASE."""
        types = (each.extension_type for each in flight.hello.extensions or () if not each.body)
        yield from (cls(code) for code in dict.fromkeys(types) if not is_grease(code))

    def _has(self, flight: FirstFlight) -> bool:
        return flight.hello.extension(self.extension_type) == b""

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return put(template, ExtensionTemplate(self.extension_type))

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        try:
            usual = usual_extension(template, self.extension_type)
        except LocalError:
            return remove(template, self.extension_type)
        has_body = usual.body or usual.fill is not None
        return put(template, usual) if has_body else remove(template, self.extension_type)
