"""A hello without cipher suites."""

from msgspec.structs import replace

from handshake.features.arguments import PlainFeature
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate


class NoCipherSuites(PlainFeature, frozen=True):
    """The list of cipher suites is empty; in the format of SSLv2, but for SSLv2's own."""

    NOTATION = "no-cipher-suites"
    PHRASE = "no cipher suites"

    def _has(self, flight: FirstFlight) -> bool:
        return not flight.hello.cipher_suites

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return replace(
            template, cipher_suites=tuple(code for code in template.cipher_suites if code > 0xFFFF)
        )

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return replace(template, cipher_suites=(*template.cipher_suites, 0x002F))  # RFC 5246 section 9
