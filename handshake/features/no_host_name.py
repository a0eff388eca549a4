"""A server_name that names no host."""

from handshake.features.arguments import PlainFeature
from handshake.features.flight import FirstFlight
from handshake.features.server_names import host_names, naming, naming_the_server
from handshake.hello_template import HelloTemplate
from handshake.wire.registry import ExtensionType

_ANOTHER_TYPE = 1


class NoHostName(PlainFeature, frozen=True):
    """The server_name extension is there, and has no name of the type host_name."""

    NOTATION = "no-host-name"
    PHRASE = "a server_name without a host_name"

    def _has(self, flight: FirstFlight) -> bool:
        has_extension = flight.hello.extension(ExtensionType.SERVER_NAME) is not None
        return has_extension and not host_names(flight.hello)

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return naming(template, [(_ANOTHER_TYPE, b"a")])

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return naming_the_server(template)
