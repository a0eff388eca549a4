"""From what is asked to what is run: servers, clients, scenarios, and for each cell what is expected and
predicted.

Reads definitions, profiles, expectations and the baseline; opens no connection. Everything wrong with any
of them comes out as an error of one line before anything is started.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from clients.destination import Target, TargetError, parse_target
from clients.profile import BUNDLED_PROFILES, Profile, load_profiles
from definitions.fault import Together, UnusableFile
from definitions.former import Notes
from definitions.reading import check_toml
from handshake.crypto.credentials import Credential
from handshake.errors import LocalError
from matrix.cell import Cell, grid, no_match, select
from matrix.errors import MatrixError, SelectionError
from matrix.expectations.derived import Facts, connects_like, expected_of
from matrix.expectations.files import Expectations, load_expectations, load_own_expectations
from matrix.judgement.outcome import Expectation
from matrix.plan.options import RunOptions
from matrix.plan.servers import choose_servers
from matrix.prediction import Prediction, facts_of_server, predict
from matrix.results.compare import renamed_servers
from matrix.results.gate import parse_gates
from matrix.results.run_file import CellRecord, RunFile, load_run
from matrix.scenarios import SCENARIOS, Scenario
from servers.definition import DefinitionError, ServerDefinition, load_definitions
from servers.emulated.emulation import EmulationError, read_emulation
from servers.variant import ServerIdError, ServerVariant, expand

USAGE_ERRORS = (MatrixError, UnusableFile, ServerIdError, TargetError)


def lines_of(error: Exception) -> tuple[str, ...]:
    """What one of USAGE_ERRORS says: a line for each thing to mend."""
    return error.lines if isinstance(error, UnusableFile) else (str(error),)


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """A cell with what is known of it beforehand; of a target nothing may be."""

    cell: Cell
    expectation: Expectation | None
    prediction: Prediction | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run needs. `profiles` are all that exist (controls may use others than the cells do);
    `remarks` are what the user should know before it runs, a line each.
    """

    options: RunOptions
    variants: tuple[ServerVariant, ...]
    targets: tuple[Target, ...]
    profiles: Mapping[str, Profile]
    scenarios: tuple[Scenario, ...]
    cells: tuple[PlannedCell, ...]
    remarks: tuple[str, ...] = ()

    def narrowed_to(self, cell_ids: Set[str]) -> Self:
        """Give the plan of these cells alone, and of the servers and targets they need."""
        cells = tuple(planned for planned in self.cells if planned.cell.id in cell_ids)
        needed = {planned.cell.server for planned in cells}
        return replace(
            self,
            cells=cells,
            variants=tuple(variant for variant in self.variants if variant.id in needed),
            targets=tuple(target for target in self.targets if target.name in needed),
        )


def make_plan(options: RunOptions, notes: Notes | None = None) -> Plan:
    """Plan a run; old keys and notations of what is read go into `notes`. Raises one of USAGE_ERRORS, each a
    line for each thing to mend.
    """
    parse_gates(options.fail_on)
    together = Together()
    with together:
        definitions = load_all_definitions(options.servers_dir, notes)
    with together:
        profiles = load_all_profiles(options.clients_dir, notes)
    together.end()
    targets = parse_targets(options.target)
    variants = choose_servers(options, definitions)
    for variant in variants:
        with together:
            check_variant(variant, profiles)
    together.end()
    taken = {variant.id for variant in variants} & {target.name for target in targets}
    if taken:
        raise SelectionError(f"--target {min(taken)}: a server has this id; choose another name")
    clients = select(options.client, profiles, "client") if options.client else default_clients(profiles)
    default = [scenario.id for scenario in SCENARIOS.values() if scenario.is_default]
    scenarios = select(options.scenario, SCENARIOS, "scenario") if options.scenario else default
    servers = [variant.id for variant in variants] + [target.name for target in targets]
    baseline = load_run(options.baseline, notes) if options.baseline is not None else None
    own = load_own_expectations(
        options.expectations, dict.fromkeys(variant.definition.folder for variant in variants), notes
    )
    by_id = {variant.id: variant for variant in variants}
    cells = plan_cells(grid(servers, clients, scenarios), by_id, profiles, baseline, own, notes)
    return Plan(
        options,
        tuple(variants),
        tuple(targets),
        profiles,
        tuple(SCENARIOS[s] for s in scenarios),
        tuple(cells),
        tuple(_unused(own, servers, definitions, profiles)),
    )


