"""A block without extensions."""

from msgspec.structs import replace

from handshake.features.arguments import PlainFeature
from handshake.features.edits import record_format
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate


class EmptyExtensionBlock(PlainFeature, frozen=True):
    """The hello has an extension block without an extension in it (00 00)."""

    NOTATION = "empty-extension-block"
    PHRASE = "an empty extension block"

    def _has(self, flight: FirstFlight) -> bool:
        return flight.hello.extensions == ()

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return replace(record_format(template), extensions=())

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return replace(template, extensions=None)
