"""A hello without compression methods."""

from msgspec.structs import replace

from handshake.features.arguments import PlainFeature
from handshake.features.edits import record_format
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate
from handshake.wire.client_hello import NULL_COMPRESSION


class NoCompressionMethods(PlainFeature, frozen=True):
    """The list of compression methods is empty."""

    NOTATION = "no-compression-methods"
    PHRASE = "no compression methods"

    def _has(self, flight: FirstFlight) -> bool:
        return not flight.hello.compression_methods

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return replace(record_format(template), compression_methods=b"")

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return replace(template, compression_methods=NULL_COMPRESSION)
