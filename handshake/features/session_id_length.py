"""The length of the session id."""

from collections.abc import Callable, Iterator
from typing import Self

from msgspec.structs import replace

from handshake.errors import LocalError
from handshake.features.arguments import NumbersFeature
from handshake.features.flight import FirstFlight
from handshake.features.numbers import Numbers, nearest
from handshake.hello_template import HelloTemplate
from handshake.wire.client_hello import MAX_SESSION_ID_SIZE


class SessionIdLength(NumbersFeature, frozen=True):
    """The session id has so many bytes: 0, 16 and 1..32 are such numbers."""

    NOTATION = "session-id-length:<numbers>"
    PHRASE = "a session id of {}"

    def applies(self, flight: FirstFlight) -> bool:
        """To hellos with a session id."""
        return bool(flight.hello.session_id)

    @classmethod
    def found_in(cls, flight: FirstFlight) -> Iterator[Self]:
        """The length of a session id that is there."""
        if length := len(flight.hello.session_id):
            yield cls(Numbers(length, length))

    def _words(self) -> tuple[str, ...]:
        return (self.numbers.describe("bytes"),)

    def _has(self, flight: FirstFlight) -> bool:
        return len(flight.hello.session_id) in self.numbers

    def _add(self, template: HelloTemplate) -> HelloTemplate:
        return _with_length(template, self.numbers.__contains__)

    def _remove(self, template: HelloTemplate) -> HelloTemplate:
        return _with_length(template, lambda length: length not in self.numbers)


def _with_length(template: HelloTemplate, is_wanted: Callable[[int], bool]) -> HelloTemplate:
    length = next(nearest(template.session_id_length, is_wanted, MAX_SESSION_ID_SIZE), None)
    if length is None:
        raise LocalError("a session id has 0 to 32 bytes (RFC 5246 section 7.4.1.2)")
    return replace(template, session_id_length=length)
