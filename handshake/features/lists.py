"""An entry of a list that an extension is."""

from collections.abc import Iterator
from typing import Self

from handshake.errors import LocalError
from handshake.features.bodies import usual_extension
from handshake.features.code_points import name_of_extension, two_arguments
from handshake.features.edits import first_of, put, put_body, remove
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight
from handshake.features.listed import LIST_TYPES, body_of, canonical, entries, is_grease_entry
from handshake.hello_template import HelloTemplate
from handshake.wire.registry import ExtensionType, parse_extension_type


class Lists(Feature, frozen=True):
    """The extension lists this entry: `lists:supported_groups:x25519`, `lists:signature_algorithms:0x0804`,
    `lists:application_layer_protocol_negotiation:h2`.
    """

    NOTATION = "lists:<name>:<entry>"
    PHRASE = "{} in {}"

    extension_type: int
    entry: str

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the extension's name and the entry's. Raises ValueError."""
        name, entry = two_arguments(argument, cls.NOTATION)
        extension_type = parse_extension_type(name)
        if extension_type not in LIST_TYPES:
            known = ", ".join(map(name_of_extension, LIST_TYPES))
            raise ValueError(f"{name} is not read as a list; those that are: {known}")
        return cls(extension_type, canonical(extension_type, entry))

    @property
    def argument(self) -> str:
        """Both."""
        return f"{name_of_extension(self.extension_type)}:{self.entry}"

    def applies(self, flight: FirstFlight) -> bool:
        """To hellos that have the extension."""
        return self.extension_type in flight.extension_types

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """Each entry but GREASE."""
        for code in LIST_TYPES:
            for entry in dict.fromkeys(_entries(flight, code)):
                if not is_grease_entry(entry):
                    yield cls(code, entry)

    @classmethod
    def differing(cls, first: FirstFlight, second: FirstFlight) -> Iterator[Self]:
        """Those that one of two hellos which both have the extension has alone."""
        for one, other in ((first, second), (second, first)):
            for feature in cls.found_in(one):
                if feature.applies(other) and not feature.present(other):
                    yield feature

    def _words(self) -> tuple[str, ...]:
        return self.entry, name_of_extension(self.extension_type)

    def _has(self, flight: FirstFlight) -> bool:
        return self.entry in _entries(flight, self.extension_type)

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        if self.extension_type == ExtensionType.KEY_SHARE:  # RFC 8446 section 4.2.8
            template = Lists(ExtensionType.SUPPORTED_GROUPS, self.entry).with_(template)
        if first_of(template, self.extension_type) is None:
            template = put(template, usual_extension(template, self.extension_type))
        before = first_of(template, self.extension_type)
        listed = None if before is None else entries(self.extension_type, before.body)
        if before is None or listed is None:
            raise LocalError("what is there cannot be read as a list")
        if self.entry in listed:
            return template
        added = [*listed, self.entry]
        if self.extension_type == ExtensionType.KEY_SHARE:
            groups = _names_in(template, ExtensionType.SUPPORTED_GROUPS)
            added.sort(key=groups.index)
        return put_body(template, self.extension_type, body_of(self.extension_type, added, before.body))

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        if self.extension_type == ExtensionType.SUPPORTED_GROUPS:
            template = Lists(ExtensionType.KEY_SHARE, self.entry).without(template)
        before = first_of(template, self.extension_type)
        assert before is not None, "the hello has it"
        left = [each for each in _names_in(template, self.extension_type) if each != self.entry]
        if not left and self.extension_type != ExtensionType.KEY_SHARE:
            return remove(template, self.extension_type)
        return put_body(template, self.extension_type, body_of(self.extension_type, left, before.body))


def _entries(flight: FirstFlight, extension_type: int) -> tuple[str, ...]:
    body = flight.hello.extension(extension_type)
    return () if body is None else entries(extension_type, body) or ()


def _names_in(template: HelloTemplate, extension_type: int) -> tuple[str, ...]:
    extension = first_of(template, extension_type)
    return () if extension is None else entries(extension_type, extension.body) or ()
