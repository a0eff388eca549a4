"""A part of a run: `--shard 2/8` runs the second of eight parts, on one machine or on eight. Pure.

The parts are made of the plan alone, so each machine makes the same ones without asking another. A part is a
stretch of the plan's cells, in which those of a server stand together: a machine starts few servers.
"""

import re
from collections.abc import Sequence
from typing import Self, TypeVar

from msgspec import Struct

from matrix.errors import SelectionError
from matrix.wording import counted

Item = TypeVar("Item")
_SHARD = re.compile(r"([1-9]\d*)/([1-9]\d*)")


class Shard(Struct, frozen=True):
    """One of `count` parts; the first has the number 1."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "2/8". Raises SelectionError."""
        match = _SHARD.fullmatch(text)
        if match is None or int(match[1]) > int(match[2]):
            raise SelectionError(
                f"--shard {text}: write the number of a part and how many there are, as in 1/2 and 2/2"
            )
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def of(self, items: Sequence[Item]) -> Sequence[Item]:
        """This part of them. All parts together are all of them, in order, of lengths that differ by one.

        Raises SelectionError where there are more parts than items.
        """
        if self.count > len(items):
            raise SelectionError(
                f"--shard {self}: the run has {counted(len(items), 'cell')}; choose at most so many parts"
            )
        start, end = ((self.number + step) * len(items) // self.count for step in (-1, 0))
        return items[start:end]
