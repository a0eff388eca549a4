"""The row of a server: what becomes of each client that connects to it, as the grid would have it.

A row is the measure of a twin. Clients connect in parallel, unless the server is to be asked at a pace.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct
from msgspec.structs import replace

from clients.destination import Destination
from clients.observation import Observation
from clients.pace import at_once
from clients.player import Player
from handshake.hello_template import HelloTemplate
from handshake.reason import Reason
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.registry import group_name, version_name
from matrix.judgement.judge import judge
from matrix.scenarios import CONNECT, Meeting

AT_ONCE = 4
"""Clients that connect at the same time where nothing is asked at a pace."""


class Failed(Struct, frozen=True):
    """A hello of a client that failed, and why."""

    hello: HelloTemplate
    reason: Reason


class RowCell(Struct, frozen=True):
    """What became of a client. `outcome` is a word of the grid ("unsupported" where the server chose what
    this program cannot complete), `reason` why its first attempt failed; `choice` the version, cipher suite
    and group that were agreed on; `failed` its hellos that failed, `passed` the one that got through.
    """

    outcome: str
    reason: Reason | None
    choice: tuple[str, ...] = ()
    failed: tuple[Failed, ...] = ()
    passed: HelloTemplate | None = None

    def is_like(self, other: "RowCell") -> bool:
        """Whether both have the same outcome for the same reason."""
        return (self.outcome, self.reason) == (other.outcome, other.reason)

    @property
    def words(self) -> str:
        """Outcome and reason as the grid has them."""
        return self.outcome if self.reason is None else f"{self.outcome} ({self.reason})"


Row = Mapping[str, RowCell]


class Terms(Struct, frozen=True):
    """How a row is measured: `seconds` for each connection, `pace` waits for the turn of one."""

    seconds: float
    pace: Callable[[], None] = at_once

    @property
    def at_once(self) -> int:
        """How many clients connect at the same time."""
        return AT_ONCE if self.pace is at_once else 1


def measure(clients: Mapping[str, Player], destination: Destination, terms: Terms) -> Row:
    """Let every client connect."""
    with ThreadPoolExecutor(terms.at_once) as threads:
        cells = threads.map(lambda player: _cell(player, destination, terms), clients.values())
        return dict(zip(clients, cells, strict=True))


def measure_again(
    row: Row, clients: Mapping[str, Player], names: Iterable[str], destination: Destination, terms: Terms
) -> Row:
    """The row with some of its cells measured again, one after the other: a busy machine is no difference."""
    alone = {name: _cell(clients[name], destination, terms) for name in names}
    return {**row, **alone}


def differing(one: Row, other: Row) -> list[str]:
    """The clients whose cells are not alike."""
    return [name for name, cell in one.items() if not cell.is_like(other[name])]


def _cell(player: Player, destination: Destination, terms: Terms) -> RowCell:
    meeting = Meeting(player, destination, terms.seconds, pace=terms.pace, is_ours=False)
    observation = CONNECT.carry_out(meeting)
    judgement = judge(observation, None, frozenset())
    if judgement.outcome is None:
        return RowCell(judgement.verdict.value, judgement.reason)
    cell = RowCell(judgement.outcome.value, judgement.reason, _choice(observation))
    return replace(cell, failed=_failed(player, observation), passed=_passed(player, observation))


def _failed(player: Player, observation: Observation) -> tuple[Failed, ...]:
    """The failures of its hellos, each the first time."""
    found = []
    for attempt, hello in zip(observation.attempts, player.templates, strict=False):
        if attempt.failure is not None:
            found.append(Failed(hello, attempt.failure))
    return tuple(found)


def _passed(player: Player, observation: Observation) -> HelloTemplate | None:
    last = len(observation.attempts) - 1
    is_through = observation.attempts[-1].failure is None and last < len(player.templates)
    return player.templates[last] if is_through else None


def _choice(observation: Observation) -> tuple[str, ...]:
    agreed = observation.attempts[-1].negotiated
    if agreed is None:
        return ()
    group = () if agreed.named_group is None else (group_name(agreed.named_group),)
    return (version_name(agreed.version), cipher_suite_name(agreed.cipher_suite), *group)
