"""JSON values of which each stands once, and is referred to by its number."""

import json
from typing import Any


class Interned:
    """Gives numbers to values, equal values the same; `values` are in the order of their numbers."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.size = 0
        """Characters of all of them as JSON."""
        self._numbers: dict[str, int] = {}

    def number(self, value: Any) -> int:
        """The number of a value."""
        key = json.dumps(value, sort_keys=True)
        known = self._numbers.get(key)
        if known is None:
            known = self._numbers[key] = len(self.values)
            self.values.append(value)
            self.size += len(key)
        return known
