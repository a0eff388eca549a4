"""How an endpoint travels to a worker."""

import pytest

from clients.destination import Destination
from clients.starttls import StartTls
from handshake.events import Phase
from handshake.reason import Cause, Detail, Kind, Reason
from matrix.grid.endpoint import Endpoint, Problem
from matrix.judgement.outcome import Verdict

REFUSED = Reason(Phase.CONNECT, Cause(Kind.REFUSED), Detail(said="no"))
PROBLEMS = [
    None,
    Problem(Verdict.NOT_INSTALLED, "get it"),
    Problem(Verdict.HARNESS_ERROR, "start it", REFUSED),
]


@pytest.mark.parametrize("starttls", [None, StartTls("smtp", "mx.example")])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_an_endpoint_travels(starttls: StartTls | None, problem: Problem | None) -> None:
    endpoint = Endpoint("a", Destination("::1", 25, "mx.example", starttls), frozenset({"ab"}), problem)
    assert Endpoint.from_json(endpoint.to_json()) == endpoint


def test_one_that_listens_nowhere_travels_too() -> None:
    endpoint = Endpoint("a", problem=Problem(Verdict.HARNESS_ERROR, "did not start"))
    assert Endpoint.from_json(endpoint.to_json()) == endpoint
    assert endpoint.address == ""
