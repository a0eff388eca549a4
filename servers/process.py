"""Starts server variants as processes of this machine and leaves nothing running.

Variants that share a program share a process, unless their definition gives each level or each variant one of
its own; all processes start at once and each has until the same deadline, which such processes put off, since
there may be dozens. A process's standard input stays open while its servers are wanted: its end, which also
comes when this process is killed, is what stops it. What takes a stack that is not fetched is not started.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from servers import contract
from servers.program import STOP_SECONDS, NotInstalled, Program, RunningServer, StartFailure, StartResult
from servers.stacks.catalogue import not_fetched
from servers.variant import ServerVariant

__all__ = ["NotInstalled", "RunningServer", "RunningServers", "StartFailure", "StartResult", "start_servers"]

START_DEADLINE_SECONDS = 5.0
# A Java virtual machine takes half a second of two processors to start [measured]; all start at once.
SECONDS_PER_FURTHER_PROCESS = 1.0
LOOPBACK = "127.0.0.1"


class RunningServers(Mapping[str, StartResult]):
    """What became of each server asked for, by variant id, and what the running ones have said since.

    Only what was started can be asked for more than its result: the other methods raise KeyError.
    """

    def __init__(self, results: Mapping[str, StartResult], programs: Mapping[str, Program]) -> None:
        self._results = results
        self._programs = programs

    def __getitem__(self, server_id: str) -> StartResult:
        return self._results[server_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._results)

    def __len__(self) -> int:
        return len(self._results)

    def connections(self, server_id: str) -> tuple[contract.Connection, ...]:
        """What the server itself saw, connection by connection as they ended; the last ten thousand."""
        return self._programs[server_id].connections(server_id)

    def wait_for_connection(
        self, server_id: str, peer_port: int, deadline_seconds: float = 1.0
    ) -> contract.Connection | None:
        """The server's view of the connection from `peer_port`; None when it says nothing in time."""
        return self._programs[server_id].wait_for_connection(server_id, peer_port, deadline_seconds)

    def follow(self, server_id: str) -> Iterator[contract.Connection]:
        """Every connection as it ends, waited for, until the server no longer runs."""
        return self._programs[server_id].follow(server_id)

    def stopped(self, server_id: str) -> str | None:
        """Why a server that was running no longer is, or None while it is."""
        return self._programs[server_id].stopped(server_id)

    def process_id(self, server_id: str) -> int:
        """The operating system's id of the server's process."""
        return self._programs[server_id].process_id


@contextmanager
def start_servers(
    variants: Sequence[ServerVariant],
    credentials: Mapping[str, contract.PrivateKeyAndChain],
    deadline_seconds: float = START_DEADLINE_SECONDS,
    *,
    port: int = 0,
    client_certificates: Mapping[str, str] | None = None,
) -> Iterator[RunningServers]:
    """Start every variant, wait until each runs or has failed, and stop all on exit.

    The wait takes at most the deadline, and a second more for each process of one level or variant alone.

    `port` is for a single variant that must listen on a certain one; `client_certificates` (PEM by kind) are
    those the servers trust. A server that does not start is a value in the result, never an exception.
    """
    if port and len(variants) != 1:
        raise ValueError("a port can be chosen for one server only")
    groups: dict[tuple[Path, str], list[contract.Configuration]] = defaultdict(list)
    results: dict[str, StartResult] = {}
    for variant in dict.fromkeys(variants):
        definition = variant.definition
        if (missing := not_fetched(definition.levels[variant.level].stacks)) is not None:
            results[variant.id] = NotInstalled(variant.id, missing)
            continue
        process = definition.program, _alone(variant)
        groups[process].append(_configuration(variant, credentials, client_certificates or {}, port))
    of_their_own = sum(1 for _, alone in groups if alone)
    deadline = time.monotonic() + deadline_seconds + of_their_own * SECONDS_PER_FURTHER_PROCESS
    programs: list[Program] = []
    try:
        by_server: dict[str, Program] = {}
        for (path, _), configurations in groups.items():
            programs.append(Program(path, configurations))
            by_server |= {configuration.id: programs[-1] for configuration in configurations}
        for program in programs:
            results |= program.results(deadline)
        yield RunningServers({variant.id: results[variant.id] for variant in variants}, by_server)
    finally:
        for program in programs:
            program.ask_to_stop()
        stop_by = time.monotonic() + STOP_SECONDS
        for program in programs:
            program.stop(stop_by)


def _alone(variant: ServerVariant) -> str:
    """What has a process of its own: the variant, its level, or (the empty string) neither."""
    match variant.definition.process:
        case "per-variant":
            return variant.id
        case "per-level":
            return f"{variant.definition.id}@{variant.level}"
        case _:
            return ""


def _configuration(
    variant: ServerVariant,
    credentials: Mapping[str, contract.PrivateKeyAndChain],
    client_certificates: Mapping[str, str],
    port: int,
) -> contract.Configuration:
    return contract.Configuration(
        variant.id,
        variant.level,
        variant.toggles,
        credentials,
        variant.declared(),
        variant.emulation(),
        client_certificates,
        LOOPBACK,
        port,
        variant.definition.starttls,
    )
