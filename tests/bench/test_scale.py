"""The bench of scale: the grids it runs have the cells they should, and shards are the whole."""

import json
from pathlib import Path

import pytest

from bench.ratchet import Taken
from bench.scale import compared, fail_half, further_cells, grid, one_server, run, shards
from matrix.results.run_file import load_run


def test_a_further_cell_costs_what_a_larger_run_takes_more() -> None:
    """The start, 2 s here, is in none of them."""
    taken = {100: Taken(0, 2.1, 0), 1000: Taken(0, 3.0, 0), 10_000: Taken(0, 21.0, 0)}
    assert list(further_cells(taken)) == pytest.approx([0.001, 0.002])


def test_a_run_its_comparison_and_its_shards(tmp_path: Path) -> None:
    with one_server() as address:
        taken = run(grid(20, address, tmp_path / "alone"), tmp_path / "run")
        found = shards(16, address, tmp_path)
    assert taken.processor > 0
    assert taken.memory > 0
    cells = load_run(tmp_path / "run").cells
    assert len(cells) == 20
    assert all(cell.outcome == "works" for cell in cells)
    assert found["exit_statuses"] == [0] * 8
    assert found["the same"]["met"]
    fail_half(tmp_path / "run", tmp_path / "after")
    assert sum(cell.outcome == "fails" for cell in load_run(tmp_path / "after").cells) == 10
    said = compared(tmp_path / "run", tmp_path / "after", "json")
    assert said["bytes"] > len(json.dumps([cell.id for cell in cells[::2]]))
    with pytest.raises(SystemExit, match="compare ended with 0"):
        compared(tmp_path / "run", tmp_path / "run", "text")
