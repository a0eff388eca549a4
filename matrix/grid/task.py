"""What a process is told of each cell that it is to run."""

from msgspec import Struct

from matrix.cell import Cell
from matrix.judgement.outcome import Expectation


class CellTask(Struct, frozen=True):
    """A cell and what is expected of it."""

    cell: Cell
    expectation: Expectation | None
