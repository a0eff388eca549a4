"""The client's side of the words before TLS, without a socket: bytes in, bytes out."""

from collections.abc import Generator

from handshake import clear_text
from handshake.clear_text import Excess, Words

__all__ = ["Dialogue", "PreludeFailure", "Words", "in_ascii"]

MAX_SAID_CHARACTERS = 200


class PreludeFailure(Exception):
    """TLS does not begin. `what` is `refused` (the server says no), `not-offered` (it has no TLS) or
    `unreadable` (it speaks something else); `said` is what the server said, as printable ASCII.
    """

    def __init__(self, what: str, said: bytes) -> None:
        super().__init__(what)
        self.what = what
        self.said = in_ascii(said)


class Dialogue(clear_text.Dialogue):
    """A conversation with a server; `receive` raises PreludeFailure."""

    def receive(self, data: bytes) -> None:
        """Take what the server says. What comes with its last word, and should be TLS's, is no TLS: a server
        does not speak first in TLS, so somebody else has put it there (CVE-2021-23222 was of this kind).
        """
        try:
            super().receive(data)
        except Excess as excess:
            raise PreludeFailure("unreadable", excess.said) from None
        if self.is_over and self.rest():
            raise PreludeFailure("unreadable", self.rest())

    def line(self) -> Generator[None, None, bytes]:
        """Read a line and return it without its end, which some servers write as a bare line feed."""
        line = yield from self.through(b"\n")
        return line.rstrip(b"\r\n")


def in_ascii(said: bytes) -> str:
    """Return what was said as printable ASCII, everything else escaped, cut at MAX_SAID_CHARACTERS."""
    text = said[:MAX_SAID_CHARACTERS].decode("latin-1").strip(" \r\n")
    escaped = text.encode("unicode_escape").decode("ascii")
    return escaped if len(escaped) <= MAX_SAID_CHARACTERS else escaped[: MAX_SAID_CHARACTERS - 3] + "..."
