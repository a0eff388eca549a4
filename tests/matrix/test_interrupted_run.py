"""Runs that are interrupted: what has been measured by then is written, and nothing stays behind."""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.matrix.test_run import BEFORE, CLIENTS, DEADLINE, ROOT, command, run_json
from tests.servers.conftest import TOY


@contextmanager
def silent_server() -> Iterator[str]:
    """Something that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener, selectors.DefaultSelector() as selector:
        stop, stopped = socket.socketpair()
        selector.register(listener, selectors.EVENT_READ)
        selector.register(stopped, selectors.EVENT_READ)
        accepted = []

        def accept() -> None:
            while listener in {key.fileobj for key, _ in selector.select()}:
                accepted.append(listener.accept()[0])

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stop.send(b"x")
            thread.join()
            for connection in (*accepted, stop, stopped):
                connection.close()


@pytest.mark.parametrize(
    ("number", "status", "workers"),
    [(signal.SIGINT, 130, 0), (signal.SIGINT, 130, 2), (signal.SIGTERM, 143, 2)],
)
def test_an_interrupted_run_writes_what_it_has(
    tmp_path: Path, number: signal.Signals, status: int, workers: int
) -> None:
    with silent_server() as address:
        chosen = ("--target", f"silent={address}", "--out", tmp_path, "-n", workers)
        process = subprocess.Popen(
            command("run", *chosen),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        deadline = time.monotonic() + DEADLINE
        while not list(tmp_path.glob("evidence/**/*.json")) and time.monotonic() < deadline:
            time.sleep(0.05)
        if number is signal.SIGINT:  # as a terminal does it: the whole process group
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        _, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == status
    assert "Traceback" not in errors
    assert "Warning" not in errors
    content = run_json(tmp_path)
    assert content["run"]["partial"]
    assert 1 <= len(content["cells"]) < 23
    assert "Partial" in (tmp_path / "grid.md").read_text(encoding="utf-8")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def run_by(program: str, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The incident in three clients, run by a program that is handed the arguments of tls-matrix."""
    chosen = ("run", "--server", BEFORE, *CLIENTS, "--out", str(out), "-n", "0", *more)
    command = [sys.executable, "-c", program, *chosen]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE)


INTERRUPTED_AS_IT_WRITES = """
import os, signal, sys
from matrix.commands.cli import main
from matrix.results.run_folder import RunFolder
number = getattr(signal, sys.argv.pop())
write = RunFolder.add_evidence
def interrupted(self, cell_id, evidence):
    RunFolder.add_evidence = write
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs
    os.kill(os.getpid(), number)
    write(self, cell_id, evidence)
RunFolder.add_evidence = interrupted
main()
"""


@pytest.mark.parametrize(("number", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_cell_whose_evidence_is_being_written_when_the_run_is_interrupted_is_not_lost(
    tmp_path: Path, number: str, status: int
) -> None:
    result = run_by(INTERRUPTED_AS_IT_WRITES, tmp_path / "run", number)
    assert result.returncode == status, result.stdout + result.stderr
    (cell,) = run_json(tmp_path / "run")["cells"]
    (file,) = (tmp_path / "run").glob("evidence/**/*.json")
    evidence = json.loads(file.read_text(encoding="utf-8"))
    assert evidence["cell"] == cell["id"]
    assert evidence["attempts"][0]["server_view"]["alert_sent"] == "unexpected_message"


NEVER_READY = """
import pathlib, sys
for line in sys.stdin:
    pathlib.Path(sys.argv[0]).with_name("asked").touch()
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_interrupted_while_servers_start_says_so(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    folder = tmp_path / "silent"
    folder.mkdir()
    (folder / "server.toml").write_text(TOY.format(name="silent"), encoding="utf-8")
    (folder / "serve.py").write_text(NEVER_READY, encoding="utf-8")
    out = tmp_path / "run"
    chosen = ("--servers-dir", tmp_path, "--server", "silent@a", "--client", "java-7", "--out", out)
    with subprocess.Popen(
        [sys.executable, "-c", AS_AT_A_TERMINAL, "run", *map(str, chosen)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + DEADLINE
        while not (folder / "asked").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(process.pid, number)
        shown, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == status, shown + errors
    assert "Traceback" not in errors
    assert errors.endswith("tls-matrix: ended before a cell was run; nothing is written\n")
    assert list(out.iterdir()) == []


AS_AT_A_TERMINAL = """
import signal
from matrix.commands.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs
main()
"""
INTERRUPTED_AT_THE_END = """
import os, signal
from matrix.commands.cli import main
from matrix.grid.servers import GridServers
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs
GridServers.problems_now = lambda self: os.kill(os.getpid(), signal.SIGINT)
main()
"""


def test_an_interrupt_when_all_cells_are_done_loses_nothing(tmp_path: Path) -> None:
    result = run_by(INTERRUPTED_AT_THE_END, tmp_path)
    assert result.returncode == 130, result.stdout + result.stderr
    assert len(run_json(tmp_path)["cells"]) == 3
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"run.json", "timings.json", "grid.md", "grid.html", "junit.xml", "evidence"}
