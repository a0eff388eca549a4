"""What typer itself finds wrong with a command: still one line, and exit status 2."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from matrix.judgement.outcome import Outcome
from matrix.results.run_file import encode
from tests.matrix.runs import cell, run


def tls_matrix(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "matrix", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.long(but=["arguments0-*", "arguments2-*"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "nothing"], "'nothing' is not one of 'servers'"),
        (["run", "--bogus"], "No such option: --bogus"),
        (["hello", "diff", "java-6"], "Missing argument"),
        (["run", "--backend", "x"], "'x' is not one of 'process', 'docker'"),
        (["run", "--baseline"], "requires an argument"),
    ],
)
def test_a_mistyped_command_is_one_line_and_2(arguments: list[str], said: str) -> None:
    result = tls_matrix(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("tls-matrix: ")
    assert result.stderr.count("\n") == 1
    assert said in result.stderr
    assert "Value error" not in result.stderr


def test_a_command_without_what_it_is_about_is_one_line_and_2() -> None:
    result = tls_matrix("list")
    assert result.returncode == 2
    assert result.stderr.startswith("tls-matrix: Missing argument 'what'. Choose from: servers, ")
    assert result.stderr.count("\n") == 1
    assert "\\n" not in result.stderr


LIST = [sys.executable, "-m", "matrix", "list", "clients"]


def test_a_closed_standard_output_is_no_error() -> None:
    result = subprocess.run(["sh", "-c", '"$@" >&-', "-", *LIST], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.long(but=[">&- 2>&- <&-"])
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_servers_start_whatever_stream_is_closed(tmp_path: Path, closed: str) -> None:
    """A pipe to a server program must not take the number of a stream that is not there."""
    asked = ("run", "--server", "jsse6@6u45", "--client", "java-8", "--out", tmp_path / "run", "-n", "0")
    run = ["sh", "-c", f'"$@" {closed}', "-", *LIST[:3], *map(str, asked)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    (cell,) = json.loads((tmp_path / "run" / "run.json").read_text())["cells"]
    assert cell["outcome"] == "works"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ("nosuch 2>/dev/full", 2),
        ("list sets 2>/dev/full", 0),
        ("list sets >/dev/full 2>&1", 3),
        ("connect java-7 127.0.0.1:1 2>/dev/full", 3),
    ],
)
def test_a_full_standard_error_changes_no_exit_status(arguments: str, status: int) -> None:
    command = f"{shlex.join(LIST[:3])} {arguments}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (status, "")


def test_a_full_standard_output_is_one_line_and_3() -> None:
    with open("/dev/full", "wb") as full:
        result = subprocess.run(LIST, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert result.returncode == 3
    said = "tls-matrix: standard output cannot be written (No space left on device)\n"
    assert result.stderr == said


def test_what_an_encoding_lacks_is_escaped(tmp_path: Path) -> None:
    folder = tmp_path / "\u00e9"
    folder.mkdir()
    (folder / "run.json").write_text(encode(run(cell("web@1", "x"))), encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "matrix", "report", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert result.returncode == 0, result.stderr
    assert result.stdout.isascii()
    assert "\\xe9" in result.stdout


def left(*arguments: str, stream: str = "stdout") -> subprocess.CompletedProcess[str]:
    """A command, one stream of which (or both) leads to a reader who has gone; the other is kept."""
    reader, writer = os.pipe()
    os.close(reader)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    streams |= dict.fromkeys(("stdout", "stderr") if stream == "both" else (stream,), writer)
    try:
        command = [sys.executable, "-m", "matrix", *arguments]
        return subprocess.run(command, **streams, text=True, timeout=60)  # type: ignore[call-overload, no-any-return]
    finally:
        os.close(writer)


@pytest.fixture(scope="module")
def failing_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A long one, and one that is worse than itself with nothing in it failed."""
    folder = tmp_path_factory.mktemp("run")
    cells = [cell("web@1", f"client-{number}", Outcome.FAILS) for number in range(300)]
    (folder / "run.json").write_text(encode(run(*cells)), encoding="utf-8")
    before = folder / "before"
    before.mkdir()
    (before / "run.json").write_text(
        encode(run(*(cell("web@1", f"client-{number}") for number in range(300)))), encoding="utf-8"
    )
    return folder


PRINTING = [
    ("--help",),
    ("run", "--help"),
    ("list", "servers"),
    ("list", "servers", "--json"),
    ("list", "clients"),
    ("list", "scenarios"),
    ("list", "cells"),
    ("list", "cells", "--json"),
    ("stacks", "--help"),
    ("stacks", "list"),
    ("stacks", "list", "--json"),
    ("hello", "show", "java-7"),
    ("hello", "diff", "java-7", "java-8"),
]


@pytest.mark.long(but=["*list?servers", "*--help"])
@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_reader_who_has_seen_enough_is_no_error(arguments: tuple[str, ...]) -> None:
    result = left(*arguments)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.long(but=["text"])
@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_a_reader_who_has_seen_enough_changes_no_exit_status(failing_run: Path, form: str) -> None:
    worse = ("compare", str(failing_run / "before"), str(failing_run), "--format", form)
    for arguments, status in ((worse, 1), (("report", str(failing_run)), 0)):
        result = left(*arguments)
        assert (result.returncode, result.stderr) == (status, "")


@pytest.mark.long
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_reader_of_a_run_or_a_connection_who_has_seen_enough(tmp_path: Path, more: tuple[str, ...]) -> None:
    chosen = ("--server", "jsse6@6u45", "--client", "java-7", "--out", str(tmp_path / "run"))
    result = left("run", *chosen, *more)
    assert result.returncode == 0
    assert "Traceback" not in result.stderr
    assert (tmp_path / "run" / "run.json").is_file()
    with subprocess.Popen(
        [sys.executable, "-m", "matrix", "serve", "jsse6@6u45"], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[-1]
            result = left("connect", "java-7", address, *more)
            assert (result.returncode, result.stderr) == (0, "")
            result = left("connect", "java-17", address, *more)
            assert (result.returncode, result.stderr) == (1, "")
        finally:
            server.terminate()


@pytest.mark.long
def test_a_server_ends_when_nobody_reads_of_its_connections() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "matrix", "serve", "jsse6@6u45"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        address = server.stdout.readline().split()[-1]
        server.stdout.close()
        tls_matrix("connect", "java-7", address)
        assert server.wait(60) == 0
        assert server.stderr.read().count("\n") == 1, "the note of the definition"


@pytest.mark.long
def test_nobody_reads_what_is_wrong_and_the_status_says_it_all_the_same() -> None:
    for arguments in (("list", "nothing"), ("connect", "java-7", "nowhere")):
        assert left(*arguments, stream="both").returncode == 2
    result = left("list", "scenarios", stream="stderr")
    assert result.returncode == 0
    assert result.stdout


def test_a_command_that_is_right_says_nothing_on_standard_error() -> None:
    result = tls_matrix("list", "scenarios")
    assert (result.returncode, result.stderr) == (0, "")
