"""A session id."""

from msgspec.structs import replace

from handshake.features.arguments import PlainFeature
from handshake.features.edits import is_in_record
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate
from handshake.wire.client_hello import MAX_SESSION_ID_SIZE

_SSLV2_SIZE = 16  # of SSLv2's own


class SessionId(PlainFeature, frozen=True):
    """The hello has a session id, in TLS 1.3 for the sake of middleboxes (RFC 8446 appendix D.4)."""

    NOTATION = "session-id"
    PHRASE = "a session id"

    def _has(self, flight: FirstFlight) -> bool:
        return bool(flight.hello.session_id)

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        size = MAX_SESSION_ID_SIZE if is_in_record(template) else _SSLV2_SIZE
        return replace(template, session_id_length=size)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return replace(template, session_id_length=0)
