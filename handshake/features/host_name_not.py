"""A host_name that is not like others."""

import re
from typing import Self

from handshake.errors import LocalError
from handshake.features.edits import remove
from handshake.features.feature import Feature
from handshake.features.flight import FirstFlight, flight_of
from handshake.features.server_names import host_names, naming, naming_the_server
from handshake.hello_template import HelloTemplate
from handshake.wire.extensions import HOST_NAME
from handshake.wire.registry import ExtensionType

_ODD_NAMES = (b"", b"a", b"a_b.example", b"-a.example", b"192.0.2.1", b"a.example.", b"a\x00b", b"a" * 300)


class HostNameNot(Feature, frozen=True):
    """The server_name extension has a host_name that the whole regular expression does not fit."""

    NOTATION = "host-name-not:<regular expression>"
    PHRASE = "a host_name in server_name that is not like {}"

    expression: str

    @classmethod
    def parse(cls, word: str, argument: str) -> Self:
        """Read the expression. Raises ValueError."""
        try:
            re.compile(argument.encode("ascii"))
        except (re.error, UnicodeEncodeError) as error:
            raise ValueError(f"{argument!r} is no regular expression: {error}") from None
        return cls(argument)

    @property
    def argument(self) -> str:
        """The expression."""
        return self.expression

    def _is_odd(self, name: bytes) -> bool:
        return re.fullmatch(self.expression.encode("ascii"), name) is None

    def _has(self, flight: FirstFlight) -> bool:
        return any(map(self._is_odd, host_names(flight.hello)))

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        name = next(filter(self._is_odd, _ODD_NAMES), None)
        if name is None:
            raise LocalError("no host_name was found that it does not fit")
        return naming(template, [(HOST_NAME, name)])

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        named = naming_the_server(template)
        if self.present(flight_of(named)):
            return remove(template, ExtensionType.SERVER_NAME)
        return named
