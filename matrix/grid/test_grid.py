"""The grid: one test a cell. What it needs is in `matrix.grid.worker`; what is expected of a cell is judged
there, and what comes of it is put into the test's report.
"""

from matrix.results.cell_result import CellResult


def test_cell(judged_cell: CellResult) -> None:
    """Let one client do one scenario with one server, which happens before; the verdict is as expected or the
    test fails.
    """
