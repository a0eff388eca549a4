"""Where a cell's server is to be reached, or why it cannot be: what the controlling process tells the
workers.

Pure. It travels as JSON, like everything between pytest-xdist's processes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matrix.outcome import Judgement, Verdict


@dataclass(frozen=True, slots=True)
class Problem:
    """Why no cell of a server can be tried: NOT_INSTALLED or HARNESS_ERROR, and a sentence that says what
    to do.
    """

    verdict: Verdict
    note: str

    @property
    def judgement(self) -> Judgement:
        """The judgement of each of the server's cells."""
        return Judgement(self.verdict, note=self.note)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server as a client sees it. `fingerprints` are SHA-256 in hex of the certificates it may present,
    empty when unknown; `server_name` goes into the hello, None sends none; `problem` is None when it
    answers.
    """

    server: str
    host: str = ""
    port: int = 0
    server_name: str | None = None
    fingerprints: frozenset[str] = frozenset()
    problem: Problem | None = None

    @property
    def address(self) -> str:
        """Host and port, an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def to_json(self) -> dict[str, Any]:
        """The value as JSON types; `from_json` reads it back."""
        problem = self.problem and {"verdict": self.problem.verdict.value, "note": self.problem.note}
        return {
            "server": self.server,
            "host": self.host,
            "port": self.port,
            "server_name": self.server_name,
            "fingerprints": sorted(self.fingerprints),
            "problem": problem,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Endpoint":
        """Read what `to_json` wrote."""
        problem = value["problem"]
        return cls(
            value["server"],
            value["host"],
            value["port"],
            value["server_name"],
            frozenset(value["fingerprints"]),
            problem and Problem(Verdict(problem["verdict"]), problem["note"]),
        )
