"""A session id that is too long."""

from msgspec.structs import replace

from handshake.features.arguments import PlainFeature
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate
from handshake.wire.client_hello import MAX_SESSION_ID_SIZE


class SessionIdOver32(PlainFeature, frozen=True):
    """The session id has more than the 32 bytes that it may have (RFC 5246 section 7.4.1.2)."""

    NOTATION = "session-id-over-32"
    PHRASE = "a session id of more than 32 bytes"

    def _has(self, flight: FirstFlight) -> bool:
        return len(flight.hello.session_id) > MAX_SESSION_ID_SIZE

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return replace(template, session_id_length=MAX_SESSION_ID_SIZE + 1)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return replace(template, session_id_length=MAX_SESSION_ID_SIZE)
