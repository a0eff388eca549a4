"""Which of two things stands before the other."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from handshake.wire.registry import is_grease


def is_before(codes: Sequence[int], first: int, second: int) -> bool:
    """Whether both are there, the first of one before the first of the other."""
    return first in codes and second in codes and codes.index(first) < codes.index(second)


def neighbours(codes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Each code with the next, GREASE and repetitions left out."""
    once = [code for code in dict.fromkeys(codes) if not is_grease(code)]
    return pairwise(once)


def swapped_neighbours(first: Sequence[int], second: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Of the codes that both have: the neighbours in the first that stand the other way round in the second.

    There are none only if both have them in the same order.
    """
    common = [code for code in first if code in second]
    return (pair for pair in neighbours(common) if not is_before(second, *pair))


def moved_before(codes: Sequence[int], first: int, second: int) -> list[int]:
    """The codes with `first` moved, only as far as needed, so that it stands before `second`."""
    left = list(codes)
    left.remove(first)
    left.insert(left.index(second), first)
    return left
