"""An extension that says something."""

from handshake.features.arguments import PlainFeature
from handshake.features.bodies import usual_extension
from handshake.features.edits import insert, remove
from handshake.features.flight import FirstFlight, flight_of
from handshake.hello_template import HelloTemplate
from handshake.wire.registry import ExtensionType


class NonEmptyExtension(PlainFeature, frozen=True):
    """Some extension has a body that is not empty."""

    NOTATION = "non-empty-extension"
    PHRASE = "an extension whose body is not empty"

    def _has(self, flight: FirstFlight) -> bool:
        return any(extension.body for extension in flight.hello.extensions or ())

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return insert(template, usual_extension(template, ExtensionType.PADDING))

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        for extension in flight_of(template).hello.extensions or ():
            if extension.body:
                template = remove(template, extension.extension_type)
        return template
