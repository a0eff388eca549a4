"""A last extension that says nothing."""

from handshake.features.arguments import PlainFeature
from handshake.features.bodies import usual_extension
from handshake.features.edits import put_last
from handshake.features.flight import FirstFlight, flight_of
from handshake.hello_template import HelloTemplate
from handshake.wire.registry import ExtensionType


class EmptyLastExtension(PlainFeature, frozen=True):
    """The last extension has an empty body."""

    NOTATION = "empty-last-extension"
    PHRASE = "an empty extension in last place"

    def _has(self, flight: FirstFlight) -> bool:
        return bool(flight.hello.extensions) and not (flight.hello.extensions or ())[-1].body

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        sent = flight_of(template).hello.extensions or ()
        empty = [extension.extension_type for extension in sent if not extension.body]
        chosen = empty[-1] if empty else ExtensionType.EXTENDED_MASTER_SECRET  # RFC 7627 section 5.1
        return put_last(template, usual_extension(template, chosen))

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        sent = flight_of(template).hello.extensions or ()
        others = [extension.extension_type for extension in sent if extension.body]
        chosen = others[-1] if others else ExtensionType.PADDING
        return put_last(template, usual_extension(template, chosen))
