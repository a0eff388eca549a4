"""What a genuine program does about a departure, over a socket."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from bench.fidelity.reactions.departing import has_departed, request_at, server_id
from bench.fidelity.reactions.played import Met
from clients.destination import Destination
from clients.genuine.program import Program
from clients.genuine.relay import Carried
from clients.genuine.visit import visit
from clients.reaction import reaction_of
from handshake.server.departures.departure import Departure
from servers.contract import Connection
from servers.credentials import SUBJECT
from servers.processes.start import RunningServer, RunningServers

SECONDS = 3.0
FIRST_SECONDS = 120.0
"""For the first visit of all, before which a program may have to be compiled or a machine started."""
AT_ONCE = 8


def met(
    servers: RunningServers, program: Program, departure: Departure, deadline_seconds: float = SECONDS
) -> Met:
    """Let a program meet a departure. Raises OSError where it cannot be started."""
    identity = server_id(departure.name)
    server = servers[identity]
    assert isinstance(server, RunningServer), server
    seen: list[Connection] = []

    def key_log(carried: Carried) -> Sequence[str]:
        if carried.port is None:
            return ()
        told = servers.wait_for_connection(identity, carried.port, carried.started)
        seen.extend([] if told is None else [told])
        return () if told is None else (told.log or "").splitlines()

    observation = visit(
        program,
        Destination(server.host, server.port, SUBJECT),
        deadline_seconds=deadline_seconds,
        request=request_at(departure),
        told=key_log,
    )
    failure = observation.attempts[-1].failure
    words = "" if failure is None else failure.detail.client_said
    return Met(reaction_of(observation), any(has_departed(one) for one in seen), words)


def all_met(
    servers: RunningServers,
    programs: Sequence[Program],
    departures: Sequence[Departure],
    at_once: int = AT_ONCE,
) -> Iterator[tuple[Program, Departure, Met]]:
    """Let every program meet every departure, `at_once` visits at a time."""
    for program in programs:
        met(servers, program, departures[0], FIRST_SECONDS)
    jobs = [(program, departure) for departure in departures for program in programs]
    with ThreadPoolExecutor(at_once) as pool:
        results = pool.map(lambda job: met(servers, *job), jobs)
        for (program, departure), result in zip(jobs, results, strict=True):
            yield program, departure, result
