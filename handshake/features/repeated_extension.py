"""An extension that is there more than once."""

from collections.abc import Iterator
from typing import Self

from handshake.features.arguments import ExtensionFeature
from handshake.features.edits import first_of, insert, with_extensions
from handshake.features.extension import Extension
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate


class RepeatedExtension(ExtensionFeature, frozen=True):
    """The extension is there more than once, which no hello may have (RFC 8446 section 4.2)."""

    NOTATION = "repeated-extension:<name>"
    PHRASE = "a repetition of the extension {}"

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """Each that is repeated."""
        types = flight.extension_types
        yield from (cls(code) for code in dict.fromkeys(types) if types.count(code) > 1)

    def _has(self, flight: FirstFlight) -> bool:
        return flight.extension_types.count(self.extension_type) > 1

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        one = Extension(self.extension_type).with_(template)
        extension = first_of(one, self.extension_type)
        assert extension is not None, "it was added"
        return insert(one, extension)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        kept = first_of(template, self.extension_type)
        left = [e for e in template.extensions or () if e.extension_type != self.extension_type or e is kept]
        return with_extensions(template, left)
