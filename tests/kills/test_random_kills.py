"""Ten kills at random moments leave nothing over and lose nothing; `python -m bench.kills` has a hundred."""

import os
import random
from pathlib import Path

import pytest

from tests.kills.kept_run import PYTEST, RUN
from tests.kills.moments import drawn, kill_once, undisturbed

KILLS = 10
SEED = "TLS_MATRIX_KILLS_SEED"
"""The variable that repeats the kills of an earlier run."""


@pytest.mark.long
def test_random_kills_leave_nothing_and_lose_nothing(tmp_path: Path) -> None:
    seed = int(os.environ.get(SEED) or random.SystemRandom().randrange(1 << 32))
    print(f"{SEED}={seed}")
    expected = {by[0]: undisturbed(tmp_path / by[0], by) for by in (RUN, PYTEST)}
    moments = [
        kill_once(tmp_path / str(index), kind, by, drawing, expected[by[0]])
        for index, (kind, by, drawing) in enumerate(drawn(KILLS, seed))
    ]
    assert [str(moment) for moment in moments if moment.faults] == [], f"{SEED}={seed}"
