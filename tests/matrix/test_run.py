"""Whole runs, as a user starts them: own process, real servers, real sockets."""

import json
import os
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from matrix.judgement.judge import judge_outcome
from matrix.judgement.outcome import Expectation
from matrix.results.run_file import json_schema, load_run

ROOT = Path(__file__).parents[2]
DEADLINE = 60.0
BEFORE, AFTER = "webmethods-8.0.1@core-fix-19", "webmethods-8.0.1@core-fix-20"
CLIENTS = ("--client", "biztalk-ws2008", "--client", "ie8-win7", "--client", "openssl-0.9.8-tls1")


def command(*arguments: object, module: str = "matrix") -> list[str]:
    return [sys.executable, "-m", module, *map(str, arguments)]


def tls_matrix(
    *arguments: object, cwd: Path = ROOT, module: str = "matrix"
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command(*arguments, module=module),
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )


def run_json(folder: Path) -> Any:
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def verdicts(folder: Path) -> dict[str, str]:
    return {cell["id"]: cell["verdict"] for cell in run_json(folder)["cells"]}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The incident in three clients, started from a folder that is not the project's."""
    folder = tmp_path_factory.mktemp("before")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    result = tls_matrix("run", "--server", BEFORE, *CLIENTS, "--out", folder / "run", "-n", 0, cwd=elsewhere)
    assert list(elsewhere.iterdir()) == []
    return folder / "run", result


