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
from matrix.grid.occasions import occasion_notes
from matrix.grid.servers import grid_servers
from matrix.plan.cells import plan_cells
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions
from servers.contract import Connection
from servers.definition import load_definitions
from servers.emulated.served import DEPARTED, NOT_DEPARTED
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


SHOWN, NOT_SHOWN = (
    Connection("s", 1, log=f"{DEPARTED}hello-request-twice"),
    Connection("s", 1, log=NOT_DEPARTED),
)
UNTOLD = Connection("s", 1)


def notes_of(name: str, scenario: str, *told: Connection | None) -> list[str]:
    return list(occasion_notes([departures()[name]], scenario, told))


def test_a_cell_in_which_the_server_has_not_departed_has_a_note() -> None:
    name = "hello-request-twice"
    (note,) = notes_of(name, "connect", NOT_SHOWN)
    assert note == (
        "the server had no occasion to depart: it shows in renegotiate-server; "
        "this cell says nothing about hello-request-twice"
    )
    assert notes_of(name, "renegotiate-server", NOT_SHOWN, SHOWN) == []
    assert notes_of(name, "connect", NOT_SHOWN, None) == []
    assert notes_of(name, "connect", NOT_SHOWN, UNTOLD) == []


@pytest.mark.parametrize(
    ("name", "scenario", "why"),
    [
        ("alpn-unasked", "connect", "it takes a hello with no extension"),
        (
            "extended-master-secret-lost-in-resumption",
            "connect",
            "it shows in resume-session-id and resume-ti",
        ),
        (
            "extended-master-secret-lost-in-resumption",
            "resume-ticket",
            "it takes a session that is resumed and a hello with the extension extended_master_secret",
        ),
        ("version-lower-in-renegotiation", "renegotiate-client", "it takes a renegotiation"),
        ("server-key-exchange-twice", "resume-ticket", "the handshake did not come to that"),
    ],
)
def test_the_note_says_what_it_takes(name: str, scenario: str, why: str) -> None:
    (note,) = notes_of(name, scenario, NOT_SHOWN)
    assert f"occasion to depart: {why}" in note


def test_the_reports_have_the_note(tmp_path: Path) -> None:
    """OpenSSL 3.0 offers encrypt_then_mac, and Java 8 does not."""
    root = Path(__file__).parents[2]
    server = "reference@rfc,departure=encrypt-then-mac-unasked"
    command = [sys.executable, "-m", "matrix", "run", "--out", str(tmp_path / "run"), "--server", server]
    command += ["--client", "openssl-3.0", "--client", "java-8"]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    cells = json.loads((tmp_path / "run" / "run.json").read_text())["cells"]
    notes = {cell["client"]: cell["notes"] for cell in cells}
    assert notes["java-8"] == []
    (note,) = notes["openssl-3.0"]
    assert "this cell says nothing about encrypt-then-mac-unasked" in note
    assert note in " ".join(done.stdout.decode().split())
    assert note in (tmp_path / "run" / "grid.md").read_text().replace("\\", "")


def test_the_list_has_every_departure_with_its_demand() -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "matrix", "list", "departures", "--json"]
    listed = json.loads(subprocess.run(command, cwd=root, capture_output=True, check=True).stdout)
    assert [row["id"] for row in listed] == list(departures())
    (row,) = (row for row in listed if row["id"] == "session-id-echo-wrong")
    assert row["demand"] == "MUST refuse: illegal_parameter"
    assert row["section"] == "RFC 8446 section 4.1.3"
    assert row["versions"] == "TLSv1.3"
    by_name = {row["id"]: row for row in listed}
    assert row["scenario"] == "connect"
    assert by_name["hello-request-twice"]["scenario"] == "renegotiate-server"
    asked = by_name["max-fragment-length-differs"]
    assert (asked["hello"], asked["otherwise"]) == (
        "extension:max_fragment_length",
        "MUST refuse: unsupported_extension",
    )
