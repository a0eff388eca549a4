"""Handshake messages as frames, type, 24-bit length and body (RFC 5246 section 7.4), out of records.

A message may be spread over records and a record may hold several; `MessageReader` knows nothing of what
they say.
"""

from msgspec import Struct

from handshake.errors import DecodeError
from handshake.wire.buffer import pack_uint

MESSAGE_HEADER_SIZE = 4
MAX_MESSAGE_LENGTH = 2**18
"""More than any real certificate chain; a peer may announce 2**24 - 1 and make us wait for it."""


class HandshakeMessage(Struct, frozen=True):
    """One handshake message, its body not interpreted.

    `announced` is the length its header gave, where a reader went by something else.
    """

    handshake_type: int
    body: bytes
    announced: int | None = None


def push_handshake_message(message: HandshakeMessage) -> bytes:
    """The message behind its type and 24-bit length, as it is hashed and as it goes into records."""
    length = len(message.body) if message.announced is None else message.announced
    if length >> 24:
        pack_uint(3, length)  # says that it does not fit
    return pack_uint(4, message.handshake_type << 24 | length) + message.body


class MessageReader:
    """Puts handshake messages together from the fragments of records, however they were cut."""

    __slots__ = ("_buffer", "_max_length")

    def __init__(self, max_length: int = MAX_MESSAGE_LENGTH) -> None:
        self._buffer = bytearray()
        self._max_length = max_length

    @property
    def buffered(self) -> bytes:
        """What was fed and has not come out as a message; not empty means a message is under way."""
        return bytes(self._buffer)

    @property
    def is_under_way(self) -> bool:
        """Whether the beginning of a message was fed, and not its end."""
        return bool(self._buffer)

    def feed(self, fragment: bytes) -> None:
        """Take the plaintext of a handshake record."""
        self._buffer += fragment

    def next(self) -> HandshakeMessage | None:
        """The next whole message, or None until more is fed; DecodeError if it announces too much."""
        buffer = self._buffer
        if len(buffer) < MESSAGE_HEADER_SIZE:
            return None
        length = int.from_bytes(buffer[1:4], "big")
        if length > self._max_length:
            raise DecodeError(
                f"handshake type {buffer[0]} announces {length} bytes; {self._max_length} are allowed", 1
            )
        end = MESSAGE_HEADER_SIZE + length
        if len(buffer) < end:
            return None
        message = HandshakeMessage(buffer[0], bytes(buffer[MESSAGE_HEADER_SIZE:end]))
        del buffer[:end]
        return message
