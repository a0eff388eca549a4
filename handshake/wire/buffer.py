"""Reading and writing of the presentation language of RFC 5246 section 4 and RFC 8446 section 3.

Numbers are big-endian; a vector is its length in `prefix_size` bytes, then its content. A `Reader` never
copies what it does not return and never reads past its block; every complaint names the field, what was
missing, and the byte, counted from the start of the outermost block. What a peer sent wrong is a
`DecodeError`; a value of ours that does not fit its field is a `LocalError`.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from handshake.errors import CUT_OFF, TRAILING_BYTE, DecodeError, LocalError


class Reader:
    """A cursor over `data`, from `start` to `end` (the whole by default).

    Used as a context manager it insists, when the block ends without another error, that everything was read.
    """

    __slots__ = ("_data", "_end", "offset")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        self._data = data
        self._end = len(data) if end is None else end
        self.offset = start

    @property
    def remaining(self) -> int:
        """Bytes left to read in this block."""
        return self._end - self.offset

    def pull_uint(self, size: int, name: str = "number") -> int:
        """An unsigned number of `size` bytes; `name` is the field's, for the complaint."""
        start = self.offset
        stop = start + size
        if stop > self._end:
            raise self._short(name, size)
        self.offset = stop
        return int.from_bytes(self._data[start:stop], "big")

    def pull_bytes(self, length: int, name: str = "field") -> bytes:
        """Exactly `length` bytes."""
        start = self.offset
        stop = start + length
        if stop > self._end:
            raise self._short(name, length)
        self.offset = stop
        return self._data[start:stop]

    def pull_vector(self, prefix_size: int, name: str = "vector") -> bytes:
        """The content of a vector whose length is written in `prefix_size` bytes."""
        start = self.offset + prefix_size
        if start > self._end:
            raise self._short(f"length of {name}", prefix_size)
        stop = start + int.from_bytes(self._data[self.offset : start], "big")
        self.offset = start
        if stop > self._end:
            raise self._short(name, stop - start)
        self.offset = stop
        return self._data[start:stop]

    def pull_uint_vector(self, prefix_size: int, size: int, name: str = "vector") -> tuple[int, ...]:
        """A vector of numbers of `size` bytes each; its length must be a multiple of `size`."""
        length = self.pull_uint(prefix_size, f"length of {name}")
        if length % size:
            raise DecodeError(f"{name}: a length of {length} bytes is no multiple of {size}", self.offset)
        return unpack_uints(self.pull_bytes(length, name), size)

    def pull_rest(self) -> bytes:
        """Everything that is left, possibly nothing."""
        return self.pull_bytes(self.remaining)

    def block(self, prefix_size: int, name: str = "block") -> "Reader":
        """A reader over the next vector's content; `with reader.block(2) as block:` insists it is used up."""
        start = self.offset + prefix_size
        if start > self._end:
            raise self._short(f"length of {name}", prefix_size)
        stop = start + int.from_bytes(self._data[self.offset : start], "big")
        self.offset = start
        if stop > self._end:
            raise self._short(name, stop - start)
        self.offset = stop
        return Reader(self._data, start, stop)

    def finish(self) -> None:
        """Raise DecodeError unless everything was read."""
        if self.offset != self._end:
            raise DecodeError(
                f"{self.remaining} bytes left over after the last field", self.offset, flaw=TRAILING_BYTE
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self.offset != self._end:
            self.finish()

    def _short(self, name: str, wanted: int) -> DecodeError:
        return DecodeError(
            f"{name}: {wanted} bytes expected, {self.remaining} left", self.offset, flaw=CUT_OFF
        )


class Writer:
    """Bytes being put together, in order."""

    __slots__ = ("_data",)

    def __init__(self) -> None:
        self._data = bytearray()

    def push_uint(self, size: int, value: int) -> None:
        """An unsigned number in `size` bytes; LocalError if it does not fit."""
        self._data += pack_uint(size, value)

    def push_bytes(self, content: bytes) -> None:
        """Bytes as they are."""
        self._data += content

    def push_vector(self, prefix_size: int, content: bytes) -> None:
        """The length of `content` in `prefix_size` bytes, then `content`."""
        self._data += pack_vector(prefix_size, content)

    @contextmanager
    def block(self, prefix_size: int) -> Iterator[None]:
        """What is pushed inside becomes a vector with a length of `prefix_size` bytes."""
        start = len(self._data)
        self._data += bytes(prefix_size)
        yield
        length = len(self._data) - start - prefix_size
        self._data[start : start + prefix_size] = pack_uint(prefix_size, length)

    def data(self) -> bytes:
        """Everything pushed so far."""
        return bytes(self._data)


def pack_uint(size: int, value: int) -> bytes:
    """An unsigned number as `size` big-endian bytes; LocalError if it does not fit."""
    try:
        return value.to_bytes(size, "big")
    except OverflowError:
        raise LocalError(f"{value} does not fit in {size} bytes") from None


def pack_vector(prefix_size: int, content: bytes) -> bytes:
    """`content` behind its length in `prefix_size` bytes; LocalError if it is too long."""
    return pack_uint(prefix_size, len(content)) + content


_FORMATS = {1: "B", 2: "H", 4: "I"}
"""Numbers that `struct` reads and writes many at once: a hello has a hundred."""


def pack_uints(size: int, values: tuple[int, ...]) -> bytes:
    """Numbers one after another, `size` bytes each; LocalError if one does not fit."""
    if size in _FORMATS:
        try:
            return struct.pack(f">{len(values)}{_FORMATS[size]}", *values)
        except struct.error:
            pass  # below, the one that does not fit is named
    return b"".join([pack_uint(size, value) for value in values])


def unpack_uints(content: bytes, size: int) -> tuple[int, ...]:
    """The numbers of `size` bytes that fill `content`; a shorter rest is a number too."""
    count, rest = divmod(len(content), size)
    if size in _FORMATS and not rest:
        return struct.unpack(f">{count}{_FORMATS[size]}", content)
    return tuple(
        [int.from_bytes(content[start : start + size], "big") for start in range(0, len(content), size)]
    )
