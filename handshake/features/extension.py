"""The presence of an extension."""

from collections.abc import Iterator
from typing import Self

from handshake.features.arguments import ExtensionFeature
from handshake.features.bodies import usual_extension
from handshake.features.edits import put, remove
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate
from handshake.wire.registry import is_grease


class Extension(ExtensionFeature, frozen=True):
    """The extension is there (IANA's name or hex)."""

    NOTATION = "extension:<name>"
    PHRASE = "the extension {}"

    def applies(self, flight: FirstFlight) -> bool:
        """To every hello."""
        return True

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """Each extension but GREASE."""
        yield from (cls(code) for code in dict.fromkeys(flight.extension_types) if not is_grease(code))

    def _has(self, flight: FirstFlight) -> bool:
        return self.extension_type in flight.extension_types

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return put(template, usual_extension(template, self.extension_type))

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return remove(template, self.extension_type)
