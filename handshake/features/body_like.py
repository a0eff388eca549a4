"""A body that is laid out in some way."""

from handshake.features.body_layout import LayoutFeature
from handshake.features.edits import remove
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate


class BodyLike(LayoutFeature, frozen=True):
    """The extension is there, and its body is laid out like this: `body-like:server_name:u16[(u8
    u16[u8*])+]`.
    """

    NOTATION = "body-like:<name>:<layout>"
    PHRASE = "the extension {} laid out as {}"

    def _has(self, flight: FirstFlight) -> bool:
        bodies = flight.hello.bodies(self.extension_type)
        return bool(bodies) and all(map(self._layout().fits, bodies))

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return self._saying(template, self._layout().example())

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return remove(template, self.extension_type)
