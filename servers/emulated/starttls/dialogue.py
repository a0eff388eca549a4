"""The server's side of the words before TLS, without a socket: bytes in, bytes out.

`clients.starttls` is the other side; neither imports the other, and each is tested with it.
"""

from collections.abc import Callable, Generator, Mapping

from handshake import clear_text
from handshake.clear_text import Excess, Words

__all__ = ["Broken", "Dialogue", "Words"]


class Broken(Exception):
    """The client does not keep to the protocol; the text says how. The connection ends."""


class Dialogue(clear_text.Dialogue):
    """A conversation with a client; `receive` raises Broken. `settings` are the server's of the protocol."""

    def __init__(
        self, words: Callable[["Dialogue"], Words], settings: Mapping[str, str] | None = None
    ) -> None:
        self.settings = settings or {}
        super().__init__(words)

    def receive(self, data: bytes) -> None:
        """Take what the client says."""
        try:
            super().receive(data)
        except Excess as excess:
            raise Broken(str(excess)) from None

    def command(self) -> Generator[None, None, bytes]:
        """Read a line and return it in upper case, without its end."""
        line = yield from self.through(b"\n")
        return line.strip().upper()
