"""Without coverage: each input is a seed with changes of its own."""

import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from bench.fuzz.budget import Budget, Found, watch_for_hangs
from tests.hostile.readers import READERS


def fuzz(budget: Budget) -> dict[str, Any]:
    """Read one input after the other until the time is over."""
    reader, found = READERS[budget.reader], Found(budget, "random")
    watch_for_hangs()
    began, seed = time.monotonic(), budget.seed
    with TemporaryDirectory(prefix="tls-matrix-fuzz-") as folder:
        while time.monotonic() - began < budget.seconds:
            found.run(reader.read, reader.mutated(Random(seed)), Path(folder), f"--seed {seed}")
            seed += 1
    return found.to_json(time.monotonic() - began)
