"""The grid: one test a cell. What it needs is in `matrix.grid.worker`; what is expected of a cell is judged
there.
"""

from matrix.grid.worker import show_in_pytest
from matrix.results.cell_result import CellResult


def test_cell(judged_cell: CellResult) -> None:
    """Let one client do one scenario with one server; the verdict is as expected or the test fails."""
    show_in_pytest(judged_cell)
