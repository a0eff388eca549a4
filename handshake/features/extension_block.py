"""The block of extensions."""

from msgspec.structs import replace

from handshake.features.arguments import PlainFeature
from handshake.features.edits import record_format
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate


class ExtensionBlock(PlainFeature, frozen=True):
    """The hello has an extension block, be it an empty one (00 00)."""

    NOTATION = "extension-block"
    PHRASE = "an extension block"

    def _has(self, flight: FirstFlight) -> bool:
        return flight.hello.extensions is not None

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return replace(record_format(template), extensions=())

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return replace(template, extensions=None)
