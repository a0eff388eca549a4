"""The server's side of the words before TLS, without a socket: bytes in, bytes out.

`clients.starttls.dialogue` is the other side; neither imports the other, and each is tested with it.
"""

from collections.abc import Callable, Generator

MAX_LINE_BYTES = 8_192

Words = Generator[None, None, None]
"""A conversation in progress: it yields when it needs more of what the client says."""


class Broken(Exception):
    """The client does not keep to the protocol; the text says how. The connection ends."""


class Dialogue:
    """A conversation that is held by `words`; it starts at once. `receive` raises Broken."""

    def __init__(self, words: "Callable[[Dialogue], Words]") -> None:
        self.is_over = False
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self._words = words(self)
        self._go_on()

    def data_to_send(self) -> bytes:
        """Return what is to be sent, once."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def receive(self, data: bytes) -> None:
        """Take what the client says."""
        self._incoming += data
        self._go_on()

    def rest(self) -> bytes:
        """Return what came after the last word, which TLS has to make sense of."""
        return bytes(self._incoming)

    def say(self, data: bytes) -> None:
        """Send `data`."""
        self._outgoing += data

    def exactly(self, size: int) -> Generator[None, None, bytes]:
        """Read `size` bytes."""
        while len(self._incoming) < size:
            yield
        return self._take(size)

    def through(self, end: bytes) -> Generator[None, None, bytes]:
        """Read to the first `end`, and that with it."""
        while (found := self._incoming.find(end)) < 0:
            if len(self._incoming) > MAX_LINE_BYTES:
                raise Broken(f"no line ended within {MAX_LINE_BYTES} bytes")
            yield
        return self._take(found + len(end))

    def command(self) -> Generator[None, None, bytes]:
        """Read a line and return it in upper case, without its end."""
        line = yield from self.through(b"\n")
        return line.strip().upper()

    def _take(self, size: int) -> bytes:
        data = bytes(self._incoming[:size])
        del self._incoming[:size]
        return data

    def _go_on(self) -> None:
        try:
            next(self._words)
        except StopIteration:
            self.is_over = True