def test_the_incident_comes_out_as_expected(before: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, result = before
    assert result.returncode == 0, result.stdout + result.stderr
    found = {cell["client"]: (cell["outcome"], cell["reason"]) for cell in run_json(folder)["cells"]}
    alert = "server-hello:alert-unexpected_message"
    assert found == {
        "biztalk-ws2008": ("fails", alert),
        "ie8-win7": ("works-after-fallback", alert),
        "openssl-0.9.8-tls1": ("works", None),
    }
    assert result.stdout.startswith(
        "3 cells: 1 works, 1 works only after a fallback, 1 fails. All as expected.\n"
    )
    assert "Findings" not in result.stdout, "the definition declares what happens"
    assert "\x1b" not in result.stdout


def test_the_files_of_a_run(before: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = before
    content = run_json(folder)
    jsonschema.validate(content, json.loads(json_schema()))
    assert not content["run"]["partial"]
    evidence = sorted(
        path.relative_to(folder / "evidence").as_posix() for path in folder.rglob("evidence/**/*.json")
    )
    assert evidence == [f"{BEFORE}/biztalk-ws2008/connect.json", f"{BEFORE}/ie8-win7/connect.json"]
    attempts = json.loads((folder / "evidence" / evidence[1]).read_text(encoding="utf-8"))["attempts"]
    assert [(attempt["version"], attempt["outcome"]) for attempt in attempts] == [
        ("TLSv1.0", "fails"),
        ("SSLv3", "works"),
    ]
    views = [attempt["server_view"] for attempt in attempts]
    assert [view["alert_sent"] for view in views] == ["unexpected_message", None]
    assert views[0]["reason"] == "the hello has extension:supported_groups"
    assert views[1]["version"] == "SSLv3"
    assert "02 0a" in bytes.fromhex(attempts[0]["transcript"][-1]["decrypted"]).hex(" ")
    assert ET.parse(folder / "junit.xml").getroot().get("tests") == "3"
    assert {path.name for path in folder.iterdir()} == {
        "run.json",
        "timings.json",
        "junit.xml",
        "grid.md",
        "grid.html",
        "evidence",
    }


def test_the_log_of_the_jdk_is_evidence(tmp_path: Path) -> None:
    tls_matrix("run", "--server", "jsse@17", "--client", "biztalk-ws2008", "--out", tmp_path, "-n", 0)
    (cell,) = run_json(tmp_path)["cells"]
    if cell["verdict"] == "not_installed":
        pytest.skip(cell["note"])
    (file,) = tmp_path.glob("evidence/**/*.json")
    (attempt,) = json.loads(file.read_text(encoding="utf-8"))["attempts"]
    view = attempt["server_view"]
    assert view["alert_sent"] == "protocol_version"
    assert any("Consuming ClientHello handshake message" in line for line in view["log"])


def test_a_run_records_the_command_that_started_it(
    before: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    timings = json.loads((before[0] / "timings.json").read_text(encoding="utf-8"))
    assert timings["command"][:3] == ["tls-matrix", "run", "--server"]


def test_verdicts_can_be_computed_again_from_a_saved_run(
    before: tuple[Path, subprocess.CompletedProcess[str]], after: Path
) -> None:
    for folder in (before[0], after):
        for cell in load_run(folder).cells:
            assert cell.outcome is not None
            expectation = Expectation(cell.expected, cell.expected_reason, cell.expected_why)
            assert judge_outcome(cell.outcome, cell.reason, expectation) is cell.verdict


def test_a_second_run_in_parallel_writes_the_same_bytes(
    before: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    tls_matrix("run", "--server", BEFORE, *CLIENTS, "--out", tmp_path, "-n", 2)
    assert (tmp_path / "run.json").read_bytes() == (before[0] / "run.json").read_bytes()


def test_pytest_itself_runs_the_grid_and_shows_it(
    before: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    arguments = ("--server", BEFORE, *CLIENTS, f"--out={tmp_path}", "-n", 2, "-p", "no:cacheprovider")
    result = tls_matrix(*arguments, module="pytest")
    assert result.returncode == 0, result.stdout
    assert "1 passed, 2 xfailed" in result.stdout
    assert "3 cells: 1 works, 1 works only after a fallback, 1 fails. All as expected." in result.stdout
    assert (tmp_path / "run.json").read_bytes() == (before[0] / "run.json").read_bytes()


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("after")
    result = tls_matrix(
        "run", "--server", AFTER, *CLIENTS, "--out", folder, "-n", 0, "--evidence", "none", "--json"
    )
    assert result.returncode == 0
    assert json.loads(result.stdout) == run_json(folder)
    assert not (folder / "evidence").exists()
    return folder


def test_compare_shows_what_the_fix_fixed(
    before: tuple[Path, subprocess.CompletedProcess[str]], after: Path
) -> None:
    result = tls_matrix("compare", before[0], after)
    assert result.returncode == 0
    assert "Fixed: failed before (1)" in result.stdout
    assert "Improved: no fallback needed any more (1)" in result.stdout
    assert tls_matrix("compare", after, before[0]).returncode == 1


def test_a_baseline_is_what_is_expected(
    before: tuple[Path, subprocess.CompletedProcess[str]], after: Path, tmp_path: Path
) -> None:
    """Against the run after the fix the old level fails, and against the old level the new one is
    unexpectedly good.
    """
    chosen = (*CLIENTS, "-n", 0, "--out")
    worse = tls_matrix("run", "--server", BEFORE, "--baseline", after, *chosen, tmp_path / "worse")
    assert worse.returncode == 1
    assert sorted(verdicts(tmp_path / "worse").values()) == ["failed", "failed", "passed"]
    assert "\n  next: evidence/" in worse.stdout
    chosen = ("--evidence", "none", *chosen)
    unkept = tls_matrix("run", "--server", BEFORE, "--baseline", after, *chosen, tmp_path / "unkept")
    assert "\n  next: run again without --evidence none to keep every record" in unkept.stdout
    better = tls_matrix("run", "--server", AFTER, "--baseline", before[0], *chosen, tmp_path / "better")
    assert better.returncode == 1
    assert sorted(verdicts(tmp_path / "better").values()) == ["passed", "unexpected_pass", "unexpected_pass"]
    assert better.stdout.startswith("3 cells: 3 work. 2 unexpected results.\n")
    assert "\n  next: if that is right from now on, correct what was expected" in better.stdout


@pytest.mark.long
def test_a_baseline_that_says_nothing_of_what_is_asked_is_refused_and_a_gap_is_told(
    after: Path, tmp_path: Path
) -> None:
    chosen = ("--baseline", after, "-n", 0, "--out", tmp_path / "run")
    nothing = tls_matrix("run", "--server", "jsse7@7", *CLIENTS, *chosen)
    assert nothing.returncode == 2
    assert (
        f"--baseline {after}: says nothing of any cell of this run; it has results of {AFTER}"
        in nothing.stderr
    )
    more = tls_matrix("run", "--server", AFTER, *CLIENTS, "--client", "java-8", *chosen)
    assert f"--baseline {after}: says nothing of 1 of 4 cells" in more.stderr
    known = tls_matrix("run", "--server", AFTER, *CLIENTS, *chosen, "--force")
    assert known.returncode == 0
    assert "says nothing" not in known.stderr


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine", encoding="utf-8")
    result = tls_matrix("run", "--server", BEFORE, *CLIENTS, "--out", tmp_path, "-n", 0)
    assert result.returncode == 2
    assert f"--out {tmp_path}" in result.stderr
    assert result.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_a_target_nobody_listens_on_is_a_harness_error_with_the_address(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        result = tls_matrix(
            "run", "--target", f"mine={address}", "--client", "java-1[1-7]", "--out", tmp_path, "-n", 0
        )
    assert result.returncode == 3
    assert set(verdicts(tmp_path).values()) == {"harness_error"}
    assert run_json(tmp_path)["servers"]["mine"]["problem"].startswith(address)
    problem = (
        f"{address}: nobody accepts the connection (connect:refused); start the server or correct the address"
    )
    next_step = f"next: see that {address} answers from this machine, then run again"
    page = (tmp_path / "grid.md").read_text(encoding="utf-8")
    headline, group = (line for line in page.splitlines() if "nobody accepts" in line)
    assert headline == f"2 cells: 2 were not measured ({problem})."
    assert group.startswith("- mine with java-11 and java-17")
    assert group.endswith(f": {problem}<br>{next_step}")
    # On the terminal the same, and no line for each cell.
    assert result.stdout.startswith(f"{headline}\n")
    assert sum(address in line for line in result.stdout.splitlines()) == 3


SERVER = """
id = "mine"
title = "A server of the user's"
kind = "real"
default = false
control = "openssl-3.0"
source = "a test"
[levels."0.8.2"]
title = "One"
stack = "{stack}"
[declared]
versions = ["TLSv1.2", "TLSv1.3"]
cipher_suites = ["TLS_AES_256_GCM_SHA384"]
certificates = ["rsa", "ecdsa"]
"""
NOT_INSTALLED = """
import json, sys
for line in sys.stdin:
    said = {"event": "not_installed", "id": json.loads(line)["id"], "message": "get it with: fetch it"}
    print(json.dumps(said), flush=True)
"""
DIES_AT_ONCE = "import sys\nsys.exit('no such library')\n"
TLSLITE = """
import os, runpy
from servers import contract
say = contract.emit
connections = 0
def emit(event):
    global connections
    CHANGE
    say(event)
contract.emit = emit
runpy.run_path(os.path.join(os.path.dirname(contract.__file__), "tlslite", "serve.py"), run_name="__main__")
"""
DIES_LATER = TLSLITE.replace(
    "CHANGE",
    """connections += isinstance(event, contract.Connection)
    if connections == 3:
        os._exit(1)""",
)
ANOTHER = TLSLITE.replace(
    "CHANGE",
    """if isinstance(event, contract.Ready):
        event = contract.Ready(event.id, event.port, event.stack, frozenset({"00" * 32}))""",
)


@pytest.mark.long(but=["not?installed"])
@pytest.mark.parametrize(
    ("program", "verdict", "said"),
    [
        (NOT_INSTALLED, "not_installed", "get it with: fetch it"),
        (DIES_AT_ONCE, "harness_error", "no such library"),
        (ANOTHER, "harness_error", "another program answered"),
    ],
    ids=["not installed", "dies at once", "another answers"],
)
def test_a_server_that_cannot_be_trusted_judges_nobody(
    tmp_path: Path, program: str, verdict: str, said: str
) -> None:
    chosen = of_a_server(tmp_path, program, "openssl-3.0", "java-17")
    result = tls_matrix("run", *chosen, "--out", tmp_path / "run", "-n", 0)
    assert result.returncode == 3, result.stdout + result.stderr
    assert set(verdicts(tmp_path / "run").values()) == {verdict}
    assert said in result.stdout
    assert said in (tmp_path / "run" / "grid.html").read_text(encoding="utf-8")


@pytest.mark.long
def test_what_a_server_showed_before_it_died_stands_if_that_is_proved(tmp_path: Path) -> None:
    """It dies in its third connection, its second cell: that one was answered, so what came before stands."""
    chosen = of_a_server(tmp_path, DIES_LATER, "chrome-101", "java-17", "openssl-3.0")
    result = tls_matrix("run", *chosen, "--out", tmp_path / "run", "-n", 0)
    assert result.returncode == 3, result.stdout + result.stderr
    content = run_json(tmp_path / "run")
    cells = {cell["client"]: cell for cell in content["cells"]}
    assert {client: cell["outcome"] for client, cell in cells.items()} == {
        "chrome-101": "fails",
        "java-17": "works",
        "openssl-3.0": None,
    }
    assert cells["openssl-3.0"]["verdict"] == "harness_error"
    problem = content["servers"]["mine@0.8.2"]["problem"]
    assert "the server stopped" in problem
    assert cells["java-17"]["notes"] == cells["chrome-101"]["notes"] == [f"measured before this: {problem}"]


def of_a_server(tmp_path: Path, program: str, *clients: str) -> tuple[object, ...]:
    """A server of the user's, and the options that let these clients talk to it."""
    folder = tmp_path / "servers" / "mine"
    folder.mkdir(parents=True)
    (folder / "server.toml").write_text(SERVER, encoding="utf-8")
    (folder / "serve.py").write_text(program, encoding="utf-8")
    chosen = [option for client in clients for option in ("--client", client)]
    return "--servers-dir", folder.parent, "--server", "mine@0.8.2", *chosen


def test_the_projects_own_tests_do_not_wake_the_grid() -> None:
    program = (
        "import sys, pytest; status = pytest.main(['--collect-only', '-q', 'tests/test_imports.py']);"
        "sys.exit(int(status) or 'matrix.grid.controller' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.long
def test_collecting_the_grid_starts_nothing_and_shows_every_cell() -> None:
    result = tls_matrix("--collect-only", "-q", "-p", "no:cacheprovider", module="pytest")
    assert result.returncode == 0
    shown = [line.partition("[")[2][:-1] for line in result.stdout.splitlines() if "::test_cell[" in line]
    listed = [row["id"] for row in json.loads(tls_matrix("list", "cells", "--json").stdout)]
    assert listed == sorted(listed, key=lambda identifier: identifier.split("/"))
    assert sorted(shown) == sorted(listed)
    assert len(shown) > 100


@pytest.mark.long
def test_pytest_runs_single_cells_by_their_ids_and_starts_their_servers_only(tmp_path: Path) -> None:
    cells = ("jsse6@6u45,ec=yes/java-6u18/connect", "jsse7@7/biztalk-ws2008/connect")
    ids = [f"{ROOT}/matrix/grid/test_grid.py::test_cell[{cell}]" for cell in cells]
    done = tls_matrix("-q", f"--out={tmp_path}", *ids, module="pytest")
    assert done.returncode == 0, done.stdout
    assert verdicts(tmp_path) == dict.fromkeys(cells, "passed")
    timings = json.loads((tmp_path / "timings.json").read_text(encoding="utf-8"))
    assert timings["servers"].keys() == {"jsse6@6u45,ec=yes", "jsse7@7"}
    assert timings["command"][0] == "pytest"
    assert run_json(tmp_path)["run"]["partial"] is False


def test_the_id_of_a_cell_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    wrong = f"{ROOT}/matrix/grid/test_grid.py::test_cell[jsse6@6u99/java-6/connect]"
    done = tls_matrix("-q", f"--out={tmp_path}", wrong, module="pytest")
    assert done.returncode == 2
    assert "no server matches 'jsse6@6u99'" in done.stdout + done.stderr
