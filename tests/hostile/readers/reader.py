"""A reader of what others have made, with what it reads when all is well and how that is changed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from msgspec import Struct

from tests.mutations.content import Mutate


class Reader(Struct, frozen=True):
    """`read` takes bytes, and a folder of its own where it needs a file; it passes over every refusal that a
    person is told, so whatever it raises is a fault. `seeds` are what it reads to the end.
    """

    name: str
    seeds: Callable[[], Sequence[bytes]]
    read: Callable[[bytes, Path], None]
    mutate: Mutate

    def mutated(self, random: Random) -> bytes:
        """One of the seeds, changed at random."""
        return self.mutate(random.choice(self.seeds()), random)
