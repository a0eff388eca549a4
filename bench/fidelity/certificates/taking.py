"""Whether a client takes a certificate: a genuine program over a socket, a profile in memory."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from msgspec.structs import replace

from bench.fidelity.certificates.showing import REQUEST, Shown, showing_server
from bench.fidelity.reactions.differences import agrees
from bench.fidelity.reactions.genuine import FIRST_SECONDS, SECONDS
from bench.fidelity.reactions.played import InMemory, play
from clients.destination import Destination
from clients.genuine.program import Program
from clients.genuine.relay import Carried
from clients.genuine.visit import visit
from clients.player import Player
from clients.reaction import UNKNOWN_ALERT, Reaction, reaction_of
from servers.contract import Connection
from servers.credentials import SUBJECT
from servers.emulated.served import PEER_SENT
from servers.processes.start import RunningServer, RunningServers

NOT_OFFERED = "not offered"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a client did; `is_offered` is False where the server found that the hello leaves it no use for the
    certificate. `words` are those of the reason.
    """

    reaction: Reaction
    is_offered: bool
    words: str = ""

    def __str__(self) -> str:
        """In a few words."""
        if not self.is_offered:
            return NOT_OFFERED
        return str(_without_close(self.reaction))


def agree(genuine: Taken, own: Taken) -> bool:
    """Whether a profile does what its program does."""
    reactions = (_without_close(each.reaction) for each in (genuine, own))
    return genuine.is_offered == own.is_offered and agrees(*reactions)


def _without_close(reaction: Reaction) -> Reaction:
    """Without how it closes where it goes on: no certificate decides that."""
    return replace(reaction, closes_with="")


def taken_by_program(
    servers: RunningServers, program: Program, shown: Shown, deadline_seconds: float = SECONDS
) -> Taken:
    """Show a program a certificate. Raises OSError where it cannot be started."""
    server = servers[shown.server_id]
    assert isinstance(server, RunningServer), server
    seen: list[Connection] = []

    def look(carried: Carried) -> Sequence[str]:
        if carried.port is not None:
            told = servers.wait_for_connection(shown.server_id, carried.port, carried.started)
            seen.extend([] if told is None else [told])
        return ()

    observation = visit(
        program,
        Destination(server.host, server.port, SUBJECT),
        deadline_seconds=deadline_seconds,
        request=REQUEST,
        trusted=shown.chain,
        told=look,
    )
    failure = observation.attempts[-1].failure
    words = "" if failure is None else failure.detail.client_said
    return Taken(_named(reaction_of(observation), seen), _is_offered(seen), words)


def taken_by_profile(player: Player, shown: Shown) -> Taken:
    """Show a profile a certificate."""
    observation, served = play(player, showing_server(shown), REQUEST)
    failure = observation.attempts[-1].failure
    seen = [one.seen(InMemory.local_port) for one in served]
    return Taken(reaction_of(observation), _is_offered(seen), "" if failure is None else str(failure))


def all_taken(
    servers: RunningServers, programs: Sequence[Program], shown: Sequence[Shown], at_once: int
) -> Iterator[tuple[Program, Shown, Taken]]:
    """Show every program every certificate, `at_once` visits at a time."""
    for program in programs:
        taken_by_program(servers, program, shown[0], FIRST_SECONDS)
    jobs = [(program, each) for each in shown for program in programs]
    with ThreadPoolExecutor(at_once) as pool:
        results = pool.map(lambda job: taken_by_program(servers, *job), jobs)
        for (program, each), result in zip(jobs, results, strict=True):
            yield program, each, result


def _named(reaction: Reaction, seen: Sequence[Connection]) -> Reaction:
    """With the name of an alert that the server alone could read."""
    reason = (seen[-1].reason or "") if seen else ""
    if reaction.does == UNKNOWN_ALERT and reason.startswith(PEER_SENT):
        return replace(reaction, does=f"alert:{reason.removeprefix(PEER_SENT)}")
    return reaction


def _is_offered(seen: Sequence[Connection]) -> bool:
    return not seen or seen[-1].alert_sent is None
