"""`tls-matrix explain` and `run --explain`, as a user calls them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from matrix.commands.cli import application
from tests.matrix.saying import answering

CELL = "webmethods-8.0.1@core-fix-19/biztalk-ws2008/connect"
CAUSE = "the extension supported_groups or the extension ec_point_formats"


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "matrix", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=240,
        check=False,
    )


def test_a_cell_is_explained_in_a_sentence_and_files(tmp_path: Path) -> None:
    done = command("explain", CELL, "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    first, *others = done.stdout.splitlines()
    assert first == f"webmethods-8.0.1@core-fix-19 refuses (alert unexpected_message) any hello with {CAUSE}."
    assert any(line.startswith("  on the client: Group Policy") for line in others)
    written = json.loads((tmp_path / "explanation.json").read_text())
    failing, passing = ((tmp_path / f"{name}-hello.txt").read_text() for name in ("failing", "passing"))
    evidence = written["evidence"]
    assert "".join(evidence["failing"]["records"]) == failing.replace("\n", "")
    assert "".join(evidence["passing"]["records"]) == passing.replace("\n", "")
    assert evidence["repeats"] == 3
    both = {"extension:supported_groups", "extension:ec_point_formats"}
    assert set(evidence["differing"]) & both
    assert both <= set(evidence["makes_the_failing_hello_pass"])


def test_json_stands_alone_on_standard_output() -> None:
    done = CliRunner().invoke(application, ["explain", CELL, "--json"], catch_exceptions=False)
    written = json.loads(done.stdout)
    (group,) = written["causes"]
    assert group[0]["feature"] == "extension:supported_groups or extension:ec_point_formats"
    assert group[0]["kind"] == "either"
    assert written["result"] == "one"
    assert written["confidence"].startswith("high")
    assert 0 < written["probes"] <= 120
    assert CAUSE in written["sentence"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["explain"], 2, "CELL_ID, or --client CLIENT --target HOST:PORT"),
        (["explain", "a/b"], 2, "is no cell id"),
        (["explain", CELL, "--client", "java-6"], 2, "leave --client and --target out"),
        (["explain", "--client", "no-such", "--target", "127.0.0.1:9"], 2, "no client matches"),
        (
            ["explain", "--client", "ie1*", "--target", "127.0.0.1:9"],
            2,
            "ie1*: matches ie10-winphone80, ie11-win10",
        ),
        (
            ["explain", "--client", "set:core", "--target", "127.0.0.1:9"],
            2,
            "set:core: is a set; name one client",
        ),
        (["explain", CELL.replace("biztalk-ws2008", "biztalk")], 2, "near it: biztalk-ws2008"),
        (
            ["explain", "--client", "java-6", "--target", "127.0.0.1"],
            2,
            ': --target "127.0.0.1": "127.0.0.1" is not HOST',
        ),
        (
            ["explain", "--client", "java-6", "--target", "127.0.0.1:9"],
            3,
            "tls-matrix: 127.0.0.1:9: nobody accepts",
        ),
        (["explain", "--client", "java-6", "--target", "192.0.2.1:443"], 2, "give --yes"),
        (["run", "--target", "t=192.0.2.1:443", "--client", "java-6", "--explain"], 2, "give --yes"),
        (["run", "--target", "t=192.0.2.1:443", "--client", "set:all"], 2, "give --yes"),
    ],
)
def test_what_is_wrong_is_one_line(arguments: list[str], status: int, said: str) -> None:
    """Of a target that may be asked it is said before that what it is going to get."""
    done = CliRunner().invoke(application, arguments, catch_exceptions=False)
    assert done.exit_code == status
    *announced, line = done.stderr.splitlines()
    assert said in line
    assert len(announced) == (status == 3)
    assert all("127.0.0.1:9 is going to get up to 200 hellos" in each for each in announced)
    assert not done.stdout


def test_a_cell_that_works_has_nothing_to_explain() -> None:
    done = CliRunner().invoke(application, ["explain", CELL.replace("19", "20")], catch_exceptions=False)
    assert done.exit_code == 1
    sentence, _, cost = done.stdout.splitlines()
    assert sentence == (
        "biztalk-ws2008 gets through to webmethods-8.0.1@core-fix-20, 3 of 3 times, as it should: there is "
        "nothing to explain."
    )
    assert cost == "  3 connections were made"


@pytest.mark.parametrize(
    ("said", "status", "told"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", 3, "{} does not speak TLS: check the port"),
        (bytes.fromhex("15030100020228"), 1, "no hello that was tried gets past this at {}: "),
    ],
)
def test_a_server_that_no_hello_gets_through_to(said: bytes, status: int, told: str) -> None:
    """Its address stands in the sentence, and each hello that it was asked is counted."""
    with answering(said) as destination:
        arguments = ["explain", "--client", "java-6", "--target", destination.address, "--json"]
        done = CliRunner().invoke(application, arguments, catch_exceptions=False)
    written = json.loads(done.stdout)
    assert done.exit_code == status
    assert written["sentence"].startswith(told.format(destination.address))
    assert written["server"] == destination.address
    hellos = written["evidence"]["hellos"]
    assert hellos["failed_so"] > 10
    assert (hellos["got_past"], hellos["failed_otherwise"]) == (0, 0)


@pytest.mark.long
def test_a_run_names_what_is_to_blame_once_for_all_that_share_it(tmp_path: Path) -> None:
    arguments = (
        "--server",
        "webmethods-8.0.1@core-fix-19",
        "--client",
        "biztalk-ws2008",
        "--client",
        "ie8-win7",
    )
    done = command(
        "run", *arguments, "--client", "openssl-0.9.8", "--explain", "--out", str(tmp_path / "run")
    )
    assert done.returncode == 0, done.stderr
    assert "What is to blame" in done.stdout
    cells = {cell["client"]: cell for cell in json.loads((tmp_path / "run/run.json").read_text())["cells"]}
    assert CAUSE in cells["biztalk-ws2008"]["cause"]
    assert cells["ie8-win7"]["cause"] == cells["biztalk-ws2008"]["cause"]
    assert "cause" not in cells["openssl-0.9.8"]
    assert "explanation" not in cells["openssl-0.9.8"]
    assert CAUSE in (tmp_path / "run/grid.html").read_text()
    kept, shared = cells["biztalk-ws2008"]["explanation"], cells["ie8-win7"]["explanation"]
    whole = json.loads(command("explain", CELL, "--json").stdout)
    assert (kept["result"], kept["confidence"]) == (whole["result"], whole["confidence"])
    assert (kept["connections"], kept["client"]) == (whole["probes"], "biztalk-ws2008")
    length = whole["evidence"]["failing"]["length"]
    assert kept["proof"].startswith(f"a hello of {length} bytes fails and one of ")
    assert [remedy["how"] for remedy in kept["remedies"] if remedy["side"] == "client"] == [
        setting["how"] for setting in whole["settings"]
    ]
    assert (shared["client"], shared["proof"]) == ("biztalk-ws2008", kept["proof"])
    assert shared["remedies"] != kept["remedies"], "what helps is that of each client"
    verbose = command("report", str(tmp_path / "run"), "-v").stdout
    for told in (verbose, (tmp_path / "run/grid.md").read_text()):
        assert "how sure that is: high: proved by two hellos" in told
        assert f"proof: {kept['proof'][:40]}" in told
        assert f"found out: with the hello of biztalk-ws2008, {kept['connections']} connections" in told
        assert "on the client" in told
    assert "how sure that is" not in done.stdout, "what is brief says what is to blame alone"


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_asked() -> None:
    done = command("explain", CELL, "--out", "/dev/null")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("tls-matrix: --out /dev/null: /dev/null is no folder; choose another folder\n")
