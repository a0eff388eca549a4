"""For each cell what is expected of it and what the definitions predict."""

from collections.abc import Iterable, Mapping, Sequence

from clients.profile import Profile
from definitions.former import Notes
from matrix.cell import Cell
from matrix.errors import SelectionError
from matrix.expectations.derived import Facts, connects_like, expected_of
from matrix.expectations.files import Expectations, load_expectations
from matrix.judgement.outcome import Expectation
from matrix.plan.plan import PlannedCell
from matrix.prediction import Prediction, predict
from matrix.prediction.of_server import facts_of_server
from matrix.results.compare import renamed_servers
from matrix.results.run_file import CellRecord, RunFile
from matrix.wording import counted, joined
from servers.variant import ServerVariant


def plan_cells(
    cells: Iterable[Cell],
    variants: Mapping[str, ServerVariant],
    profiles: Mapping[str, Profile],
    baseline: RunFile | None,
    own: Expectations | None = None,
    notes: Notes | None = None,
) -> list[PlannedCell]:
    """Look up what is expected of each cell and predict it; the user's own expectations come before what is
    shipped or predicted. Nothing is predicted of a server that is only observed (`ServerVariant`), nor of a
    genuine program as a client, which has no definition.
    """
    own = own or Expectations()
    expectations = own.before(load_expectations(notes=notes))
    cells = list(cells)
    earlier = _baseline_cells(cells, baseline)
    plain_ids = {identifier: connects_like(variant) for identifier, variant in variants.items()}
    server_facts = {
        identifier: facts_of_server(variant)
        for identifier, variant in variants.items()
        if not variant.is_only_observed
    }
    predictions = {
        (server, client): predict(profiles[client].player, server_facts[server])
        for server, client in {(cell.server, cell.client) for cell in cells}
        if server in server_facts and client in profiles
    }
    planned = []
    for cell in cells:
        prediction = predictions.get((cell.server, cell.client))
        beyond: Prediction | None = None
        is_only_observed = cell.server in variants and cell.server not in server_facts
        expected = None if is_only_observed else expectations.explicit(cell)
        if cell.server in server_facts and cell.client in profiles:
            client, server = profiles[cell.client].player, server_facts[cell.server]
            facts = Facts(client, server, plain_ids[cell.server], prediction)
            expected, beyond = expected_of(cell, facts, expectations)
        expected = earlier.get(cell.id) or own.explicit(cell) or expected
        planned.append(PlannedCell(cell, expected, beyond or prediction))
    return planned


def check_baseline(cells: Sequence[Cell], baseline: RunFile | None, name: str) -> tuple[str, ...]:
    """What the user should know of a baseline, a line each. Raises SelectionError where it says nothing of
    any cell that is asked for, because nothing would then be held against it.
    """
    if baseline is None:
        return ()
    said = len(_baseline_cells(cells, baseline))
    if not said:
        known = joined(sorted({cell.server for cell in baseline.cells if cell.outcome is not None}))
        had = f"it has results of {known}" if known else "it has no results"
        raise SelectionError(f"--baseline {name}: says nothing of any cell of this run; {had}")
    if said == len(cells):
        return ()
    return (f"--baseline {name}: says nothing of {len(cells) - said} of {counted(len(cells), 'cell')}",)


def _baseline_cells(cells: Sequence[Cell], baseline: RunFile | None) -> dict[str, Expectation]:
    """What the baseline saw, by the id of the cell that is now its partner; cells in which it found nothing
    out are left out.
    """
    if baseline is None:
        return {}
    earlier = baseline.by_id()
    renamed = renamed_servers(baseline.servers, {cell.server for cell in cells})
    expected = {}
    for cell in cells:
        former = earlier.get(cell.id)
        if former is None and cell.server in renamed:
            former = earlier.get(Cell(renamed[cell.server], cell.client, cell.scenario).id)
        if former is not None and former.outcome is not None:
            expected[cell.id] = _as_seen(former)
    return expected


def _as_seen(cell: CellRecord) -> Expectation:
    assert cell.outcome is not None  # the caller has looked
    return Expectation(cell.outcome, cell.reason, f"so it was in the baseline run ({cell.id})")
