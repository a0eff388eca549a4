"""A run of a server whose program is the user's own: its path in ids, files and reports, and that nothing is
expected of it.
"""

import json
import shutil
from pathlib import Path

import pytest

from matrix.cell import parse_cell_id
from servers.own_program import in_id
from tests.matrix.test_redact import everything
from tests.matrix.test_run import run_json, tls_matrix

CLIENT = "openssl-3.0"


@pytest.fixture(scope="module")
def run_of_it(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run, and the id of its server."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl program; get it with: apt-get install openssl")
    folder = tmp_path_factory.mktemp("own")
    program = folder / "secret build, [1]" / "openssl"
    program.parent.mkdir()
    program.symlink_to(openssl)
    server = f"openssl-s_server@system,configuration=legacy,program={in_id(str(program))}"
    ended = tls_matrix(
        "run", "--server", server, "--client", CLIENT, "--out", folder / "run", "--evidence", "all"
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder / "run", server


def test_its_path_is_in_the_ids_and_the_files(run_of_it: tuple[Path, str]) -> None:
    folder, server = run_of_it
    (cell,) = run_json(folder)["cells"]
    assert cell["id"] == f"{server}/{CLIENT}/connect"
    assert parse_cell_id(cell["id"]).server == server
    assert "program=/" in server
    assert (folder / "evidence" / f"{cell['id']}.json").is_file()
    (record,) = run_json(folder)["servers"].values()
    assert server.endswith(record["toggles"]["program"])
    assert server in (folder / "grid.html").read_text()


def test_nothing_is_expected_or_predicted_of_it(run_of_it: tuple[Path, str]) -> None:
    (cell,) = run_json(run_of_it[0])["cells"]
    assert (cell["outcome"], cell["verdict"]) == ("works", "observed")
    assert cell.get("expected") is None
    assert cell.get("prediction") is None


def test_it_is_compared_and_judged_again(run_of_it: tuple[Path, str]) -> None:
    folder, server = run_of_it
    compared = tls_matrix("compare", folder, folder, "--format", "json")
    assert compared.returncode == 0
    assert json.loads(compared.stdout)
    between = tls_matrix("compare", folder, "--server", server, "--with", server)
    assert "1 unchanged" in between.stdout, between.stderr
    again = tls_matrix("report", folder, "--judge-again")
    assert again.returncode == 0, again.stderr


def test_a_redacted_copy_does_not_have_its_path(run_of_it: tuple[Path, str], tmp_path: Path) -> None:
    ended = tls_matrix("report", run_of_it[0], "--redact", "--out", tmp_path / "copy")
    assert ended.returncode == 0, ended.stderr
    assert "secret build" in everything(run_of_it[0]), "the control"
    assert "secret build" not in everything(tmp_path / "copy")
    (cell,) = run_json(tmp_path / "copy")["cells"]
    assert parse_cell_id(cell["id"]).server.endswith(",program=path-1")


@pytest.mark.parametrize("arguments", [("run", "--server"), ("run", "--levels"), ("serve",)])
def test_a_program_that_does_not_exist_starts_nothing(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ended = tls_matrix(*arguments, f"nss@system,program={tmp_path}/selfserv")
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert f"{tmp_path}/selfserv does not exist: correct the path, or build it first" in ended.stderr
