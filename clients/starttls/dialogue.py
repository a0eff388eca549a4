"""Both directions of a conversation in the clear, without a socket: bytes in, bytes out.

What the server says is untrusted: a conversation takes MAX_BYTES in all, and a line MAX_LINE_BYTES.
"""

from collections.abc import Callable, Generator

MAX_BYTES = 65_536
MAX_LINE_BYTES = 8_192
MAX_SAID_CHARACTERS = 200

Words = Generator[None, None, None]
"""One side of a conversation in progress: it yields when it needs more of what the server says."""


class PreludeFailure(Exception):
    """TLS does not begin. `what` is `refused` (the server says no), `not-offered` (it has no TLS) or
    `unreadable` (it speaks something else); `said` is what the server said, as printable ASCII.
    """

    def __init__(self, what: str, said: bytes) -> None:
        super().__init__(what)
        self.what = what
        self.said = in_ascii(said)


class Dialogue:
    """A conversation that is held by `words`; it starts at once.

    `receive` raises PreludeFailure, and so do the methods that `words` calls.
    """

    def __init__(self, words: "Callable[[Dialogue], Words]") -> None:
        self.is_over = False
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self._received = 0
        self._words = words(self)
        self._go_on()

    def data_to_send(self) -> bytes:
        """Return what is to be sent, once."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def receive(self, data: bytes) -> None:
        """Take what the server says. What comes with its last word, and should be TLS's, is no TLS: a server
        does not speak first in TLS, so somebody else has put it there (CVE-2021-23222 was of this kind).
        """
        self._received += len(data)
        self._incoming += data
        if self._received > MAX_BYTES:
            raise PreludeFailure("unreadable", bytes(self._incoming))
        self._go_on()
        if self.is_over and self._incoming:
            raise PreludeFailure("unreadable", bytes(self._incoming))

    def say(self, data: bytes) -> None:
        """Send `data`."""
        self._outgoing += data

    def exactly(self, size: int) -> Generator[None, None, bytes]:
        """Read `size` bytes."""
        if size > MAX_BYTES:
            raise PreludeFailure("unreadable", bytes(self._incoming))
        while len(self._incoming) < size:
            yield
        return self._take(size)

    def through(self, end: bytes) -> Generator[None, None, bytes]:
        """Read to the first `end`, and that with it."""
        while (found := self._incoming.find(end)) < 0:
            if len(self._incoming) > MAX_LINE_BYTES:
                raise PreludeFailure("unreadable", bytes(self._incoming))
            yield
        return self._take(found + len(end))

    def line(self) -> Generator[None, None, bytes]:
        """Read a line and return it without its end, which some servers write as a bare line feed."""
        line = yield from self.through(b"\n")
        return line.rstrip(b"\r\n")

    def _take(self, size: int) -> bytes:
        data = bytes(self._incoming[:size])
        del self._incoming[:size]
        return data

    def _go_on(self) -> None:
        try:
            next(self._words)
        except StopIteration:
            self.is_over = True


def in_ascii(said: bytes) -> str:
    """Return what was said as printable ASCII, everything else escaped, cut at MAX_SAID_CHARACTERS."""
    text = said[:MAX_SAID_CHARACTERS].decode("latin-1").strip(" \r\n")
    escaped = text.encode("unicode_escape").decode("ascii")
    return escaped if len(escaped) <= MAX_SAID_CHARACTERS else escaped[: MAX_SAID_CHARACTERS - 3] + "..."
