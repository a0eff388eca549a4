"""Which patterns choose genuine programs, and a run that has one."""

import json
import shutil
from pathlib import Path

import pytest

from clients.genuine.program import Missing
from clients.profile import load_profiles
from matrix.errors import SelectionError
from matrix.plan.loading import choose_clients, default_clients
from tests.matrix.test_run import tls_matrix

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
