"""Clients that offer a share of ML-KEM, at a server that has it and at one that has not; the programs that
some of them play stand beside them.
"""

import json
from pathlib import Path

import pytest

from clients.genuine.programs import load_programs
from clients.profile import load_profiles
from handshake.wire.registry import NamedGroup
from stacks.catalogue import not_fetched
from tests.matrix.test_run import tls_matrix

OFFERED = {
    client: [group for extension in profile.attempts[0].extensions or () for group in extension.groups]
    for client, profile in load_profiles().items()
}
HYBRID = [client for client, groups in OFFERED.items() if NamedGroup.X25519MLKEM768 in groups]
KYBER = [client for client, groups in OFFERED.items() if NamedGroup.X25519KYBER768DRAFT00 in groups]
PROGRAMS = ("genuine-go-1.27", "genuine-node-24.22.3")
"""Browsers take minutes; `bench.fidelity.reactions` has them."""


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str | None]:
    """The group that each cell agreed on, None where it failed, by server and client."""
    missing = not_fetched(["openssl-3.4.1"])
    if missing is not None:
        pytest.skip(missing)
    programs = [each for each in PROGRAMS if load_programs()[each].missing is None]
    out: Path = tmp_path_factory.mktemp("run") / "run"
    clients = [f"--client={client}" for client in (*HYBRID, *KYBER, *programs)]
    result = tls_matrix(
        "run", "--server", "openssl@4.0.3", "--server", "openssl@3.4.1", *clients, "--out", out, "-n", 2
    )
    assert result.returncode == 0, result.stdout + result.stderr
    cells = json.loads((out / "run.json").read_text())["cells"]
    return {
        (each["server"], each["client"]): (each["negotiated"] or {}).get("group")
        for each in cells
        if each["outcome"] == "works"
    }


def test_there_are_such_clients() -> None:
    assert len(HYBRID) >= 25
    assert sorted(KYBER) == ["go-1.23", "go-1.23-tls"]


def test_each_agrees_on_it_where_the_server_has_it(groups: dict[tuple[str, str], str | None]) -> None:
    found = {client: groups.get(("openssl@4.0.3", client)) for client in HYBRID}
    assert found == dict.fromkeys(HYBRID, "X25519MLKEM768")


def test_each_works_without_it_where_the_server_has_not(groups: dict[tuple[str, str], str | None]) -> None:
    found = {client: groups.get(("openssl@3.4.1", client)) for client in HYBRID}
    assert found == {
        client: "x25519" if NamedGroup.X25519 in OFFERED[client] else "secp256r1" for client in HYBRID
    }


def test_whoever_offers_a_draft_of_kyber_falls_to_a_curve(
    groups: dict[tuple[str, str], str | None],
) -> None:
    for server in ("openssl@4.0.3", "openssl@3.4.1"):
        assert {groups.get((server, client)) for client in KYBER} == {"x25519"}


def test_a_program_agrees_on_what_its_profile_agrees_on(
    groups: dict[tuple[str, str], str | None],
) -> None:
    for program, client in (("genuine-go-1.27", "go-1.27"), ("genuine-node-24.22.3", "node-24")):
        for server in ("openssl@4.0.3", "openssl@3.4.1"):
            if (server, program) in groups:
                assert groups[(server, program)] == groups[(server, client)], (server, program)
