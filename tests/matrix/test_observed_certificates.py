"""A server that shows a certificate of a named kind in a run: nothing is predicted or expected of its cells,
and no control client need get through. The same server without the toggle is judged as any other.
"""

from pathlib import Path
from typing import Any

import pytest

from clients.profile import BUNDLED_PROFILES, load_profiles
from matrix.cell import Cell
from matrix.plan.cells import plan_cells
from matrix.plan.servers import default_servers
from servers.definition import load_definitions
from servers.variant import parse_server_id
from tests.matrix.test_run import run_json, tls_matrix

PROFILES = load_profiles((BUNDLED_PROFILES,))
DEFINITIONS = load_definitions()
TOGGLED = (
    "reference@rfc,certificate=ed25519",
    "openssl@4.0.3,certificate=ecdsa-secp384r1",
    "openssl-s_server@system,certificate=rsa-4096",
    "gnutls@system,certificate=rsa-1024",
)


def planned(server_id: str) -> Any:
    variants = {server_id: parse_server_id(server_id, DEFINITIONS)}
    (found,) = plan_cells([Cell(server_id, "openssl-3.0", "connect")], variants, PROFILES, None)
    return found


@pytest.mark.parametrize("server_id", TOGGLED)
def test_nothing_is_expected_of_it(server_id: str) -> None:
    found = planned(server_id)
    assert found.expectation is None
    assert found.prediction is None


@pytest.mark.parametrize("server_id", sorted({each.partition(",")[0] for each in TOGGLED}))
def test_without_the_toggle_it_is_predicted(server_id: str) -> None:
    found = planned(server_id)
    assert found.expectation.outcome.value == "works"
    assert found.prediction.outcome.value == "works"


def test_the_default_run_has_none() -> None:
    assert not [each for each in default_servers(DEFINITIONS) if each.certificate_kind]


def test_a_run_observes_what_each_client_takes(tmp_path: Path) -> None:
    toggled, plain = "reference@rfc,certificate=ed25519", "reference@rfc"
    servers = ("--server", toggled, "--server", plain)
    clients = ("--client", "java-11", "--client", "java-17")
    done = tls_matrix("run", *servers, *clients, "--out", tmp_path / "run", "-n", 0)
    assert done.returncode == 0, done.stdout + done.stderr
    found = {
        (cell["server"], cell["client"]): (cell["outcome"], cell["reason"], cell["verdict"])
        for cell in run_json(tmp_path / "run")["cells"]
    }
    assert found == {
        (toggled, "java-11"): ("fails", "server-hello:alert-handshake_failure", "observed"),
        (toggled, "java-17"): ("works", None, "observed"),
        (plain, "java-11"): ("works", None, "passed"),
        (plain, "java-17"): ("works", None, "passed"),
    }
