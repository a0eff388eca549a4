"""Values that mean nothing and are there to keep servers tolerant (RFC 8701)."""

from collections.abc import Iterator, Mapping
from typing import Self

from handshake.errors import DecodeError
from handshake.features.bodies import usual_extension
from handshake.features.edits import (
    first_of,
    insert,
    listed_versions,
    remove,
    with_cipher_suites,
    with_extensions,
    with_versions,
)
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight, flight_of
from handshake.features.listed import entries, is_grease_entry
from handshake.features.lists import Lists
from handshake.hello_template import ExtensionTemplate, HelloTemplate
from handshake.wire.extensions import pull_supported_versions
from handshake.wire.registry import ExtensionType, is_grease

_VALUE, _ENTRY = 0x0A0A, "0x0a0a"  # the first of the sixteen, RFC 8701 section 2
_LISTS = {
    "group": ExtensionType.SUPPORTED_GROUPS,
    "key-share": ExtensionType.KEY_SHARE,
    "signature-scheme": ExtensionType.SIGNATURE_ALGORITHMS,
}
_PLACES = {
    "cipher-suite": "GREASE among its cipher suites",
    "extension": "GREASE among its extensions",
    "version": "GREASE in supported_versions",
    **{place: f"GREASE in {extension.name.lower()}" for place, extension in _LISTS.items()},
}


class Grease(Feature, frozen=True):
    """A GREASE value (RFC 8701) in one place; without a place in any of them."""

    NOTATION = "grease:<place>"

    place: str = ""

    @classmethod
    def notations(cls) -> Mapping[str, str]:
        """The word alone, and with each place."""
        meanings = {"grease": "The hello has a GREASE value (RFC 8701) in one of the places below."}
        return meanings | {f"grease:{place}": f"The hello has {phrase}." for place, phrase in _PLACES.items()}

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the place, if there is one. Raises ValueError."""
        if argument not in ("", *_PLACES):
            raise ValueError(f"{argument!r} is no place for GREASE; there is {', '.join(_PLACES)}")
        return cls(argument)

    @property
    def name(self) -> str:
        """The word, and the place if there is one."""
        return f"grease:{self.place}" if self.place else "grease"

    def describe(self) -> str:
        """In plain English."""
        return _PLACES.get(self.place, "GREASE")

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """Each place that has some."""
        yield from (feature for feature in map(cls, _PLACES) if feature.present(flight))

    def _has(self, flight: FirstFlight) -> bool:
        if not self.place:
            return any(_is_in(place, flight) for place in _PLACES)
        return _is_in(self.place, flight)

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        match self.place:
            case "extension":
                return with_extensions(template, (ExtensionTemplate(_VALUE), *(template.extensions or ())))
            case "version":
                return _with_a_version(template)
            case "group" | "key-share" | "signature-scheme":
                return Lists(_LISTS[self.place], _ENTRY).with_(template)
        return with_cipher_suites(template, (_VALUE, *template.cipher_suites))

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        for place in (self.place,) if self.place else _PLACES:
            template = _without(place, template)
        return template


def _is_in(place: str, flight: FirstFlight) -> bool:
    match place:
        case "cipher-suite":
            return any(map(is_grease, flight.cipher_suites))
        case "extension":
            return any(map(is_grease, flight.extension_types))
    body = flight.hello.extension(_LISTS.get(place, ExtensionType.SUPPORTED_VERSIONS))
    if not body:
        return False
    if place == "version":
        try:
            return any(map(is_grease, pull_supported_versions(body)))
        except DecodeError:
            return False
    return any(map(is_grease_entry, entries(_LISTS[place], body) or ()))


def _with_a_version(template: HelloTemplate) -> HelloTemplate:
    if first_of(template, ExtensionType.SUPPORTED_VERSIONS) is None:
        template = insert(template, usual_extension(template, ExtensionType.SUPPORTED_VERSIONS))
    return with_versions(template, (_VALUE, *listed_versions(template)))


def _without(place: str, template: HelloTemplate) -> HelloTemplate:
    match place:
        case "cipher-suite":
            left = [code for code in template.cipher_suites if not is_grease(code)]
            return with_cipher_suites(template, left)
        case "extension":
            for code in filter(is_grease, flight_of(template).extension_types):
                template = remove(template, code)
            return template
        case "version":
            left = [version for version in listed_versions(template) if not is_grease(version)]
            return with_versions(template, left) if left else template
    extension = first_of(template, _LISTS[place])
    for entry in () if extension is None else entries(_LISTS[place], extension.body) or ():
        if is_grease_entry(entry):
            template = Lists(_LISTS[place], entry).without(template)
    return template
