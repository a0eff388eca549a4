"""A list without some entries."""

from typing import Self

from handshake.errors import DecodeError, LocalError
from handshake.features.bodies import usual_extension
from handshake.features.code_points import name_of_extension, two_arguments
from handshake.features.edits import first_of, put, put_body
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight
from handshake.hello_template import HelloTemplate
from handshake.wire.extensions import pull_supported_groups, push_supported_groups
from handshake.wire.registry import parse_extension_type


class NoneOf(Feature, frozen=True):
    """The extension is a list of 16-bit numbers and has none of these (24,25 or 0x0018,0x0019)."""

    NOTATION = "none-of:<name>:<code>,<code>..."
    PHRASE = "a list {} without any of {}"

    extension_type: int
    codes: tuple[int, ...]

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the extension's name and the numbers. Raises ValueError."""
        name, text = two_arguments(argument, cls.NOTATION)
        extension_type = parse_extension_type(name)
        try:
            return cls(extension_type, tuple(int(code, 0) for code in text.split(",")))
        except ValueError:
            raise ValueError(f"{text!r} are no numbers: write them like 24,0x0019") from None

    @property
    def argument(self) -> str:
        """Both."""
        return ":".join(self._words())

    def applies(self, flight: FirstFlight) -> bool:
        """To hellos that have the extension."""
        return self.extension_type in flight.extension_types

    def _words(self) -> tuple[str, ...]:
        return name_of_extension(self.extension_type), ",".join(f"0x{code:04x}" for code in self.codes)

    def _has(self, flight: FirstFlight) -> bool:
        body = flight.hello.extension(self.extension_type)
        try:
            return bool(body) and set(self.codes).isdisjoint(pull_supported_groups(body or b""))
        except DecodeError:
            return False

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        if first_of(template, self.extension_type) is None:
            template = put(template, usual_extension(template, self.extension_type))
        left = [code for code in self._listed(template) if code not in self.codes]
        if not left:
            raise LocalError("nothing would be left in the list")
        return put_body(template, self.extension_type, push_supported_groups(tuple(left)))

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        listed = (*self._listed(template), self.codes[0])
        return put_body(template, self.extension_type, push_supported_groups(listed))

    def _listed(self, template: HelloTemplate) -> tuple[int, ...]:
        extension = first_of(template, self.extension_type)
        assert extension is not None, "it is there"
        return pull_supported_groups(extension.body)
