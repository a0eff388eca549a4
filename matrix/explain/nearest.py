"""Finding a client whose hello gets through, to set against the one that fails.

The likeliest is asked first: one that lacks much of what all failing hellos have, and has little else. In
turn with it comes one that has much of what all of them lack, since a server may miss something as well.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import cycle

from handshake.features import Feature, features_of
from handshake.hello_template import HelloTemplate

MOST_TRIED = 24
"""Hellos that are asked at most."""
_STRANGENESS = 0.5
"""What else a hello has counts half against it."""


class Nearest:
    """Gives the hellos of `clients` in the order in which they are worth asking; `failed` tells what came of
    one.
    """

    def __init__(self, failing: HelloTemplate, clients: Mapping[str, HelloTemplate]) -> None:
        self._mine = frozenset(features_of(failing))
        self._in_all: Set[Feature] = self._mine
        self._in_any: Set[Feature] = self._mine
        self._left = {
            name: frozenset(features_of(template))
            for name, template in clients.items()
            if template != failing
        }
        self._given: dict[str, Set[Feature]] = {}
        self._templates = clients
        self._turn: Iterator[bool] = cycle((True, False))

    def next(self, count: int) -> Sequence[tuple[str, HelloTemplate]]:
        """The next hellos with their clients' names; none when all were given."""
        names: list[str] = []
        while self._left and len(names) < count:
            worth = self._lacking if next(self._turn) else self._having
            names.append(max(sorted(self._left), key=worth))
            self._given[names[-1]] = self._left.pop(names[-1])
        return [(name, self._templates[name]) for name in names]

    def failed(self, name: str) -> None:
        """The hello of this client fails just like the one to be explained."""
        has = self._given[name]
        self._in_all = self._in_all & has or self._in_all
        self._in_any = self._in_any | has

    def _lacking(self, name: str) -> float:
        has = self._left[name]
        return len(self._in_all - has) - _STRANGENESS * len(has - self._mine)

    def _having(self, name: str) -> float:
        return len(self._left[name] - self._in_any)
