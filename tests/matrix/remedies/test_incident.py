"""The remedies of February 2012: what was tried by hand did nothing, and the vendor's fix comes first."""

import json
from typing import Any

import pytest

from tests.matrix.test_run import AFTER, BEFORE, tls_matrix

FAILING = ("biztalk-ws2008", "wfetch-ws2008", "ie7-vista", "ie8-win7", "firefox-9")
WORKING = ("openssl-0.9.8", "openssl-0.9.8-tls1", "wfetch-winxp", "java-6-tlsv1-aes128")
DID_NOTHING = ("renegotiation=legacy", "client-renegotiation=legacy", "provider=bc", "jvm=7")


def told(server: str, *clients: str) -> tuple[int, dict[str, Any]]:
    done = tls_matrix("remedies", server, "--json", *(f"--client={client}" for client in clients))
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    status, values = told(BEFORE, *FAILING, *WORKING)
    assert status == 0
    return values


@pytest.fixture
def remedies(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {remedy["id"]: remedy for remedy in values["remedies"]}


def test_the_clients_of_2012_fail_before(values: dict[str, Any]) -> None:
    outcomes = {client: result["outcome"] for client, result in values["before"].items()}
    assert {client for client, outcome in outcomes.items() if outcome == "works"} == set(WORKING)


def test_the_vendors_fix_is_the_first_that_works(values: dict[str, Any]) -> None:
    first = values["remedies"][0]
    assert (first["id"], first["change"]) == ("core-fix-20", "patch")
    assert (set(first["fixes"]), first["breaks"], first["opens"]) == (set(FAILING), [], [])


@pytest.mark.parametrize("remedy", DID_NOTHING)
def test_what_was_tried_in_2012_does_nothing(remedies: dict[str, dict[str, Any]], remedy: str) -> None:
    assert not remedies[remedy]["helps"]
    assert (remedies[remedy]["fixes"], remedies[remedy]["breaks"]) == ([], [])


def test_turning_renegotiation_on_would_have_been_a_hole(remedies: dict[str, dict[str, Any]]) -> None:
    assert remedies["renegotiation=legacy"]["opens"] == ["legacy-renegotiation"]
    assert remedies["provider=bc"]["opens"] == []


def test_sslv3_helps_and_is_a_hole(values: dict[str, Any], remedies: dict[str, dict[str, Any]]) -> None:
    order = [remedy["id"] for remedy in values["remedies"]]
    for setting in ("schannel-sslv3", "dotnet-sslv3", "firefox-sslv3"):
        assert remedies[setting]["helps"]
        assert "sslv3" in remedies[setting]["opens"]
        assert order.index(setting) > order.index("core-fix-20")


def test_a_hypothesis_is_no_remedy(remedies: dict[str, dict[str, Any]]) -> None:
    assert [name for name in remedies if name.startswith("trigger")] == []


def test_what_an_extension_is_to_blame_for_is_mended_by_leaving_it_out() -> None:
    _, values = told(f"{BEFORE},trigger=renegotiation_info", "ie8-win7")
    helping = {remedy["id"] for remedy in values["remedies"] if remedy["helps"]}
    assert "schannel-scsv" in helping
    _, values = told(BEFORE, "ie8-win7")
    assert "schannel-scsv" not in {remedy["id"] for remedy in values["remedies"] if remedy["helps"]}


def test_the_fix_is_first_for_one_client_too() -> None:
    _, values = told(BEFORE, "biztalk-ws2008")
    assert values["remedies"][0]["id"] == "core-fix-20"


def test_where_all_work_there_is_nothing_to_remedy() -> None:
    done = tls_matrix("remedies", AFTER, *(f"--client={client}" for client in FAILING))
    assert done.returncode == 1
    assert "There is nothing to remedy." in done.stdout


def test_a_person_reads_what_helps_and_what_does_not() -> None:
    done = tls_matrix("remedies", BEFORE, "--client=biztalk-ws2008", "--client=firefox-9")
    assert done.returncode == 0
    assert "  1. core-fix-20 (a later level of the server)" in done.stdout
    assert "another security provider in the server: provider=bc" in done.stdout
    assert "a newer stack under the server: jvm=7" in done.stdout
    assert "HYPOTHESIS" in done.stdout


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["webmethods"],
            'there is no server "webmethods"; near it: webmethods-8.0.1 (see `tls-matrix list servers`)',
        ),
        (
            ["webmethods-8.0.1"],
            'the level is missing after "webmethods-8.0.1@"; there is core-fix-19, core-fix-20',
        ),
        (["webmethods-8.0.1@core-fix-19", "--client", "biztalk"], "near it: biztalk-ws2008"),
        (["webmethods-8.0.1@core-fix-19", "--client", "nobody"], "no client matches 'nobody'"),
        (["jsse6@6u45", "--timeout", "0"], "--timeout"),
        ([], "Missing argument 'SERVER'"),
    ],
)
def test_what_is_wrong_with_the_command_is_one_line(arguments: list[str], said: str) -> None:
    done = tls_matrix("remedies", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
