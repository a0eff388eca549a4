"""Entries of a list, of which one is enough."""

from typing import Self

from handshake.features.code_points import name_of_extension, two_arguments
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight
from handshake.features.lists import Lists
from handshake.hello_template import HelloTemplate


class ListsAny(Feature, frozen=True):
    """The extension lists at least one of these entries: with "not" before it, it has nothing in common with
    a server that takes these alone.
    """

    NOTATION = "lists-any:<name>:<entry>,<entry>..."
    PHRASE = "any of {} in {}"

    extension_type: int
    entries: tuple[str, ...]

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the extension's name and those of the entries. Raises ValueError."""
        name, written = two_arguments(argument, cls.NOTATION)
        listed = [Lists.parse("lists", f"{name}:{entry.strip()}") for entry in written.split(",")]
        return cls(listed[0].extension_type, tuple(each.entry for each in listed))

    @property
    def argument(self) -> str:
        """Both."""
        return f"{name_of_extension(self.extension_type)}:{','.join(self.entries)}"

    def applies(self, flight: FirstFlight) -> bool:
        """To hellos that have the extension."""
        return self.extension_type in flight.extension_types

    def _words(self) -> tuple[str, ...]:
        return ", ".join(self.entries), name_of_extension(self.extension_type)

    def _has(self, flight: FirstFlight) -> bool:
        return any(each.present(flight) for each in self._each())

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return self._each()[0].with_(template)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        for each in self._each():
            template = each.without(template)
        return template

    def _each(self) -> list[Lists]:
        return [Lists(self.extension_type, entry) for entry in self.entries]
