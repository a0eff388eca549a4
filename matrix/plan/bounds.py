"""How small and how large a number may be that a person gives."""

import math
from typing import Any

from msgspec import Struct


class Bounds(Struct, frozen=True):
    """The smallest and the largest number that is taken; no infinity and nothing that is no number is."""

    smallest: float
    largest: float

    def read(self, text: str) -> float:
        """Read what was given in a command. Raises ValueError, which says both ends."""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not self._is_within(value):
            raise ValueError(self._advice)
        return value

    def check(self, value: float) -> float:
        """Give back what was read in a file. Raises ValueError, which says what it is, and both ends."""
        if not self._is_within(value):
            raise ValueError(f"is {value:g}: {self._advice}")
        return value

    def of_option(self) -> dict[str, Any]:
        """What typer takes of it: the ends for the help, and what reads the number."""
        return {"min": self.smallest, "max": self.largest, "parser": self.read}

    @property
    def _advice(self) -> str:
        return f"write a number from {self.smallest:g} to {self.largest:g}"

    def _is_within(self, value: float) -> bool:
        return self.smallest <= value <= self.largest


SECONDS = Bounds(0.1, 604_800)
"""A timeout or a time limit. The largest is a week: poll() takes no more than 24 days, and a genuine program
gets twice the timeout.
"""

RATE = Bounds(0.01, 100_000)
"""Connections a second."""
