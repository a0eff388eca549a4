"""Words before TLS, without a socket: both directions of a conversation in the clear, and how TLS travels
after it.

Both roles share this; what is said in a protocol is each side's own. What a peer says is untrusted: a
conversation takes MAX_BYTES in all, and a line MAX_LINE_BYTES.
"""

from collections.abc import Callable, Generator
from typing import Self

MAX_BYTES = 65_536
MAX_LINE_BYTES = 8_192

Words = Generator[None, None, None]
"""One side of a conversation in progress: it yields when it needs more of what the peer says."""


class Excess(Exception):
    """The peer says more than any protocol needs; the text says what, `said` is what was not read yet."""

    def __init__(self, what: str, said: bytes) -> None:
        super().__init__(what)
        self.said = said


class Dialogue:
    """A conversation that is held by `words`; it starts at once.

    `receive` raises Excess and whatever `words` does. `unanswered` is how many bytes the peer has said since
    this side last did.
    """

    def __init__(self, words: Callable[[Self], Words]) -> None:
        self.is_over = False
        self.unanswered = 0
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self._received = 0
        self._words = words(self)
        self._go_on()

    def data_to_send(self) -> bytes:
        """Return what is to be sent, once."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        if data:
            self.unanswered = 0
        return data

    def receive(self, data: bytes) -> None:
        """Take what the peer says."""
        self._received += len(data)
        self._incoming += data
        self.unanswered += len(data)
        if self._received > MAX_BYTES:
            raise Excess(f"more than {MAX_BYTES} bytes came", self.rest())
        self._go_on()

    def rest(self) -> bytes:
        """Return what has come and was not read: after the last word it should be TLS's."""
        return bytes(self._incoming)

    def say(self, data: bytes) -> None:
        """Send `data`."""
        self._outgoing += data

    def exactly(self, size: int) -> Generator[None, None, bytes]:
        """Read `size` bytes."""
        if size > MAX_BYTES:
            raise Excess(f"{size} bytes are announced, more than {MAX_BYTES}", self.rest())
        while len(self._incoming) < size:
            yield
        return self._take(size)

    def through(self, end: bytes) -> Generator[None, None, bytes]:
        """Read to the first `end`, and that with it."""
        while (found := self._incoming.find(end)) < 0:
            if len(self._incoming) > MAX_LINE_BYTES:
                raise Excess(f"no line ended within {MAX_LINE_BYTES} bytes", self.rest())
            yield
        return self._take(found + len(end))

    def _take(self, size: int) -> bytes:
        data = bytes(self._incoming[:size])
        del self._incoming[:size]
        return data

    def _go_on(self) -> None:
        try:
            next(self._words)
        except StopIteration:
            self.is_over = True


class Framing:
    """How the bytes of TLS travel: as they are. One object a connection."""

    def wrap(self, data: bytes) -> bytes:
        """Return what goes over the wire for `data` of TLS."""
        return data

    def unwrap(self, data: bytes) -> bytes:
        """Return what there is of TLS in what came; what is incomplete is kept for later."""
        return data

    @property
    def begun(self) -> bytes:
        """What came and is not complete."""
        return b""

    def end(self) -> None:
        """The handshake is complete: what is wrapped from now on is data."""
