"""What features of a body's layout share."""

from typing import Self

from handshake.features.code_points import name_of_extension
from handshake.features.edits import put
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight
from handshake.features.layout import Layout, parse_layout
from handshake.hello_template import ExtensionTemplate, HelloTemplate
from handshake.wire.registry import parse_extension_type


class LayoutFeature(Feature, frozen=True):
    """A feature of an extension and a layout of its body (`handshake.features.layout`)."""

    extension_type: int
    text: str

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the extension's name and the layout. Raises ValueError."""
        name, _, text = argument.partition(":")
        parse_layout(text)
        return cls(parse_extension_type(name), text)

    @property
    def argument(self) -> str:
        """Both."""
        return f"{name_of_extension(self.extension_type)}:{self.text}"

    def applies(self, flight: FirstFlight) -> bool:
        """To hellos that have the extension."""
        return self.extension_type in flight.extension_types

    def _words(self) -> tuple[str, ...]:
        return name_of_extension(self.extension_type), self.text.strip() or "an empty body"

    def _layout(self) -> Layout:
        return parse_layout(self.text)

    def _saying(self, template: HelloTemplate, body: bytes) -> HelloTemplate:
        return put(template, ExtensionTemplate(self.extension_type, body))
