"""`run -k` and `run --lf`: a plan made narrower before anything is started, so that the rest is a whole run.

What -k means is pytest's to say, so it is asked to collect, which starts no server and writes nothing.
"""

import io
from contextlib import redirect_stderr

import pytest

from matrix.commands.options import tell
from matrix.commands.under_pytest import pytest_arguments
from matrix.errors import SelectionError
from matrix.grid.controller import PLAN, cell_id_of
from matrix.history.file import reading
from matrix.history.place import history_file
from matrix.history.store import last_results
from matrix.plan.last_failed import last_failed
from matrix.plan.plan import Plan
from matrix.results.files import as_saved


def failed_before(plan: Plan) -> Plan:
    """The plan of those cells whose last result in the history is a failure, the same plan where there is
    none. Raises HistoryError.
    """
    file = history_file(plan.options.history)
    if not file.exists():
        tell(f"tls-matrix: --lf: {file}: there is no history, so no cell is known to fail; all are run")
        return plan
    saved = {as_saved(planned.cell.id): planned.cell.id for planned in plan.cells}
    with reading(file) as connection:
        failed = last_failed(last_results(connection), saved.keys())
    if not failed:
        tell(f"tls-matrix: --lf: {file}: no cell of this run is known to fail; all are run")
        return plan
    return plan.narrowed_to({saved[cell] for cell in failed})


def matching(plan: Plan, keyword: str) -> Plan:
    """The plan of the cells that pytest chooses by -k. Raises SelectionError where that is none."""
    listener = _Chosen(plan)
    said = io.StringIO()
    with redirect_stderr(said):
        arguments = [*pytest_arguments(plan.options), "--collect-only", "-k", keyword]
        status = pytest.main(arguments, plugins=[listener])
    if status == pytest.ExitCode.OK:
        return plan.narrowed_to(listener.cells)
    wrong = " ".join(said.getvalue().split()).partition(f"{keyword}: ")[2]
    raise SelectionError(
        f"-k {keyword}: {wrong or 'matches no cell of this run (see `tls-matrix list cells`)'}"
    )


class _Chosen:
    """pytest plugin: hands over the plan, and keeps which of its cells are chosen."""

    def __init__(self, plan: Plan) -> None:
        self.cells: frozenset[str] = frozenset()
        self._plan = plan

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Leave the plan where the grid looks for it."""
        config.stash[PLAN] = self._plan

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keep what is left of the cells."""
        self.cells = frozenset(cell_id for item in session.items if (cell_id := cell_id_of(item.nodeid)))
