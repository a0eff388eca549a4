"""Where a cell's server is to be reached, or why it cannot be: what the controlling process tells the
workers.

Pure. It travels as JSON, like everything between pytest-xdist's processes.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from clients.destination import Destination
from handshake.reason import Reason
from matrix.judgement.outcome import Judgement, Verdict
from matrix.results.cell_result import judgement_from_json, judgement_to_json


class Problem(Struct, frozen=True):
    """Why no cell of a server can be tried: NOT_INSTALLED or HARNESS_ERROR, and a sentence that says what
    to do. `reason` is that of the connection that failed, where one was tried.
    """

    verdict: Verdict
    note: str
    reason: Reason | None = None

    @property
    def judgement(self) -> Judgement:
        """The judgement of each of the server's cells."""
        return Judgement(self.verdict, reason=self.reason, note=self.note)


def _problem_of(judgement: Judgement) -> Problem:
    return Problem(judgement.verdict, judgement.note, judgement.reason)


class Endpoint(Struct, frozen=True):
    """One server as a client sees it. `fingerprints` are SHA-256 in hex of the certificates it may present,
    empty when unknown; `destination` is None where it could not be started; `problem` is None when it
    answers. `own` are the private key and the chain, as PEM text, that the user wants clients to show.
    `certificates` are those it may present, as PEM text, empty when unknown: for genuine programs that cannot
    be told to trust anybody.
    """

    server: str
    destination: Destination | None = None
    fingerprints: frozenset[str] = frozenset()
    problem: Problem | None = None
    own: tuple[str, str] | None = None
    certificates: str = ""

    @property
    def address(self) -> str:
        """Where it listens; empty where it does not."""
        return "" if self.destination is None else self.destination.address

    def to_json(self) -> dict[str, Any]:
        """The value as JSON types; `from_json` reads it back."""
        return {
            "server": self.server,
            "destination": self.destination and self.destination.to_json(),
            "fingerprints": sorted(self.fingerprints),
            "own": self.own,
            "certificates": self.certificates,
            "problem": self.problem and judgement_to_json(self.problem.judgement),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Endpoint":
        """Read what `to_json` wrote."""
        destination, problem = value["destination"], value["problem"]
        return cls(
            value["server"],
            destination and Destination.from_json(destination),
            frozenset(value["fingerprints"]),
            problem and _problem_of(judgement_from_json(problem)),
            value["own"] and (value["own"][0], value["own"][1]),
            value["certificates"],
        )
