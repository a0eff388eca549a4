"""HTTP as far as a client here needs it: when an answer is whole. Pure.

A line may end with LF alone (RFC 9112 section 2.2).
"""

import re

MAX_RESPONSE_BYTES = 65_536

_HTTP = b"HTTP/"
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_CONTENT_LENGTH = re.compile(rb"^content-length:[ \t]*([0-9]{1,15})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


_STATUS = re.compile(rb"^HTTP/[0-9.]+ +([1-5][0-9]{2})(?![0-9])")


def http_status(answer: bytes) -> int | None:
    """The status code of an HTTP answer (RFC 9112 section 4); None of anything else."""
    found = _STATUS.match(answer)
    return None if found is None else int(found[1])


class Answer:
    """What has come of one answer, at most MAX_RESPONSE_BYTES of it."""

    def __init__(self) -> None:
        self.data = bytearray()

    def take(self, data: bytes) -> None:
        """Take what has come; what is too much is dropped."""
        self.data += data[: MAX_RESPONSE_BYTES - len(self.data)]

    @property
    def is_whole(self) -> bool:
        """Whether nothing more is to come: all that Content-Length announces, or as much as is taken. Of
        anything but HTTP (a mail server's greeting) the first bytes are answer enough.
        """
        if not self.data:
            return False
        is_full = len(self.data) == MAX_RESPONSE_BYTES
        return is_full or not self.data.startswith(_HTTP[: len(self.data)]) or self._missing() == 0

    @property
    def is_unreadable(self) -> bool:
        """Whether it cannot become an answer any more; as HTTP anything will do."""
        return False

    @property
    def ends_with_the_stream(self) -> bool:
        """Whether the peer's closing is the end of the answer: its head is there and announces no length."""
        return _END_OF_HEAD.search(self.data) is not None and self._missing() is None

    def _missing(self) -> int | None:
        """How much of the announced body is still to come; None if nothing announced it (yet)."""
        end = _END_OF_HEAD.search(self.data)
        announced = None if end is None else _CONTENT_LENGTH.search(self.data[: end.start()])
        if end is None or announced is None:
            return None
        return max(int(announced[1]) - (len(self.data) - end.end()), 0)
