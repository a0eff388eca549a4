"""From level to level: how each client fares with a server as its levels rise.

Pure, and from the run file alone. The levels of a server with the same toggles are a level series; which
level comes after which is the order of its definition, not that of the alphabet or of dates, since branches
of a stack are patched side by side. A level about which nothing was found out is left out, and named.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from msgspec import Struct

from handshake.reason import Reason
from matrix.judgement.outcome import Outcome
from matrix.results.run_file import CellRecord, RunFile, ServerRecord

NO_RESULT = "no result"


class Stretch(Struct, frozen=True):
    """Levels in a row at which a client fares the same, down to the reason; at least one."""

    levels: tuple[str, ...]
    outcome: Outcome
    reason: Reason | None


class Course(Struct, frozen=True):
    """How one client fares: its stretches in the order of the levels, no two neighbours alike; `unknown` are
    the levels without an outcome, each with what is known instead.
    """

    client: str
    stretches: tuple[Stretch, ...]
    unknown: tuple[tuple[str, str], ...] = ()

    @property
    def phases(self) -> list[tuple[Stretch, ...]]:
        """The stretches, those of one outcome and different reasons together."""
        grouped = groupby(self.stretches, key=lambda stretch: stretch.outcome)
        return [tuple(stretches) for _, stretches in grouped]

    @property
    def changes(self) -> bool:
        """True when the client does not fare the same at all levels of which an outcome is known."""
        return len(self.stretches) > 1


class LevelSeries(Struct, frozen=True):
    """Two or more levels of a server in one scenario; `toggles` are those that are the same at each, written
    as in an id, empty where all stand at their default. The clients whose course changes come first.
    """

    server: str
    toggles: str
    scenario: str
    levels: tuple[str, ...]
    courses: tuple[Course, ...]


def in_order(servers: Mapping[str, ServerRecord]) -> list[str]:
    """Sort server ids: by name, then by toggles, so that the levels of a series stand side by side, in their
    order.
    """
    return sorted(servers, key=lambda identifier: _order(identifier, servers[identifier]))


def _order(identifier: str, server: ServerRecord) -> tuple[str, str, int, str]:
    position = -1 if server.position is None else server.position
    return _name(identifier), _toggles(identifier), position, identifier


def level_series(run: RunFile) -> list[LevelSeries]:
    """Give every level series of a run, by scenario, name and toggles."""
    cells: dict[str, dict[str, dict[str, CellRecord]]] = defaultdict(lambda: defaultdict(dict))
    for cell in run.cells:
        cells[cell.scenario][cell.server][cell.client] = cell
    return [
        LevelSeries(name, toggles, scenario, tuple(by_level), tuple(_courses(by_level)))
        for scenario, of_scenario in sorted(cells.items())
        for name, toggles, servers in _alike({server: run.servers[server] for server in of_scenario})
        for by_level in [{run.servers[server].level: of_scenario[server] for server in servers}]
    ]


def _alike(servers: Mapping[str, ServerRecord]) -> Iterator[tuple[str, str, list[str]]]:
    """Find the servers of one name and the same toggles.

    A level belongs to a series when it has its toggles and departs from its own defaults in nothing else: a
    toggle that stands at the default of a level does not stand in that level's id. A run file that does not
    say how levels follow each other has no series.
    """
    placed = {
        identifier: server.position for identifier, server in servers.items() if server.position is not None
    }
    by_level = sorted(placed, key=lambda identifier: (_name(identifier), placed[identifier], identifier))
    for name, group in groupby(by_level, key=_name):
        alike = list(group)
        for toggles in sorted({_toggles(identifier) for identifier in alike}):
            asked = _pairs(toggles)
            members = [
                identifier
                for identifier in alike
                if _pairs(_toggles(identifier)) <= asked <= servers[identifier].toggles.items()
            ]
            if len(members) > 1:
                yield name, toggles, members


def _name(identifier: str) -> str:
    return identifier.partition("@")[0]


def _toggles(identifier: str) -> str:
    return identifier.partition(",")[2]


def _pairs(toggles: str) -> set[tuple[str, str]]:
    pairs = (toggle.partition("=") for toggle in toggles.split(",") if toggle)
    return {(name, value) for name, _, value in pairs}


def _courses(by_level: Mapping[str, Mapping[str, CellRecord]]) -> list[Course]:
    clients = sorted({client for cells in by_level.values() for client in cells})
    courses = [
        course(client, [(level, cells.get(client)) for level, cells in by_level.items()])
        for client in clients
    ]
    return sorted(courses, key=lambda course: not course.changes)


def course(client: str, cells: Sequence[tuple[str, CellRecord | None]]) -> Course:
    """Put the cells of one client, in the order of their levels, into stretches; a level without a cell has
    none because the run ended before.
    """
    known: list[tuple[str, Outcome, Reason | None]] = []
    unknown: list[tuple[str, str]] = []
    for level, cell in cells:
        if cell is None or cell.outcome is None:
            unknown.append((level, cell.verdict.value.replace("_", " ") if cell else NO_RESULT))
        else:
            known.append((level, cell.outcome, cell.reason))
    stretches = (
        Stretch(tuple(level for level, *_ in alike), outcome, reason)
        for (outcome, reason), alike in groupby(known, key=lambda each: each[1:])
    )
    return Course(client, tuple(stretches), tuple(unknown))
