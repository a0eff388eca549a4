"""Paths that are not UTF-8, wherever a user can give one: they work, are said escaped, and spoil no file of a
run.
"""

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from clients.profile import BUNDLED_PROFILES
from matrix.results.run_file import load_run
from servers.definition import BUNDLED_SERVERS
from tests.matrix.test_run import DEADLINE, ROOT

NAME = os.fsdecode(b"name-\xff\n\xc3\xa9")
SAID = "name-\\xff\\n\u00e9"
ENVIRONMENT = {**os.environ, "PYTHONUTF8": "1"}


def tls_matrix(*arguments: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "matrix", *map(str, arguments)]
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=DEADLINE
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with servers and clients of a user's, whose name is no text."""
    folder = tmp_path / NAME
    (folder / "clients").mkdir(parents=True)
    text = (BUNDLED_PROFILES / "java-7.toml").read_text(encoding="utf-8")
    (folder / "clients" / "mine.toml").write_text(text.replace('"java-7"', '"mine"', 1), encoding="utf-8")
    shutil.copytree(BUNDLED_SERVERS / "jsse6", folder / "servers" / "own")
    definition = folder / "servers" / "own" / "server.toml"
    definition.write_text(definition.read_text(encoding="utf-8").replace('id = "jsse6"', 'id = "own"', 1))
    return folder


def assert_readable(run: Path) -> None:
    """Each file is UTF-8 and of its kind, and the run's name escaped where it is no text."""
    for file in run.rglob("*.*"):
        if file.suffix == ".pcapng":
            assert file.read_bytes().startswith(b"\x0a\x0d\x0d\x0a")  # a section header block
        else:
            file.read_bytes().decode("utf-8")
    assert json.loads((run / "timings.json").read_bytes())["run"] == NAME.replace("\udcff", "\\xff")
    ET.fromstring((run / "junit.xml").read_bytes())
    load_run(run)


@pytest.mark.long(but=["0"])
@pytest.mark.parametrize("workers", [0, 2])
def test_every_path_of_a_run(folder: Path, workers: int) -> None:
    own = ("--servers-dir", folder / "servers", "--clients-dir", folder / "clients")
    chosen = ("--server", "own@6u45", "--client", "mine", "--client", "java-17", "-n", workers, *own)
    first, second = folder / NAME, folder / "second" / NAME
    result = tls_matrix("run", *chosen, "--out", first)
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith(f"/{SAID}/{SAID}/grid.html\n")
    assert_readable(first)
    result = tls_matrix("run", *chosen, "--baseline", first, "--out", second)
    assert result.returncode == 0, result.stderr
    assert load_run(second).clients.keys() == {"java-17", "mine"}
    for command in (("compare", first, second), ("report", first)):
        result = tls_matrix(*command)
        assert result.returncode == 0, result.stderr
    assert result.stdout.endswith(f"The page: {folder.parent}/{SAID}/{SAID}/grid.html\n")


@pytest.mark.long
@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_in_a_folder_whose_name_is_no_text(folder: Path, workers: int) -> None:
    chosen = ("--server", "jsse6@6u45", "--client", "java-7", "--client", "java-8", "-n", workers)
    result = tls_matrix("run", *chosen, "--out", NAME, cwd=folder)
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith(f"The page: {folder.parent}/{SAID}/{SAID}/grid.html\n")
    assert_readable(folder / NAME)


@pytest.mark.long
def test_pytests_own_options(folder: Path) -> None:
    # With the path behind an equals sign: pytest looks for its configuration in every other that is there.
    paths = (f"--clients-dir={folder / 'clients'}", f"--out={folder / 'run' / NAME}")
    chosen = ("-n", "2", "--server", "jsse6@6u45", "--client", "mine", *paths)
    command = [sys.executable, "-m", "pytest", *chosen]
    result = subprocess.run(
        command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, encoding="utf-8", timeout=DEADLINE
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"The page: {folder.parent}/{SAID}/run/{SAID}/grid.html" in result.stdout
    assert_readable(folder / "run" / NAME)


NAMES_ITS_PATH = """
from servers.contract import run

def start(configuration):
    raise ValueError(__file__)

run(start)
"""


def test_a_server_program_that_names_its_path_in_an_error(folder: Path) -> None:
    definition = folder / "servers" / "own" / "server.toml"
    definition.write_text(definition.read_text().replace('"emulated"', '"real"', 1), encoding="utf-8")
    definition.with_name("serve.py").write_text(NAMES_ITS_PATH, encoding="utf-8")
    own = ("--servers-dir", folder / "servers", "--server", "own@6u45", "--client", "java-7")
    result = tls_matrix("run", *own, "--out", folder / NAME)
    assert result.returncode == 3
    assert "Traceback" not in result.stderr
    assert_readable(folder / NAME)
    assert "name-\\\\udcff" in (folder / NAME / "run.json").read_text()


@pytest.mark.parametrize("option", ["--servers-dir", "--clients-dir", "--baseline"])
def test_a_path_that_is_not_there_is_one_line(tmp_path: Path, option: str) -> None:
    result = tls_matrix("run", option, tmp_path / NAME)
    assert result.returncode == 2
    assert result.stderr.startswith(f"tls-matrix: {tmp_path}/{SAID}: ")
    assert result.stderr.count("\n") == 1
