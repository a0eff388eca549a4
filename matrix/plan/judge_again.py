"""A saved run judged again: what was seen then, with the rules and expectations of now.

The evidence has what was seen. A cell without any keeps what it has, and so does one whose server stopped
answering in the run: what its evidence shows was not believed then, for a reason that is not in it.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from matrix.cell import Cell
from matrix.errors import SelectionError
from matrix.judgement.judge import judge
from matrix.judgement.outcome import Verdict
from matrix.plan.cells import check_baseline, plan_cells
from matrix.plan.loading import load_all_definitions, load_all_profiles
from matrix.plan.plan import PlannedCell
from matrix.plan.servers import choose_variants
from matrix.results.evidence import Evidence, observation_of
from matrix.results.run_file import CellRecord, RunFile, load_whole_run
from servers.variant import ServerIdError, ServerVariant

FindEvidence = Callable[[str], Evidence | None]


class Difference(Struct, frozen=True):
    """A cell as it was judged when it ran, and as it is now."""

    before: CellRecord
    now: CellRecord

    @property
    def line(self) -> str:
        """Both in one line."""
        return f"{self.now.id}: {_said(self.before)} -> {_said(self.now)}"


class JudgedAgain(Struct, frozen=True):
    """The run as it is judged now; `kept` is the number of cells that were not judged again."""

    run: RunFile
    differences: tuple[Difference, ...]
    kept: int


def judge_again(run: RunFile, find_evidence: FindEvidence, planned: Mapping[str, PlannedCell]) -> JudgedAgain:
    """Judge the cells of a run again; what is expected of a cell that is not in `planned` is what was then.

    Raises UnreadableRun for a file of evidence that cannot be read.
    """
    cells: list[CellRecord] = []
    differences: list[Difference] = []
    kept = 0
    for cell in run.cells:
        evidence = None if _was_not_believed(run, cell) else find_evidence(cell.id)
        if evidence is None:
            kept += 1
            cells.append(cell)
            continue
        cells.append(_judged(cell, evidence, planned.get(cell.id)))
        if _said(cells[-1]) != _said(cell):
            differences.append(Difference(cell, cells[-1]))
    return JudgedAgain(run.model_copy(update={"cells": cells}), tuple(differences), kept)


def plan_again(
    run: RunFile,
    servers_dir: Iterable[Path] = (),
    clients_dir: Iterable[Path] = (),
    baseline: Path | None = None,
) -> dict[str, PlannedCell]:
    """What is expected now of the cells of a run, by id: those whose server and client are still known.

    Raises SelectionError for a baseline that says nothing of any of them.
    """
    definitions = load_all_definitions(tuple(servers_dir))
    profiles = load_all_profiles(tuple(clients_dir))
    variants: dict[str, ServerVariant] = {}
    external = {name for name, server in run.servers.items() if server.kind == "external"}
    for server in run.servers.keys() - external:
        try:
            variants |= {variant.id: variant for variant in choose_variants([server], definitions)}
        except (SelectionError, ServerIdError):
            continue  # defined elsewhere, or no longer
    cells = [
        Cell(cell.server, cell.client, cell.scenario)
        for cell in run.cells
        if cell.client in profiles and (cell.server in variants or cell.server in external)
    ]
    earlier = None if baseline is None else load_whole_run(baseline)
    check_baseline(cells, earlier, str(baseline))
    return {planned.cell.id: planned for planned in plan_cells(cells, variants, profiles, earlier)}


def _was_not_believed(run: RunFile, cell: CellRecord) -> bool:
    return cell.verdict is Verdict.HARNESS_ERROR and bool(run.servers[cell.server].problem)


def _judged(cell: CellRecord, evidence: Evidence, planned: PlannedCell | None) -> CellRecord:
    expectation = cell.expectation if planned is None else planned.expectation
    judgement = judge(observation_of(evidence), expectation, frozenset(evidence.fingerprints))
    changed: dict[str, object] = {
        "outcome": judgement.outcome,
        "reason": judgement.reason,
        "reason_detail": judgement.reason.detail.to_json() if judgement.reason else {},
        "verdict": judgement.verdict,
        "note": judgement.note,
    }
    if planned is not None:
        prediction = planned.prediction
        changed |= {
            "expected": expectation.outcome if expectation else None,
            "expected_reason": expectation.reason if expectation else None,
            "expected_why": expectation.why if expectation else "",
            "prediction": prediction.outcome if prediction else None,
            "prediction_why": prediction.why if prediction else "",
        }
    return cell.model_copy(update=changed)


def _said(cell: CellRecord) -> str:
    words = (cell.verdict.value, cell.outcome and cell.outcome.value, cell.reason and str(cell.reason))
    return " ".join(word for word in words if word)
