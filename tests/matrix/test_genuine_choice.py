"""Which patterns choose genuine programs, and a run that has one."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from clients.genuine.program import Missing
from clients.profile import BUNDLED_PROFILES, load_profiles
from matrix.errors import SelectionError
from matrix.plan.loading import choose_clients, default_clients
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions
from tests.clients.genuine.peers import tls_server
from tests.matrix.test_run import ROOT, tls_matrix

PROFILES = load_profiles()
PROGRAMS = {"genuine-x-1": Missing("genuine-x-1", "x", "get it with: y")}


@pytest.mark.parametrize("patterns", [(), ("*",), ("*-1*",), ("[g]enuine-*", "*")])
def test_no_other_pattern_chooses_one(patterns: tuple[str, ...]) -> None:
    if patterns[:1] == ("[g]enuine-*",):
        with pytest.raises(SelectionError):
            choose_clients(patterns, PROFILES, PROGRAMS)
    else:
        chosen = choose_clients(patterns, PROFILES, PROGRAMS)
        assert "genuine-x-1" not in chosen
        assert patterns or chosen == default_clients(PROFILES)


def test_a_pattern_that_begins_as_its_id_does_chooses_it() -> None:
    assert choose_clients(("genuine-*", "java-17"), PROFILES, PROGRAMS) == ["genuine-x-1", "java-17"]


def own_profile(folder: Path, plays: str) -> None:
    """A user's profile that plays a program."""
    lines = (BUNDLED_PROFILES / "java-17.toml").read_text().splitlines()
    changed = {"id": 'id = "mine"', "plays": f'plays = "{plays}"'}
    (folder / "mine.toml").write_text("\n".join(changed.get(each.partition(" =")[0], each) for each in lines))


@pytest.mark.parametrize(
    ("plays", "clients", "is_told"),
    [
        ("genuine-none-1", ("mine",), True),
        ("genuine-none-1", ("mine", "genuine-own-*"), True),
        ("genuine-own-1.2.3", ("mine",), False),
        ("genuine-none-1", ("java-17",), False),
    ],
)
def test_a_profile_that_plays_no_program_there_is_is_told(
    plays: str, clients: tuple[str, ...], is_told: bool, tmp_path: Path
) -> None:
    own_profile(tmp_path, plays)
    program = 'id = "genuine-own-1.2.4"\ntitle = "own"\ncommand = ["true", "{host}:{port}"]\n'
    (tmp_path / "genuine-own-1.2.4.toml").write_text(program)
    options = RunOptions(server=("reference@rfc",), client=clients, clients_dir=(tmp_path,))
    remarks = [each for each in make_plan(options).remarks if each.startswith("mine: plays")]
    assert [f"plays '{plays}', and no genuine program here has this id" in each for each in remarks] == (
        [True] if is_told else []
    )


@pytest.mark.long
def test_the_example_of_the_readme_connects_to_a_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl program; get it with: apt-get install openssl")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"\*\*A program of your own\*\*.*\n\n((?:    .*\n)+)", text)
    assert '"{ca}"' in example
    (tmp_path / "genuine-mine-4.1.toml").write_text(example.replace("/opt/build/openssl", openssl))
    with tls_server(tmp_path) as (destination, certificate):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
        arguments = ("--client", "genuine-mine-*", "--clients-dir", tmp_path, "--out", tmp_path / "run")
        result = tls_matrix("run", "--target", f"x={destination.address}", *arguments, "-n", 0)
    assert result.returncode == 0, result.stdout + result.stderr
    (cell,) = json.loads((tmp_path / "run" / "run.json").read_text())["cells"]
    assert (cell["client"], cell["outcome"]) == ("genuine-mine-4.1", "works")


@pytest.mark.long
def test_a_pattern_that_takes_years_holds_up_no_run(tmp_path: Path) -> None:
    code = "import socket; socket.create_connection(('{host}', {port})); print('a' * 45 + 'b')"
    (tmp_path / "genuine-mine-1.toml").write_text(
        f'id = "genuine-mine-1"\ntitle = "mine"\nworks = ["(a+)+$"]\n'
        f'command = ["{sys.executable}", "-c", "{code}"]\n'
    )
    with tls_server(tmp_path) as (destination, _):
        arguments = ("--client", "genuine-mine-*", "--clients-dir", tmp_path, "--out", tmp_path / "run")
        result = tls_matrix("run", "--target", f"x={destination.address}", *arguments, "-n", 0)
    assert result.returncode == 3, result.stdout + result.stderr
    (cell,) = json.loads((tmp_path / "run" / "run.json").read_text())["cells"]
    assert cell["note"].startswith(
        "a pattern of the program takes too long: '(a+)+$' was not done within 5 s"
    )
    assert "next: write the pattern of genuine-mine-1 without a repetition in a repetition" in result.stdout


@pytest.mark.long
def test_a_column_without_a_line_of_python(tmp_path: Path) -> None:
    """A user's TOML file is a client of the grid; without {ca} trusted it would not be answered."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl program; get it with: apt-get install openssl")
    (tmp_path / "genuine-mine-1.toml").write_text(
        'id = "genuine-mine-1"\ntitle = "mine"\n'
        'command = ["openssl", "s_client", "-connect", "{host}:{port}", "-CAfile", "{ca}", '
        '"-verify_return_error", "-ign_eof"]\nenvironment = { OPENSSL_CONF = "/dev/null" }\n'
    )
    (tmp_path / "genuine-none-1.toml").write_text(
        'id = "genuine-none-1"\ntitle = "none"\ncommand = ["/opt/no/program", "{host}", "{port}"]\n'
    )
    arguments = ("--client", "genuine-mine-*", "--client", "genuine-none-*", "--clients-dir", tmp_path)
    out = tmp_path / "run"
    result = tls_matrix("run", "--server", "openssl@4.0.*", *arguments, "--out", out, "-n", 0)
    assert result.returncode == 0, result.stdout + result.stderr
    cells = {cell["client"]: cell for cell in json.loads((out / "run.json").read_text())["cells"]}
    assert cells["genuine-mine-1"]["outcome"] == "works"
    assert cells["genuine-mine-1"]["verdict"] == "observed"
    assert cells["genuine-none-1"]["verdict"] == "not_installed"
    assert "there is no program /opt/no/program" in cells["genuine-none-1"]["note"]
