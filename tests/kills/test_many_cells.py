"""A run of many cells keeps no descriptor open that it needs no more; `bench.kills` takes 100,000."""

from pathlib import Path

import pytest

from tests.kills.descriptors import TOLERANCE, grown, many_cells

CELLS = 2_000


@pytest.mark.long
def test_descriptors_do_not_grow_with_the_cells(tmp_path: Path) -> None:
    found = many_cells(tmp_path / "many", CELLS)
    assert found["cells"] == found["expected"] >= CELLS
    assert (found["left_processes"], found["left_files"]) == (0, 0)
    kinds = " ".join(found["descriptors"])
    assert "controlling process" in kinds
    assert "worker" in kinds
    assert "server program" in kinds
    assert grown(found) == []


def test_one_that_grows_is_named() -> None:
    flat = {"early": 9, "late": 9 + TOLERANCE}
    leaking = {"early": 9, "late": 10 + TOLERANCE}
    said = grown({"descriptors": {"worker 1": flat, "worker 2": leaking}})
    assert said == [f"worker 2: 9 descriptors at first, {10 + TOLERANCE} at the end"]
