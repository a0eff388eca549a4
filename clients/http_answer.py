"""HTTP as far as a client here needs it: when an answer is whole. Pure.

A line may end with LF alone (RFC 9112 section 2.2).
"""

import re

MAX_RESPONSE_BYTES = 65_536

_HTTP = b"HTTP/"
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_CONTENT_LENGTH = re.compile(rb"^content-length:[ \t]*([0-9]{1,15})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_CHUNKED = re.compile(rb"^transfer-encoding:(?:.*,)?[ \t]*chunked[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_CHUNK = re.compile(rb"(?:\r?\n)?([0-9a-f]{1,8})[^\n]*(?=\n)", re.IGNORECASE)
_INTERIM = re.compile(rb"(?:HTTP/[0-9.]+ +1(?!01)[0-9]{2}(?![0-9])[^\n]*\n(?:[^\r\n][^\n]*\n)*\r?\n)+")
_WITHOUT_BODY = (204, 304)

_STATUS = re.compile(rb"^HTTP/[0-9.]+ +([1-5][0-9]{2})(?![0-9])")


def http_status(answer: bytes | bytearray) -> int | None:
    """The status code of an HTTP answer (RFC 9112 section 4), the final one where others came before it; None
    of anything else.
    """
    found = _STATUS.match(_final(answer)) or _STATUS.match(answer)
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
        """Whether nothing more is to come: all of the body (RFC 9112 section 6.3), or as much as is taken. Of
        anything but HTTP (a mail server's greeting) the first bytes are answer enough.
        """
        if not (answer := _final(self.data)):
            return False
        is_full = len(self.data) == MAX_RESPONSE_BYTES
        return is_full or not answer.startswith(_HTTP[: len(answer)]) or self._missing() == 0

    @property
    def is_unreadable(self) -> bool:
        """Whether it cannot become an answer any more; as HTTP anything will do."""
        return False

    @property
    def ends_with_the_stream(self) -> bool:
        """Whether the answer has no end but that of the connection: its head is there and announces no
        length. An unfinished chunked one is taken for that: it may be a stream of events.
        """
        return _END_OF_HEAD.search(_final(self.data)) is not None and self._missing() is None

    def _missing(self) -> int | None:
        """How much of the announced body is still to come; None if nothing announced it (yet)."""
        answer = _final(self.data)
        end = _END_OF_HEAD.search(answer)
        if end is None:
            return None
        head = answer[: end.start()]
        if http_status(head) in _WITHOUT_BODY:
            return 0
        if _CHUNKED.search(head):
            return 0 if _has_last_chunk(answer, end.end()) else None
        announced = _CONTENT_LENGTH.search(head)
        return None if announced is None else max(int(announced[1]) - (len(answer) - end.end()), 0)


def _final(answer: bytes | bytearray) -> bytes | bytearray:
    """The answer without the interim ones before it (1xx, RFC 9110 section 15.2); 101 is a final one here."""
    interim = _INTERIM.match(answer)
    return answer if interim is None else answer[interim.end() :]


def _has_last_chunk(data: bytes | bytearray, at: int) -> bool:
    """Whether the chunks from there on come to their end, trailers included (RFC 9112 section 7.1)."""
    while (chunk := _CHUNK.match(data, at)) is not None:
        if int(chunk[1], 16) == 0:
            return _END_OF_HEAD.search(data, chunk.end()) is not None
        at = chunk.end() + 1 + int(chunk[1], 16)
    return False
