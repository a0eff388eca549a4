"""The list of the runner's tests that the engine is not held to, each with its reason."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

REASONS = ("other feature", "no RFC demands it", "RFC allows both")
LIST = Path(__file__).with_name("disabled.toml")


@dataclass(frozen=True, slots=True)
class Disabled:
    """A pattern of test names, the reason of `REASONS`, and what it comes from."""

    pattern: str
    reason: str
    why: str

    def covers(self, test: str) -> bool:
        """Whether the pattern fits a test's name."""
        return fnmatchcase(test, self.pattern)


def disabled_tests(text: str) -> tuple[Disabled, ...]:
    """Read the list."""
    tables: Mapping[str, Mapping[str, str]] = tomllib.loads(text)
    return tuple(
        Disabled(pattern, reason, why)
        for reason, entries in tables.items()
        for pattern, why in entries.items()
    )
