"""The stories of a page, compressed in chunks that a browser opens one by one. Pure.

They come in the order in which they matter, and where the room ends, what follows is left out. A chunk is
compressed as soon as it is full, so that hardly more is in memory than ends up in the page.
"""

import base64
import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from msgspec import Struct

Subject = TypeVar("Subject", contravariant=True)
CHUNK_SIZE = 1_500_000
"""Characters of JSON, nearly; the stories of some hundred cells."""

_AROUND = 100
"""Bytes around a chunk in the page."""


class Book(Protocol[Subject]):
    """Stories that share what they have in common. `size` is that of their JSON, nearly."""

    @property
    def size(self) -> int: ...  # noqa: D102

    def __len__(self) -> int: ...

    def number(self, subject: Subject, /) -> int:
        """Tell the story of a subject; its number, the same for equal stories."""
        ...

    def to_json(self) -> Mapping[str, Any]:
        """All stories, under `stories`, and what they refer to."""
        ...


class Chunk(Struct, frozen=True):
    """`packed` is the JSON of some stories, gzipped, in Base64; `first` the number of the first of them."""

    first: int
    packed: bytes


class Told(Struct, frozen=True):
    """The chunks, and the number of the story of each cell that has one, by the cell's id."""

    chunks: tuple[Chunk, ...]
    numbers: Mapping[str, int]


def told(subjects: Iterable[tuple[str, Subject]], book: Callable[[], Book[Subject]], room: int) -> Told:
    """Tell the stories of the subjects, each behind the id of its cell, as far as there is room, in bytes;
    `book` makes a new one.
    """
    chunks: list[Chunk] = []
    numbers: dict[str, int] = {}
    stories, mine, first = book(), dict[str, int](), 0
    for cell_id, subject in subjects:
        mine[cell_id] = first + stories.number(subject)
        if stories.size >= CHUNK_SIZE:
            packed = _packed(stories.to_json())
            room -= len(packed) + _AROUND
            if room < 0:
                return Told(tuple(chunks), numbers)
            chunks.append(Chunk(first, packed))
            numbers |= mine
            first += len(stories)
            stories, mine = book(), {}
    packed = _packed(stories.to_json())
    if mine and len(packed) + _AROUND <= room:
        chunks.append(Chunk(first, packed))
        numbers |= mine
    return Told(tuple(chunks), numbers)


def _packed(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), mtime=0))
