"""Runs the cells of one process, whatever asks for them: knows where the servers are and who the clients are,
and writes the evidence into the run's folder.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from msgspec import structs

from clients.destination import is_loopback
from clients.genuine.program import Program
from clients.pace import DEFAULT_RATE, Pace, at_once
from clients.profile import Profile
from handshake.crypto.credentials import Credential
from matrix.errors import to_write
from matrix.grid.endpoint import Endpoint
from matrix.grid.run_cell import Terms, run_cell
from matrix.grid.task import CellTask
from matrix.results.cell_result import CellResult
from matrix.results.evidence import Evidence, write_evidence
from servers.contract import PrivateKeyAndChain

Clients = Mapping[str, Profile | Program]


class CellRunner:
    """`workers` is how many processes share the `rate` of connections to a target."""

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        clients: Clients,
        terms: Terms,
        folder: Path,
        rate: float | None = None,
        workers: int = 1,
    ) -> None:
        self._endpoints = {endpoint.server: endpoint for endpoint in endpoints}
        self._clients = clients
        self._terms = terms
        self._folder = folder
        self._rate = rate
        self._workers = workers
        self._paces: dict[str, Pace] = {}

    @classmethod
    def told(
        cls, content: Mapping[str, Any], clients: Clients, terms: Terms, rate: float | None, workers: int
    ) -> Self:
        """Make one of what another process has told (`what_is_told`)."""
        credentials = {kind: Credential.from_pem(*pem) for kind, pem in content["credentials"].items()}
        return cls(
            map(Endpoint.from_json, content["endpoints"]),
            clients,
            structs.replace(terms, credentials=credentials),
            Path(content["folder"]),
            rate,
            workers,
        )

    def address(self, server: str) -> str:
        """Where a server is, for people; empty where it is nowhere."""
        return self._endpoints[server].address

    def run(self, task: CellTask) -> CellResult:
        """Run a cell and write its evidence; what cannot be written is said in the result."""
        endpoint = self._endpoints[task.cell.server]
        terms = structs.replace(self._terms, pace=self._pace(endpoint))
        client = self._clients[task.cell.client]
        result, evidence = run_cell(task.cell, client, endpoint, task.expectation, terms)
        return result if evidence is None else self._with_evidence(result, evidence)

    def _pace(self, endpoint: Endpoint) -> Callable[[], None]:
        """How often this process may connect to a server: as often as it likes to one of ours."""
        destination = endpoint.destination
        if destination is None or endpoint.fingerprints or (self._rate is None and is_loopback(destination)):
            return at_once
        if endpoint.server not in self._paces:
            self._paces[endpoint.server] = Pace((self._rate or DEFAULT_RATE) / self._workers)
        return self._paces[endpoint.server].wait

    def _with_evidence(self, result: CellResult, evidence: Evidence) -> CellResult:
        from matrix.captures.capture import (
            write_capture,
        )  # takes a while, and a run of a few cells needs none

        try:
            write_evidence(self._folder, evidence)
            write_capture(self._folder, evidence)
        except OSError as error:
            first = to_write(error, "make it writable")
            why = f"{self._folder}: evidence cannot be written ({error.strerror}); {first}, then run again"
            return structs.replace(result, unwritten=why)
        return structs.replace(result, evidence=True)


def what_is_told(
    endpoints: Iterable[Endpoint], credentials: Mapping[str, PrivateKeyAndChain], folder: Path
) -> dict[str, Any]:
    """What a process needs to know to run cells, as JSON types; `credentials` are those that clients show,
    `folder` is the run's.
    """
    return {
        "endpoints": [endpoint.to_json() for endpoint in endpoints],
        "credentials": {kind: [pem.private_key, pem.chain] for kind, pem in credentials.items()},
        "folder": str(folder),
    }
