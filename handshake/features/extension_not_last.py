"""An extension that is not in last place."""

from handshake.features.arguments import ExtensionFeature
from handshake.features.bodies import usual_extension
from handshake.features.edits import put_last
from handshake.features.extension import Extension
from handshake.features.flight import FirstFlight, flight_of
from handshake.hello_template import HelloTemplate
from handshake.wire.registry import ExtensionType


class ExtensionNotLast(ExtensionFeature, frozen=True):
    """The extension is there, but not in last place."""

    NOTATION = "extension-not-last:<name>"
    PHRASE = "the extension {} before its last one"

    def _has(self, flight: FirstFlight) -> bool:
        return self.extension_type in flight.extension_types[:-1]

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        added = Extension(self.extension_type).with_(template)
        if self.present(flight_of(added)):
            return added
        others = [each for each in flight_of(added).extension_types if each != self.extension_type]
        is_padding = self.extension_type == ExtensionType.PADDING
        spare = ExtensionType.EXTENDED_MASTER_SECRET if is_padding else ExtensionType.PADDING
        return put_last(added, usual_extension(added, others[-1] if others else spare))

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return put_last(template, usual_extension(template, self.extension_type))
