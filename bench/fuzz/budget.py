"""What a fuzzer is asked for, and how it tells what it has found. Nothing here imports what is fuzzed, which
has to be imported under the eyes of the tool that measures coverage.
"""

import hashlib
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

PLACES = 3
"""How many places of a traceback tell one fault from another: the innermost ones."""
LONGEST_SECONDS = 20


class Hangs(Exception):
    """A reader has not come to an end in LONGEST_SECONDS."""


def watch_for_hangs() -> None:
    """Let a reader that hangs be a fault like any other, in this process."""

    def hangs(number: int, frame: FrameType | None) -> None:
        raise Hangs(f"{LONGEST_SECONDS} s are over")

    signal.signal(signal.SIGALRM, hangs)


@dataclass
class Budget:
    """A reader by name, and how long; `keep` is where inputs that are faults go, None keeps none."""

    reader: str
    seconds: float
    seed: int
    keep: Path | None


@dataclass
class Found:
    """What was found so far."""

    budget: Budget
    engine: str
    runs: int = 0
    slowest: float = 0.0
    _faults: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)

    def run(self, read: Callable[[bytes, Path], None], data: bytes, folder: Path, origin: str) -> None:
        """Let a reader read."""
        start = time.monotonic()
        signal.alarm(LONGEST_SECONDS)
        try:
            read(data, folder)
        except Exception as error:  # whatever it is, it is what this looks for
            self.add(error, data, origin)
        finally:
            signal.alarm(0)
        self.slowest = max(self.slowest, time.monotonic() - start)
        self.runs += 1

    def add(self, error: Exception, data: bytes, origin: str) -> None:
        """A fault; each is told once, with the number of inputs that end in it."""
        places = traceback.extract_tb(error.__traceback__)[-PLACES:]
        key = (type(error).__name__, *(f"{place.filename}:{place.lineno}" for place in places))
        if key not in self._faults:
            said = " ".join(str(error).split())[:200]
            self._faults[key] = {
                "error": f"{key[0]}: {said}",
                "at": [_place(place) for place in places],
                "input": origin,
                "times": 0,
            }
            if self.budget.keep is not None:
                self.budget.keep.mkdir(parents=True, exist_ok=True)
                name = f"{self.budget.reader}-{hashlib.sha256(data).hexdigest()[:16]}"
                (self.budget.keep / name).write_bytes(data)
        self._faults[key]["times"] += 1

    def to_json(self, seconds: float) -> dict[str, Any]:
        """The result as JSON types."""
        return {
            "reader": self.budget.reader,
            "engine": self.engine,
            "seed": self.budget.seed,
            "seconds": round(seconds, 1),
            "runs": self.runs,
            "slowest_seconds": round(self.slowest, 3),
            "faults": list(self._faults.values()),
        }


def _place(place: traceback.FrameSummary) -> str:
    parts: Sequence[str] = Path(place.filename).parts[-3:]
    return f"{'/'.join(parts)}:{place.lineno}"
