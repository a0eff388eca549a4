"""Starts server variants as processes of this machine and leaves nothing running.

Variants that share a program share a process, unless their definition gives each level or each variant one of
its own; all processes start at once and each has until the same deadline, which such processes put off, since
there may be dozens. A process's standard input stays open while its servers are wanted: its end, which also
comes when this process is killed, is what stops it. What takes a stack that is not fetched is not started.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from servers import contract
from servers.processes.process import STOP_SECONDS, ProgramProcess
from servers.processes.program import start_afresh, start_program
from servers.running import NotInstalled, RunningServer, RunningServers, StartFailure, StartResult
from servers.variant import ServerVariant
from stacks.catalogue import not_fetched

__all__ = ["NotInstalled", "RunningServer", "RunningServers", "StartFailure", "StartResult", "start_servers"]

START_DEADLINE_SECONDS = 5.0
# A Java virtual machine takes half a second of two processors to start [measured]; all start at once.
SECONDS_PER_FURTHER_PROCESS = 1.0
LOOPBACK = "127.0.0.1"


class ProcessServers(RunningServers):
    """Servers that are processes of this machine."""

    def __init__(self, results: Mapping[str, StartResult], processes: Mapping[str, ProgramProcess]) -> None:
        super().__init__(results, {server_id: each.events for server_id, each in processes.items()})
        self._processes = processes

    def process_id(self, server_id: str) -> int:
        """The operating system's id of the server's process."""
        return self._processes[server_id].process_id


@contextmanager
def start_servers(
    variants: Sequence[ServerVariant],
    credentials: Mapping[str, contract.PrivateKeyAndChain],
    deadline_seconds: float = START_DEADLINE_SECONDS,
    *,
    port: int = 0,
    client_certificates: Mapping[str, str] | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[ProcessServers]:
    """Start every variant, wait until each runs or has failed, and stop all on exit.

    The wait takes at most the deadline, or what a definition says, and a second more for each process of one
    level or variant alone.

    `port` is for a single variant that must listen on a certain one; `client_certificates` (PEM by kind) are
    those the servers trust; `meanwhile` is called while they start. A server that does not start is a value
    in the result, never an exception.
    """
    if port and len(variants) != 1:
        raise ValueError("a port can be chosen for one server only")
    groups: dict[tuple[Path, str], list[ServerVariant]] = defaultdict(list)
    results: dict[str, StartResult] = {}
    for variant in dict.fromkeys(variants):
        definition = variant.definition
        if (missing := not_fetched(definition.levels[variant.level].stacks)) is not None:
            results[variant.id] = NotInstalled(variant.id, missing)
            continue
        groups[definition.program, variant.process_of_its_own].append(variant)
    of_their_own = sum(1 for _, alone in groups if alone)
    seconds = max([deadline_seconds, *(variant.definition.start_seconds for variant in variants)])
    deadline = time.monotonic() + seconds + of_their_own * SECONDS_PER_FURTHER_PROCESS
    programs: list[ProgramProcess] = []
    try:
        by_server: dict[str, ProgramProcess] = {}
        for (path, _), alike in groups.items():
            has_stacks = any(each.definition.levels[each.level].stacks for each in alike)
            programs.append(ProgramProcess(path, start_afresh if has_stacks else start_program))
            by_server |= {variant.id: programs[-1] for variant in alike}
        for program, alike in zip(programs, groups.values(), strict=True):
            trusted = client_certificates or {}
            program.listen([each.configuration(credentials, trusted, LOOPBACK, port) for each in alike])
        meanwhile()
        for program in programs:
            results |= program.events.results(deadline)
        yield ProcessServers({variant.id: results[variant.id] for variant in variants}, by_server)
    finally:
        for program in programs:
            program.ask_to_stop()
        stop_by = time.monotonic() + STOP_SECONDS
        for program in programs:
            program.stop(stop_by)
