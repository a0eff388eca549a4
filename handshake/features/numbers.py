"""Numbers as a feature's argument: `300`, `256..511`, `512..`, `..255`, `10 mod 256`."""

import re
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Self

from msgspec import Struct

_RANGE = re.compile(r"(\d*)\.\.(\d*)")
_REMAINDER = re.compile(r"(\d+)\s+mod\s+(\d+)")


class Numbers(Struct, frozen=True):
    """The numbers from `low` to `high`, None for no end; of these, with a `modulus`, those that leave
    `remainder`.
    """

    low: int = 0
    high: int | None = None
    modulus: int = 1
    remainder: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the notation. Raises ValueError."""
        text = text.strip()
        if text.isascii() and text.isdigit():
            return cls(int(text), int(text))
        if (found := _RANGE.fullmatch(text)) and text != "..":
            numbers = cls(int(found[1] or 0), int(found[2]) if found[2] else None)
            if numbers.high is None or numbers.low <= numbers.high:
                return numbers
        if (found := _REMAINDER.fullmatch(text)) and int(found[1]) < int(found[2]):
            return cls(modulus=int(found[2]), remainder=int(found[1]))
        raise ValueError(f"{text!r} says no numbers: write 300, 256..511, 512.., ..255 or 10 mod 256")

    def __contains__(self, number: int) -> bool:
        is_within = self.low <= number and (self.high is None or number <= self.high)
        return is_within and number % self.modulus == self.remainder

    def __str__(self) -> str:
        if self.modulus > 1:
            return f"{self.remainder} mod {self.modulus}"
        if self.low == self.high:
            return str(self.low)
        return f"{self.low or ''}..{'' if self.high is None else self.high}"

    def describe(self, unit: str) -> str:
        """In plain English, with the plural of what is counted: "256 to 511 bytes"."""
        if self.modulus > 1:
            return f"{self.remainder} {unit} modulo {self.modulus}"
        if self.high is None:
            return f"{self.low} {unit} or more"
        if self.low == self.high:
            return f"{self.low} {unit.removesuffix('s') if self.low == 1 else unit}"
        return f"{self.low} to {self.high} {unit}" if self.low else f"at most {self.high} {unit}"


def nearest(number: int, is_wanted: Callable[[int], bool], most: int) -> Iterator[int]:
    """The numbers from 0 to `most` that are wanted, the nearest to `number` first."""
    if 0 <= number <= most and is_wanted(number):
        yield number
    for below, above in zip_longest(
        range(min(number - 1, most), -1, -1), range(max(number + 1, 0), most + 1)
    ):
        if below is not None and is_wanted(below):
            yield below
        if above is not None and is_wanted(above):
            yield above
