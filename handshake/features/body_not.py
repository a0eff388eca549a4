"""A body that is not laid out as it should be."""

from handshake.errors import LocalError
from handshake.features.body_layout import LayoutFeature
from handshake.features.edits import first_of, remove
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate

_ODD_BODIES = (b"", b"\x00", b"\xff", b"\x00\x00", b"\xff\xff\xff", bytes(300))


class BodyNot(LayoutFeature, frozen=True):
    """The extension is there, and its body is not laid out like this: `body-not:heartbeat:u8=1-2`. With an
    empty layout its body is not empty.
    """

    NOTATION = "body-not:<name>:<layout>"
    PHRASE = "the extension {} not laid out as {}"

    def _has(self, flight: FirstFlight) -> bool:
        layout = self._layout()
        return not all(map(layout.fits, flight.hello.bodies(self.extension_type)))

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        before = first_of(template, self.extension_type)
        bodies = _ODD_BODIES if before is None else (before.body + b"\x00", *_ODD_BODIES)
        body = next((each for each in bodies if not self._layout().fits(each)), None)
        if body is None:
            raise LocalError("no body was found that is laid out otherwise")
        return self._saying(template, body)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        try:
            return self._saying(template, self._layout().example())
        except LocalError:
            return remove(template, self.extension_type)
