"""How faithful the emulated servers are: their answers held against measurements and against running stacks.

Java 6 and 7 against the answers recorded from their code; JDK 17, OpenSSL 3.0 and tlslite-ng against the
stacks themselves, each running beside an emulation that is configured like it. Prints a table and every
difference in words; exits with 0 when it ran.

    python -m bench.fidelity [--json] [--server PATTERN]... [--variations N [--seed N]]
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, replace
from fnmatch import fnmatch
from pathlib import Path

from bench.fidelity.comparison import (
    Comparison,
    compare_with_measured,
    compare_with_recorded,
    compare_with_stack,
)
from bench.fidelity.measured import (
    levels,
    measured_answers,
    measured_servers,
    recorded_first_flights,
    renegotiation_server,
)
from bench.fidelity.questions import Address, Question
from bench.fidelity.renegotiation_grid import GRID_STACKS, TOGGLES, measured_rows, stack_rows
from bench.fidelity.report import report
from bench.fidelity.stacks import STACKS, Missing
from bench.fidelity.stacks.running import Running
from bench.fidelity.variations import variations
from bench.machine import machine
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.processes.start import RunningServer, start_servers
from servers.variant import parse_server_id

SERVERS = Path(__file__).parent / "servers"
EMULATED_AT_ONCE = 32
SERVERS_AT_ONCE = 8
STACK_AT_ONCE = 8


class Bench:
    """The emulated servers of one run and what they are held against; `missing` fills up with what is not
    installed.
    """

    def __init__(self, wanted: Sequence[str], closing: ExitStack) -> None:
        self.missing: list[str] = []
        self._credentials = make_credentials()
        definitions = load_definitions([SERVERS])
        self._measured = {
            parse_server_id(each.id, definitions).id: each
            for each in measured_servers()
            if _fits(each.id, wanted)
        }
        self._stacks = {name: stack for name, stack in STACKS.items() if _fits(name, wanted)}
        self._renegotiating = {
            parse_server_id(renegotiation_server(level, toggles), definitions).id: (level, settings)
            for level in levels()
            for settings, toggles in TOGGLES.items()
            if any(measured_rows(level, settings))
            and _fits(renegotiation_server(level, toggles), wanted)
            and "reject" not in settings
        }
        self._grid_stacks = {
            parse_server_id(f"{name}{toggles}", definitions).id: f"{grid.server}{toggles}"
            for name, grid in GRID_STACKS.items()
            for toggles in grid.toggles
            if _fits(name, wanted)
        }
        names = dict.fromkeys((*self._measured, *self._stacks, *self._renegotiating, *self._grid_stacks))
        variants = [parse_server_id(name, definitions) for name in names]
        self._definitions = definitions
        self._running = closing.enter_context(start_servers(variants, self._credentials))

    def compare_with_measured(self) -> list[Comparison]:
        """Ask the recorded first flights of each server there are recorded answers of, several at once."""

        def compare(name: str) -> Comparison:
            measured = measured_answers(self._measured[name])
            return compare_with_measured(name, self._address(name), recorded_first_flights(), measured)

        with ThreadPoolExecutor(SERVERS_AT_ONCE) as pool:
            return list(pool.map(compare, self._measured))

    def compare_with_stacks(self, questions: Sequence[Question]) -> Iterator[Comparison]:
        """Ask each stack that is installed, and its emulation."""
        for name, stack in self._stacks.items():
            with stack(self._credentials) as running:
                if isinstance(running, Missing):
                    self.missing.append(f"{name}: {running.message}")
                else:
                    comparison = compare_with_stack(name, self._address(name), questions, running)
                    note = self._definitions[name.partition("@")[0]].note
                    yield replace(comparison, note=note)

    def compare_renegotiations(self) -> Iterator[Comparison]:
        """Ask the grid of each level and setting it was recorded at, and of each stack that is installed."""
        for name, (level, settings) in self._renegotiating.items():
            rows = {question.name: (question, answer) for question, answer in measured_rows(level, settings)}
            questions = [question for question, _ in rows.values()]
            recorded = {row: answer for row, (_, answer) in rows.items()}
            yield compare_with_recorded(name, self._address(name), questions, recorded)
        for name, stack in self._grid_stacks.items():
            variant = parse_server_id(stack, self._definitions)
            with start_servers([variant], self._credentials) as running:
                server = running[variant.id]
                if not isinstance(server, RunningServer):
                    self.missing.append(f"{stack}: {server.message}")
                    continue
                beside = Running(Address(server.host, [server.port], STACK_AT_ONCE), server.stack)
                grid = stack_rows(GRID_STACKS[_without_toggles(name)])
                yield compare_with_stack(name, self._address(name), grid, beside)

    def _address(self, name: str) -> Address:
        server = self._running[name]
        if not isinstance(server, RunningServer):
            raise SystemExit(f"{name} does not start: {server.message}")
        return Address(server.host, [server.port], EMULATED_AT_ONCE)


def _without_toggles(name: str) -> str:
    """The id of an emulated stack without toggles."""
    return name.partition(",")[0]


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatch(name, pattern) for pattern in patterns)


def main() -> None:
    """Ask, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--server", action="append", default=[], metavar="PATTERN")
    parser.add_argument("--variations", type=int, default=0, metavar="N", help="ask N random flights instead")
    parser.add_argument("--seed", type=int, default=0, help="which random flights")
    arguments = parser.parse_args()
    with ExitStack() as closing:
        bench = Bench(arguments.server, closing)
        if arguments.variations:
            compared = list(bench.compare_with_stacks(variations(arguments.variations, arguments.seed)))
        else:
            compared = [
                *bench.compare_with_measured(),
                *bench.compare_with_stacks(recorded_first_flights()),
                *bench.compare_renegotiations(),
            ]
        missing = bench.missing
    if arguments.json:
        result = {"comparisons": [asdict(each) for each in compared], "not_installed": missing}
        json.dump({"bench": "fidelity", "machine": machine(), **result}, sys.stdout, indent=1)
    else:
        print(report(compared, missing))


if __name__ == "__main__":
    main()
