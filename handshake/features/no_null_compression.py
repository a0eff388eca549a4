"""A hello without the compression method that must be there."""

from msgspec.structs import replace

from handshake.features.arguments import PlainFeature
from handshake.features.edits import record_format
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate
from handshake.wire.client_hello import NULL_COMPRESSION
from handshake.wire.registry import CompressionMethod


class NoNullCompression(PlainFeature, frozen=True):
    """The compression method null, which must be there, is not offered."""

    NOTATION = "no-null-compression"
    PHRASE = "no compression method null"

    def _has(self, flight: FirstFlight) -> bool:
        return CompressionMethod.NULL not in flight.hello.compression_methods

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        record = record_format(template)
        left = record.compression_methods.replace(NULL_COMPRESSION, b"")
        return replace(record, compression_methods=left or bytes([CompressionMethod.DEFLATE]))

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return replace(template, compression_methods=template.compression_methods + NULL_COMPRESSION)
