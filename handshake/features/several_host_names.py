"""A server_name that names several hosts."""

from handshake.features.arguments import PlainFeature
from handshake.features.flight import FirstFlight
from handshake.features.server_names import host_names, naming, naming_the_server
from handshake.hello_template import HelloTemplate
from handshake.wire.extensions import HOST_NAME


class SeveralHostNames(PlainFeature, frozen=True):
    """The server_name extension has more than one host_name (RFC 6066 section 3 forbids it)."""

    NOTATION = "several-host-names"
    PHRASE = "several host_names in server_name"

    def _has(self, flight: FirstFlight) -> bool:
        return len(host_names(flight.hello)) > 1

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return naming(template, [(HOST_NAME, b"a.example"), (HOST_NAME, b"b.example")])

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return naming_the_server(template)
