"""A server_name that has two names of one type."""

from handshake.features.arguments import PlainFeature
from handshake.features.flight import FirstFlight
from handshake.features.server_names import naming, naming_the_server, server_names
from handshake.hello_template import HelloTemplate

_ANOTHER_TYPE = 1


class RepeatedNameType(PlainFeature, frozen=True):
    """The server_name extension has more than one name of some type (RFC 6066 section 3 forbids it)."""

    NOTATION = "repeated-name-type"
    PHRASE = "two names of one type in server_name"

    def _has(self, flight: FirstFlight) -> bool:
        types = [name_type for name_type, _ in server_names(flight.hello)]
        return len(set(types)) < len(types)

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return naming(template, [(_ANOTHER_TYPE, b"a"), (_ANOTHER_TYPE, b"b")])

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return naming_the_server(template)