def _unused(
    own: Expectations,
    servers: Iterable[str],
    definitions: Mapping[str, ServerDefinition],
    profiles: Iterable[str],
) -> Iterator[str]:
    """Name the user's patterns that match no cell there is, whatever of them is run."""
    if own:
        known = (variant.id for definition in definitions.values() for variant in expand(definition))
        cells = grid(list(dict.fromkeys((*servers, *known))), list(profiles), list(SCENARIOS))
        yield from (f"{pattern} matches no cell; mend it or take it out" for pattern in own.unused(cells))


def load_all_definitions(
    directories: Sequence[Path], notes: Notes | None = None
) -> dict[str, ServerDefinition]:
    """Load the bundled servers and the user's."""
    return load_definitions(directories, notes)


def load_all_profiles(directories: Sequence[Path], notes: Notes | None = None) -> dict[str, Profile]:
    """Load the bundled clients and the user's."""
    return load_profiles((BUNDLED_PROFILES, *directories), notes)


def parse_targets(texts: Iterable[str]) -> list[Target]:
    """Read the targets. Raises TargetError, or SelectionError for two of one name."""
    targets = [parse_target(text) for text in texts]
    for target in targets:
        _check_own_certificate(target)
    names = [target.name for target in targets]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SelectionError(f"--target {twice[0]}: given twice; give each target a name of its own")
    return targets


def _check_own_certificate(target: Target) -> None:
    """Read the certificate that clients are to show, so that a wrong file is told before anything runs."""
    if target.certificate is None or target.key is None:
        return
    try:
        texts = [path.read_text(encoding="ascii") for path in (target.key, target.certificate)]
        Credential.from_pem(*texts)
    except OSError as error:
        raise SelectionError(f"--target {target.name}: {error.filename}: {error.strerror}") from error
    except (UnicodeDecodeError, LocalError) as error:
        raise SelectionError(
            f"--target {target.name}: cert={target.certificate},key={target.key}: {error}"
        ) from error


def default_clients(profiles: Mapping[str, Profile]) -> list[str]:
    """Give the ids of the clients of the grid when none is chosen, sorted: those whose profile does not say
    otherwise.

    A client that differs from its neighbours only once connected would be noise in the grid everybody reads
    first.
    """
    return sorted(profile.id for profile in profiles.values() if profile.default)


def check_variant(variant: ServerVariant, profiles: Mapping[str, Profile]) -> None:
    """Find out what is wrong with a definition before anything starts: its [emulation], and the client it
    names for its control cell. Raises UnusableFile.
    """
    file = variant.definition.folder / "server.toml"
    together = Together()
    with together:
        if variant.definition.control not in profiles:
            problem = no_match(variant.definition.control, sorted(profiles), "client")
            raise DefinitionError(f"{file}: control: {problem}")
    if variant.definition.kind == "emulated":
        with together:
            try:
                read_emulation(variant.emulation(), str(file))
            except EmulationError:
                check_toml(file, ServerDefinition)  # tells which layers it comes from, and on which lines
                raise
    together.end()


def plan_cells(
    cells: Iterable[Cell],
    variants: Mapping[str, ServerVariant],
    profiles: Mapping[str, Profile],
    baseline: RunFile | None,
    own: Expectations | None = None,
    notes: Notes | None = None,
) -> list[PlannedCell]:
    """Look up what is expected of each cell and predict it; the user's own expectations come before what is
    shipped or predicted.
    """
    own = own or Expectations()
    expectations = own.before(load_expectations(notes=notes))
    cells = list(cells)
    earlier = _baseline_cells(cells, baseline)
    plain_ids = {identifier: connects_like(variant) for identifier, variant in variants.items()}
    server_facts = {identifier: facts_of_server(variant) for identifier, variant in variants.items()}
    predictions = {
        (server, client): predict(profiles[client].player, server_facts[server])
        for server, client in {(cell.server, cell.client) for cell in cells}
        if server in server_facts
    }
    planned = []
    for cell in cells:
        prediction = predictions.get((cell.server, cell.client))
        beyond: Prediction | None = None
        expected = expectations.explicit(cell)
        if cell.server in variants:
            client, server = profiles[cell.client].player, server_facts[cell.server]
            facts = Facts(client, server, plain_ids[cell.server], prediction)
            expected, beyond = expected_of(cell, facts, expectations)
        expected = earlier.get(cell.id) or own.explicit(cell) or expected
        planned.append(PlannedCell(cell, expected, beyond or prediction))
    return planned


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
