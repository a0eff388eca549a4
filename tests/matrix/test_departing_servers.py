"""A server that departs from the RFCs in a run: nothing is expected of its cells, and no control client need
get through; the same server without a departure is judged as any other.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clients.profile import BUNDLED_PROFILES, load_profiles
from handshake.server.departures.collection import departures
from matrix.cell import Cell
from matrix.grid.servers import grid_servers
from matrix.plan.cells import plan_cells
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions
from servers.definition import load_definitions
from servers.variant import default_variants, parse_server_id

PROFILES = load_profiles((BUNDLED_PROFILES,))
DEFINITIONS = load_definitions()
DEPARTING = "reference@rfc,departure=cipher-suite-grease"


def planned(server_id: str) -> Any:
    cell = Cell(server_id, "openssl-3.0", "connect")
    variants = {server_id: parse_server_id(server_id, DEFINITIONS)}
    (found,) = plan_cells([cell], variants, PROFILES, None)
    return found


def test_nothing_is_expected_of_a_departing_server() -> None:
    found = planned(DEPARTING)
    assert found.expectation is None
    assert found.prediction is None


def test_a_reference_server_that_does_not_depart_is_predicted() -> None:
    found = planned("reference@rfc")
    assert found.expectation.outcome.value == "works"
    assert found.prediction.outcome.value == "works"


def test_neither_is_in_the_default_run() -> None:
    assert not [each for each in default_variants(DEFINITIONS) if each.definition.id == "reference"]


@pytest.mark.parametrize("server_id", ["reference@rfc", DEPARTING])
def test_the_server_is_proved_to_answer(server_id: str) -> None:
    plan = make_plan(RunOptions(server=(server_id,), client=("openssl-3.0",)))
    with grid_servers(plan) as servers:
        assert servers.problems == {}
        assert servers.problems_now() == {}


def test_the_list_has_every_departure_with_its_demand() -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "matrix", "list", "departures", "--json"]
    listed = json.loads(subprocess.run(command, cwd=root, capture_output=True, check=True).stdout)
    assert [row["id"] for row in listed] == list(departures())
    (row,) = (row for row in listed if row["id"] == "session-id-echo-wrong")
    assert row["demand"] == "MUST refuse: illegal_parameter"
    assert row["section"] == "RFC 8446 section 4.1.3"
    assert row["versions"] == "TLSv1.3"
