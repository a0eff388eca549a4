"""The twins of ten real servers: at least 99 % of the cells of the clients that the grid has by default.

`python -m bench.twin` does the same with all clients. Skipped where a stack is not fetched.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.twin import SERVERS
from clients.destination import Destination
from clients.profile import DEFAULT_SETS, load_profiles
from matrix.twin.asking import Interviewer
from matrix.twin.making import Maker, Wanted
from matrix.twin.row import Terms
from servers.credentials import SUBJECT, make_credentials
from tests.servers.started import Variants, started_when_asked

SECONDS = 2.0
BUDGET = 400
LEAST_EQUAL = 0.99
CLIENTS = {
    name: profile.player
    for name, profile in load_profiles().items()
    if not DEFAULT_SETS.isdisjoint(profile.sets)
}


@pytest.fixture(scope="module")
def servers() -> Iterator[Variants]:
    with started_when_asked(make_credentials()) as variants:
        yield variants


@pytest.mark.long(but=["openssl@4.0.3"])
@pytest.mark.parametrize("server_id", SERVERS)
def test_a_twin_has_the_row_of_its_server(servers: Variants, server_id: str, tmp_path: Path) -> None:
    server = servers.start(server_id)
    destination = Destination(server.host, server.port, SUBJECT)
    wanted = Wanted("twin", tmp_path, destination, server_id)
    maker = Maker(wanted, CLIENTS, Interviewer(destination, BUDGET, SECONDS), Terms(SECONDS))
    made = maker.make()
    outcomes = {cell.outcome for cell in made.live.values()}
    assert len(outcomes) > 1, "a row in which all is the same shows little"
    differing = {name: (made.live[name].words, made.row[name].words) for name in made.differing}
    assert len(differing) <= (1 - LEAST_EQUAL) * len(CLIENTS), differing
    assert maker.interviewer.asked <= BUDGET
