"""The presence of a compression method."""

from collections.abc import Iterator
from typing import Self

from msgspec.structs import replace

from handshake.errors import LocalError
from handshake.features.edits import offers_tls_1_3, record_format
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate
from handshake.wire.registry import CompressionMethod, parse_hex_code, unknown_name

_NAMES = {int(method): method.name.lower() for method in CompressionMethod}
_CODES = {name: code for code, name in _NAMES.items()}


class Compression(Feature, frozen=True):
    """The hello offers the compression method (null, deflate, lzs, or hex)."""

    NOTATION = "compression-method:<name>"
    PHRASE = "the compression method {}"

    code: int

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the method's name. Raises ValueError."""
        text = argument.strip().lower()
        code = _CODES.get(text, parse_hex_code(text, 2))
        if code is None:
            raise unknown_name("compression method", argument, list(_CODES))
        return cls(code)

    @property
    def argument(self) -> str:
        """The method."""
        return _NAMES.get(self.code, f"0x{self.code:02x}")

    def applies(self, flight: FirstFlight) -> bool:
        """To hellos in TLS records; the format of SSLv2 has no list of methods."""
        return flight.sslv2 is None

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """Each method."""
        if flight.sslv2 is None:
            yield from (cls(code) for code in dict.fromkeys(flight.hello.compression_methods))

    def _has(self, flight: FirstFlight) -> bool:
        return self.code in flight.hello.compression_methods

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        if offers_tls_1_3(template):
            raise LocalError("a hello that offers TLS 1.3 has null alone (RFC 8446 section 4.1.2)")
        record = record_format(template)
        return replace(record, compression_methods=bytes([self.code]) + record.compression_methods)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        if self.code == CompressionMethod.NULL:
            raise LocalError("it must be there (RFC 5246 section 7.4.1.2)")
        left = bytes(code for code in template.compression_methods if code != self.code)
        return replace(template, compression_methods=left)
