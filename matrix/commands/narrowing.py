"""`run --lf`: a plan made narrower before anything is started, so that the rest is a whole run."""

from matrix.commands.options import tell
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
