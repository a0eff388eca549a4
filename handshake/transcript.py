"""What went over one connection, entry by entry, bounded: a peer that sends a quarter of a million one-byte
records costs no more memory, evidence or lines on a terminal than one that sends three hundred.

The first entries are kept, since they say how it began, and the last, since they say how it ended; of those
between only their number and size is.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from handshake.events import TranscriptEntry

FIRST_KEPT = 128
LAST_KEPT = 128
"""A handshake with a client certificate and a renegotiation has about 60 entries."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Entries that were not kept: they came behind the first `after`; `wire_bytes` is their size together."""

    after: int
    entries: int
    wire_bytes: int


class Transcript(Sequence[TranscriptEntry]):
    """The entries kept, in order; `left_out` says what is missing between them."""

    def __init__(self) -> None:
        self._first: list[TranscriptEntry] = []
        self._last: deque[TranscriptEntry] = deque()
        self._dropped = 0
        self._dropped_bytes = 0

    def append(self, entry: TranscriptEntry) -> None:
        """Add the newest entry; the oldest behind the first ones may give way to it."""
        if len(self._first) < FIRST_KEPT:
            self._first.append(entry)
            return
        self._last.append(entry)
        if len(self._last) > LAST_KEPT:
            self._dropped += 1
            self._dropped_bytes += len(self._last.popleft().wire)

    @property
    def left_out(self) -> LeftOut | None:
        """What is missing behind the first entries; None where nothing is."""
        return LeftOut(FIRST_KEPT, self._dropped, self._dropped_bytes) if self._dropped else None

    def __iter__(self) -> Iterator[TranscriptEntry]:
        return iter([*self._first, *self._last])

    def __len__(self) -> int:
        return len(self._first) + len(self._last)

    @overload
    def __getitem__(self, index: int) -> TranscriptEntry: ...
    @overload
    def __getitem__(self, index: slice) -> list[TranscriptEntry]: ...
    def __getitem__(self, index: int | slice) -> TranscriptEntry | list[TranscriptEntry]:
        return [*self._first, *self._last][index]
