"""From what is asked to what is run: servers, clients, scenarios, and for each cell what is expected and
predicted.

Reads definitions, profiles, expectations and the baseline; opens no connection. Everything wrong with any
of them comes out as an error of one line before anything is started.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product, starmap
from pathlib import Path

from clients.genuine.program import Program
from clients.genuine.programs import load_programs
from clients.profile import Profile, load_profiles
from definitions.fault import Together
from definitions.former import Notes
from matrix.cell import Cell, grid, select
from matrix.errors import SelectionError
from matrix.expectations.files import Expectations, load_own_expectations
from matrix.plan.cells import check_baseline, plan_cells
from matrix.plan.loading import (
    PROGRAMS_LISTED_BY,
    check_variant,
    choose_clients,
    load_all_definitions,
    load_all_profiles,
    load_asked_programs,
)
from matrix.plan.options import RunOptions
from matrix.plan.plan import Plan
from matrix.plan.servers import choose_servers
from matrix.plan.shard import Shard
from matrix.plan.site import site_of
from matrix.plan.site_places import SitePlaces
from matrix.plan.targets import parse_targets
from matrix.results.gate import parse_gates
from matrix.results.key_log_file import check_key_log_file
from matrix.results.played import stands_for
from matrix.results.run_file import RunFile, load_whole_run
from matrix.scenarios import SCENARIOS
from servers.definition import ServerDefinition
from servers.variant import expand


def make_plan(options: RunOptions, notes: Notes | None = None) -> Plan:
    """Plan a run; old keys and notations of what is read go into `notes`. Raises one of USAGE_ERRORS, each a
    line for each error.
    """
    site = site_of(options, notes)
    places = SitePlaces(site, options)
    options = site.options(options)
    shard = None if options.shard is None else Shard.parse(options.shard)
    check_key_log_file()
    read = _read(options, places, notes)
    definitions, profiles, programs = read.definitions, read.profiles, read.programs
    together = Together()
    parse_gates(options.fail_on)
    targets = parse_targets(options.target)
    variants = choose_servers(options, definitions)
    for variant in variants:
        with together:
            check_variant(variant, profiles)
    together.end()
    taken = {variant.id for variant in variants} & {target.name for target in targets}
    for name in sorted(taken):
        with together, places.told_of_target(name):
            raise SelectionError(f"--target {name}: a server has this id; choose another name")
    together.end()
    clients = choose_clients(options.client, profiles, programs)
    default = [scenario.id for scenario in SCENARIOS.values() if scenario.is_default]
    scenarios = select(options.scenario, SCENARIOS, "scenario") if options.scenario else default
    servers = [variant.id for variant in variants] + [target.name for target in targets]
    own = load_own_expectations(
        options.expectations, dict.fromkeys(variant.definition.folder for variant in variants), notes
    )
    by_id = {variant.id: variant for variant in variants}
    asked = list(grid(servers, clients, scenarios))
    with places.told("baseline"):
        remarks = check_baseline(asked, read.baseline, str(options.baseline))
    cells = plan_cells(asked, by_id, profiles, read.baseline, own, notes)
    plan = Plan(
        options,
        tuple(variants),
        tuple(targets),
        profiles,
        tuple(SCENARIOS[s] for s in scenarios),
        tuple(cells),
        (
            *remarks,
            *_unused(own, servers, definitions, (*profiles, *programs)),
            *_compared_with_none(clients, profiles, programs, options.clients_dir),
        ),
        programs,
    )
    return plan if shard is None else plan.part(shard)


@dataclass(frozen=True, slots=True)
class _Read:
    """What a plan is made from."""

    definitions: Mapping[str, ServerDefinition]
    profiles: Mapping[str, Profile]
    programs: Mapping[str, Program]
    baseline: RunFile | None


def _read(options: RunOptions, places: SitePlaces, notes: Notes | None) -> _Read:
    """Read all files, and look up what a site's file names. Raises UnusableFile with the faults of all."""
    definitions: Mapping[str, ServerDefinition] | None = None
    profiles: Mapping[str, Profile] | None = None
    programs: Mapping[str, Program] = {}
    baseline: RunFile | None = None
    together = Together()
    with together, places.told("servers_dir"):
        definitions = load_all_definitions(options.servers_dir, notes) if _needs_definitions(options) else {}
    with together, places.told("clients_dir"):
        profiles = load_all_profiles(options.clients_dir, notes)
    with together, places.told("clients_dir"):
        programs = load_asked_programs(options.client, options.clients_dir, notes)
    with together:
        places.check(definitions, profiles, programs, options.target)
    with together, places.told("expectations"):
        load_own_expectations(options.expectations, ())
    with together, places.told("baseline"):
        baseline = load_whole_run(options.baseline, notes) if options.baseline is not None else None
    together.end()
    assert definitions is not None, "else there was an error"
    assert profiles is not None, "else there was an error"
    return _Read(definitions, profiles, programs, baseline)


def _needs_definitions(options: RunOptions) -> bool:
    """Whether the servers that are defined matter: a run of targets alone need not wait for them."""
    is_of_targets = bool(options.target) and not (options.server or options.levels)
    return not is_of_targets or bool(options.servers_dir) or options.expectations is not None


def _compared_with_none(
    clients: Iterable[str],
    profiles: Mapping[str, Profile],
    programs: Mapping[str, Program],
    directories: Sequence[Path],
) -> Iterator[str]:
    """Name the clients whose `plays` is the id of no program here; where no program is asked for, the user's
    own alone, since those that come along name what is on some machines only.
    """
    plays = {client: profiles[client].plays for client in clients if client in profiles}
    if not programs:
        own = load_profiles(directories)
        plays = {client: plays[client] for client in plays if client in own}
    named = {client: program for client, program in plays.items() if program is not None}
    known = programs or (load_programs(directories) if named else {})
    for client, program in named.items():
        if stands_for(program, known) is None:
            yield (
                f"{client}: plays {program!r}, and no genuine program here has this id: the client is "
                f"compared with none (see `{PROGRAMS_LISTED_BY}`)"
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
        # Far more than a run has, so they are made one after the other and no more than are needed.
        cells = starmap(Cell, product(dict.fromkeys((*servers, *known)), profiles, SCENARIOS))
        yield from (f"{pattern} matches no cell; correct or remove it" for pattern in own.unused(cells))
