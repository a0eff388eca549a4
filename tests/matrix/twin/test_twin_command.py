"""`tls-matrix twin`: what it says, writes and returns; against an emulated server in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from matrix.commands.cli import application
from matrix.twin.definition import WRITTEN_BY, Heading, definition_text
from matrix.twin.draft import Draft
from tests.matrix.test_run import ROOT


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    command = [sys.executable, "-m", "matrix", "serve", "jsse6@6u45"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None
        yield server.stdout.readline().split()[-1] + ",sni=server.example.test"
        server.terminate()


def twin(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "matrix", "twin", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, cwd=ROOT, stdin=subprocess.DEVNULL
    )


@pytest.mark.long
def test_it_writes_a_server_that_is_served_and_says_what_it_sends(address: str, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    done = twin(address, "--id", "copy", "--servers-dir", str(folder), "--json", "--quick")
    found = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert found["differing"] == {}
    assert found["equal"] == found["cells"] > 400
    assert sum(found["questions"].values()) <= 200
    assert found["server"] == "copy@live"
    assert "is going to get up to 200 connections to learn from" in done.stderr.partition("\n")[0]
    text = (folder / "copy" / "server.toml").read_text()
    assert WRITTEN_BY in text
    listed = [sys.executable, "-m", "matrix", "list", "servers", "--servers-dir", str(folder)]
    assert "copy@live" in subprocess.run(listed, capture_output=True, text=True, timeout=60).stdout
    again = twin(address, "--id", "copy", "--servers-dir", str(folder), "--quick")
    assert again.returncode == 0, "its own file may be written again"
    assert "cells are equal, after" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("127.0.0.1:1", "--id", "Copy"), "--id Copy: write small letters"),
        (("127.0.0.1:1", "--id", "openssl"), "--id openssl: is a server that there is"),
        (("127.0.0.1:1", "--id", "x", "--servers-dir", "/dev/null"), "/dev/null: /dev/null is no folder;"),
        (("127.0.0.1:1", "--id", "x", "--servers-dir", "/proc"), "--servers-dir /proc: cannot be written ("),
        (("192.0.2.1:443", "--id", "x"), "give --yes if the server may be asked so much"),
        (("127.0.0.1", "--id", "x"), "127.0.0.1"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_sent(arguments: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(application, ["twin", *arguments], catch_exceptions=False)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_file_of_somebody_elses_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "server.toml").write_text('id = "mine"\n')
    done = twin("127.0.0.1:1", "--id", "mine", "--servers-dir", str(tmp_path))
    assert done.returncode == 2
    assert "was not written by this command" in done.stderr
    assert (tmp_path / "mine" / "server.toml").read_text() == 'id = "mine"\n'


@pytest.mark.long
@pytest.mark.parametrize("option", ["", "--force"])
def test_what_somebody_has_edited_is_overwritten_only_by_force(option: str, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    file = tmp_path / "mine" / "server.toml"
    text = definition_text(Draft(), Heading("mine", "a test", "openssl-3.0"))
    for content, is_refused in ((text, False), (text.replace("unknown", "known"), option == "")):
        file.write_text(content)
        done = twin("127.0.0.1:1", "--id", "mine", "--servers-dir", str(tmp_path), *filter(None, [option]))
        assert done.returncode == (2 if is_refused else 3)
        assert ("was edited since this command wrote it" in done.stderr) is is_refused
        assert file.read_text() == content


def test_nobody_there_is_one_line_and_3(tmp_path: Path) -> None:
    done = twin("127.0.0.1:1", "--id", "x", "--servers-dir", str(tmp_path / "new"))
    assert done.returncode == 3
    assert "127.0.0.1:1: nobody accepts connections" in done.stderr
    assert list(tmp_path.iterdir()) == []
