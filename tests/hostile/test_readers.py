"""Readers of what others have made: whatever they read, they read it or say what is wrong with it."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile.readers import READERS

EXAMPLES = 300


@pytest.mark.parametrize("name", READERS)
def test_what_is_in_order_is_read(name: str, tmp_path: Path) -> None:
    for seed in READERS[name].seeds():
        READERS[name].read(seed, tmp_path)


@pytest.mark.parametrize("name", READERS)
def test_the_same_randomness_gives_the_same_bytes(name: str) -> None:
    reader = READERS[name]
    once, again = ([reader.mutated(Random(seed)) for seed in range(20)] for _ in range(2))
    assert once == again
    assert len(set(once)) > 10


@pytest.mark.long(but=["client-engine", "server-engine", "evidence"])
@pytest.mark.parametrize("name", READERS)
@settings(
    max_examples=EXAMPLES, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_is_not_is_refused(name: str, seed: int, tmp_path: Path) -> None:
    """`python -m bench.fuzz NAME --seed N` reads the same bytes."""
    READERS[name].read(READERS[name].mutated(Random(seed)), tmp_path)
