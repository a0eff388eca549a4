"""The framing of the hello."""

from msgspec.structs import replace

from handshake.features.arguments import PlainFeature
from handshake.features.edits import record_format
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloFormat, HelloTemplate


class SSLv2Format(PlainFeature, frozen=True):
    """The hello is in the format of SSLv2 (RFC 5246 appendix E.2) and not in a TLS record."""

    NOTATION = "sslv2-format"
    PHRASE = "the format of SSLv2"

    def _has(self, flight: FirstFlight) -> bool:
        return flight.sslv2 is not None

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return replace(template, format=HelloFormat.SSLV2, session_id_length=0, extensions=None, records=())

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return record_format(template)
