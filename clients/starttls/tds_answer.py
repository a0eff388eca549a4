"""When SQL Server has answered a login: an ERROR or a LOGINACK in a whole message of tokens (MS-TDS sections
2.2.3.1, 2.2.7). Pure. Whatever else comes is no answer, and is told as another protocol's.
"""

import struct

from clients.http_answer import MAX_RESPONSE_BYTES, Answer

TABULAR_RESULT, END_OF_MESSAGE = 0x04, 0x01
HEADER = struct.Struct("!BBHHBB")  # type, status, length with the header, SPID, packet id, window
ERROR, INFO, LOGINACK, ENVCHANGE, SSPI = 0xAA, 0xAB, 0xAD, 0xE3, 0xED
_WITH_LENGTH = frozenset({ERROR, INFO, LOGINACK, ENVCHANGE, SSPI})
_ANSWERS = frozenset({ERROR, LOGINACK})


class LoginAnswer(Answer):
    """What has come of the answer to a LOGIN7."""

    @property
    def is_whole(self) -> bool:
        """Whether the login is answered, with yes or no."""
        tokens = _tokens(bytes(self.data))
        return tokens is not None and any(kind in _ANSWERS for kind in tokens)

    @property
    def is_unreadable(self) -> bool:
        """Whether it is something else, or a whole message without an answer to the login."""
        if self.data and self.data[0] != TABULAR_RESULT:
            return True
        tokens = _tokens(bytes(self.data))
        is_full = len(self.data) == MAX_RESPONSE_BYTES
        return is_full or (tokens is not None and not _ANSWERS & set(tokens))

    @property
    def ends_with_the_stream(self) -> bool:
        """A message says where it ends."""
        return False


def _tokens(data: bytes) -> list[int] | None:
    """The types of a message's tokens, up to one whose length is not said; None while it is not whole."""
    found, status = b"", 0
    while not status & END_OF_MESSAGE:
        if len(data) < HEADER.size:
            return None
        kind, status, size, *_ = HEADER.unpack_from(data)
        if kind != TABULAR_RESULT or size < HEADER.size:
            return []
        if len(data) < size:
            return None
        found, data = found + data[HEADER.size : size], data[size:]
    types = []
    while found:
        types.append(found[0])
        if found[0] not in _WITH_LENGTH:
            break
        found = found[3 + int.from_bytes(found[1:3], "little") :]
    return types
