"""What an extension says, byte for byte."""

from collections.abc import Iterator
from typing import Self

from handshake.errors import LocalError
from handshake.features.bodies import usual_extension
from handshake.features.code_points import name_of_extension, two_arguments
from handshake.features.edits import offers_tls_1_3, put, remove
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight, flight_of
from handshake.features.listed import entries, is_grease_entry
from handshake.features.tls_1_3 import with_what_tls_1_3_needs
from handshake.hello_template import ExtensionTemplate, HelloTemplate
from handshake.wire.extension_text import describe_extension
from handshake.wire.registry import ExtensionType, is_grease, parse_extension_type

_MADE_ANEW = frozenset(
    {
        ExtensionType.SERVER_NAME,
        ExtensionType.KEY_SHARE,
        ExtensionType.KEY_SHARE_DRAFT,
        ExtensionType.PADDING,
        ExtensionType.SESSION_TICKET,
        ExtensionType.PRE_SHARED_KEY,
        ExtensionType.COOKIE,
        ExtensionType.ENCRYPTED_CLIENT_HELLO,
    }
)
"""What says another thing on each connection."""


class Body(Feature, frozen=True):
    """The extension is there, and its body is just this (hex)."""

    NOTATION = "body:<name>:<hex>"
    PHRASE = "the extension {} that says {}"

    extension_type: int
    body: bytes

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the extension's name and its body. Raises ValueError."""
        name, text = two_arguments(argument, cls.NOTATION)
        extension_type = parse_extension_type(name)
        try:
            return cls(extension_type, bytes.fromhex(text))
        except ValueError:
            raise ValueError(f"{text!r} is no body in hexadecimal, like 0002 0017") from None

    @property
    def argument(self) -> str:
        """Both."""
        return f"{name_of_extension(self.extension_type)}:{self.body.hex()}"

    def applies(self, flight: FirstFlight) -> bool:
        """To hellos that have the extension."""
        return self.extension_type in flight.extension_types

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """Each body that is the same on every connection."""
        for extension in flight.hello.extensions or ():
            code, body = extension.extension_type, extension.body
            if body and not is_grease(code) and code not in _MADE_ANEW and not _has_grease(code, body):
                yield cls(code, body)

    @classmethod
    def differing(cls, first: FirstFlight, second: FirstFlight) -> Iterator[Self]:
        """Those of extensions that both have, where it is not only other entries in a list."""
        for feature in dict.fromkeys((*cls.found_in(first), *cls.found_in(second))):
            bodies = [flight.hello.extension(feature.extension_type) for flight in (first, second)]
            listed = [entries(feature.extension_type, body or b"") for body in bodies]
            is_told_by_entries = listed[0] is not None and set(listed[0]) != set(listed[1] or ())
            if None not in bodies and bodies[0] != bodies[1] and not is_told_by_entries:
                yield feature

    def _words(self) -> tuple[str, ...]:
        return name_of_extension(self.extension_type), describe_extension(self.extension_type, self.body)

    def _has(self, flight: FirstFlight) -> bool:
        return flight.hello.extension(self.extension_type) == self.body

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        changed = put(template, ExtensionTemplate(self.extension_type, self.body))
        is_of_versions = self.extension_type == ExtensionType.SUPPORTED_VERSIONS
        return with_what_tls_1_3_needs(changed) if is_of_versions and offers_tls_1_3(changed) else changed

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        """With its usual body; without the extension, where that is the same or not known."""
        try:
            usual = put(template, usual_extension(template, self.extension_type))
        except LocalError:
            return remove(template, self.extension_type)
        return remove(template, self.extension_type) if self.present(flight_of(usual)) else usual


def _has_grease(extension_type: int, body: bytes) -> bool:
    return any(map(is_grease_entry, entries(extension_type, body) or ()))
