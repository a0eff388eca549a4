"""What no question asks for is found by the cells that differ, and only what helps is kept: with a real
server process and real sockets.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clients.destination import Destination
from clients.player import Player
from clients.profile import load_profiles
from matrix.grid.servers import START_SECONDS
from matrix.twin.asking import Interviewer, Unreachable
from matrix.twin.making import Maker, Twin, Unanswered, Wanted
from matrix.twin.row import Terms
from servers.credentials import make_credentials
from servers.definition import load_definition
from servers.processes.start import start_servers
from servers.running import RunningServer
from servers.variant import parse_server_id

SECONDS = 2.0
CLIENTS: dict[str, Player] = {
    name: profile.player for name, profile in load_profiles().items() if "core" in profile.sets
}
SERVER = """
id = "live"
title = "Live"
kind = "emulated"
default = false
control = "openssl-3.0"
source = "made up for a test"
[declared]
versions = ["TLSv1.0", "TLSv1.2"]
cipher_suites = ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA"]
sslv2_hello = true
[emulation]
named_groups = ["x25519", "secp256r1"]
[[emulation.intolerance]]
features = ["{feature}"]
reaction = "{reaction}"
[levels.a]
title = "Live"
stack = "none"
"""


@contextmanager
def live(folder: Path, feature: str, reaction: str = "alert:internal_error") -> Iterator[Destination]:
    (folder / "live").mkdir()
    (folder / "live" / "server.toml").write_text(SERVER.format(feature=feature, reaction=reaction))
    definition = load_definition(folder / "live" / "server.toml")
    variant = parse_server_id("live@a", {"live": definition})
    with start_servers([variant], make_credentials(), START_SECONDS) as running:
        result = running["live@a"]
        assert isinstance(result, RunningServer)
        yield Destination(result.host, result.port, "server.example.test")


def maker(folder: Path, destination: Destination, budget: int) -> Maker:
    wanted = Wanted("twin", folder, destination, "asked in a test")
    return Maker(wanted, CLIENTS, Interviewer(destination, budget, SECONDS), Terms(SECONDS))


def twin(folder: Path, destination: Destination, budget: int) -> Twin:
    return maker(folder, destination, budget).make()


PAIR = "extension:session_ticket and extension:status_request"


@pytest.mark.long
def test_a_pair_that_no_question_asks_for_is_found_by_the_cells(tmp_path: Path) -> None:
    with live(tmp_path, PAIR) as destination:
        made = twin(tmp_path, destination, 600)
    assert made.differing == []
    assert len(made.amended) == 1
    assert "server-hello:alert-internal_error" in made.amended[0]


def test_without_an_explanation_it_is_named_as_a_difference(tmp_path: Path) -> None:
    """The control: the cells do differ."""
    with live(tmp_path, PAIR) as destination:
        unexplained = maker(tmp_path, destination, 600)
        unexplained.rounds = 0
        made = unexplained.make()
    assert made.differing
    assert {str(made.live[name].reason) for name in made.differing} == {"server-hello:alert-internal_error"}


@pytest.mark.long
def test_what_the_budget_leaves_out_stands_in_the_notes(tmp_path: Path) -> None:
    with live(tmp_path, PAIR) as destination:
        made = twin(tmp_path, destination, 40)
    assert "40 connections were not enough to ask for: " in " ".join(made.draft.notes)


def test_a_server_that_breaks_off_behind_its_server_hello_has_a_twin_that_does(tmp_path: Path) -> None:
    with live(tmp_path, "extension:extended_master_secret", 'fin"\nafter = "server_hello') as destination:
        made = twin(tmp_path, destination, 600)
    assert made.differing == []
    assert any(str(cell.reason) == "certificate:fin" for cell in made.row.values())


def test_nobody_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="nobody accepts"):
        twin(tmp_path, Destination("127.0.0.1", 1), 100)


def test_a_server_that_refuses_every_hello_is_said(tmp_path: Path) -> None:
    refusing = live(tmp_path, "not extension:0xfe99", "fin")
    with refusing as destination, pytest.raises(Unanswered, match="refuses every hello"):
        twin(tmp_path, destination, 200)
