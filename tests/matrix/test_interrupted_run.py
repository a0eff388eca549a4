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
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clients.profile import load_profiles
from matrix.plan.loading import default_clients
from tests.matrix.test_run import BEFORE, CLIENTS, DEADLINE, ROOT, command, run_json
from tests.servers.conftest import TOY
from tests.sockets import connections_to


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


@pytest.fixture(autouse=True)
def as_at_a_terminal() -> Iterator[None]:
    """A program inherits which signals are ignored, as under nohup and in the background of a script."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


Running = subprocess.Popen[str]


RUN, PYTEST = ("matrix", "run"), ("pytest", "-p", "no:cacheprovider", "-p", "no:unraisableexception")
"""The two ways to start the grid; the first runs cells in forks, the second in workers of pytest-xdist."""


def started(*arguments: object, by: tuple[str, ...] = RUN) -> Running:
    """A run that is going on, with a process group of its own."""
    module, *first = by
    return subprocess.Popen(
        command(*first, *arguments, module=module),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert is_so()


def measured(folder: Path) -> list[str]:
    """The lines of the cells in a journal."""
    try:
        return (folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    except FileNotFoundError:
        return []


def is_gone(process_group: int) -> bool:
    try:
        os.killpg(process_group, 0)
    except ProcessLookupError:
        return True
    return False


CELLS = len(default_clients(load_profiles()))
"""Those of a run with one server and no client chosen."""


def says_that_it_is_partial(folder: Path, cells: int) -> None:
    """Every file of a run that ended early says so, and has what was measured."""
    content = run_json(folder)
    assert content["run"]["partial"]
    assert 1 <= len(content["cells"]) < cells
    for name in ("grid.md", "grid.html", "junit.xml"):
        assert "Partial" in (folder / name).read_text(encoding="utf-8")
    suites = ET.parse(folder / "junit.xml").getroot().findall("testsuite")
    assert [suite.find("properties/property[@name='partial']") is not None for suite in suites] == [True]


ENDINGS = [
    (signal.SIGINT, 130, 0),
    (signal.SIGINT, 130, 2),
    (signal.SIGTERM, 143, 2),
    (signal.SIGHUP, 129, 0),
    (signal.SIGHUP, 129, 2),
]


@pytest.mark.long(but=["2-130-0"])
@pytest.mark.parametrize(("number", "status", "workers"), ENDINGS)
def test_an_interrupted_run_writes_what_it_has(
    tmp_path: Path, number: signal.Signals, status: int, workers: int
) -> None:
    out = tmp_path / "run"
    with silent_server() as address:
        process = started("--target", f"silent={address}", "--out", out, "-n", workers)
        wait_for(lambda: measured(tmp_path / "run.unfinished"))
        if number is signal.SIGTERM:
            process.send_signal(number)
        else:  # as a terminal does it: the whole process group
            os.killpg(process.pid, number)
        shown, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == status
    assert "Traceback" not in errors
    assert "Warning" not in errors
    assert "Partial" in shown
    says_that_it_is_partial(out, CELLS)
    wait_for(lambda: is_gone(process.pid))


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_workers_have_ended_before_the_files_are_written(tmp_path: Path, number: signal.Signals) -> None:
    """One waits for the silent server while the other goes on measuring; what it measured is in the run."""
    out = tmp_path / "run"
    servers = ("--server", "jsse6@*", "--server", "jsse7@*")
    with silent_server() as address:
        process = started(
            *servers, "--target", f"silent={address}", "--evidence", "all", "--out", out, "-n", 2
        )
        wait_for(lambda: len(measured(tmp_path / "run.unfinished")) > 5)
        os.killpg(process.pid, number)
        process.communicate(timeout=DEADLINE)
    wait_for(lambda: is_gone(process.pid))
    assert not (tmp_path / "run.unfinished").exists()
    cells = {cell["id"] for cell in run_json(out)["cells"] if cell["outcome"]}
    kept = {
        str(file.relative_to(out / "evidence").with_suffix("")) for file in out.rglob("evidence/**/*.json")
    }
    assert kept == cells


@pytest.mark.long
def test_a_hangup_whose_terminal_is_gone_ends_alike(tmp_path: Path) -> None:
    """Nobody reads: what is printed then fails with EIO."""
    ours, theirs = os.openpty()
    out = tmp_path / "run"
    with silent_server() as address:
        chosen = ("--target", f"silent={address}", "--out", out, "-n", "0")
        process = subprocess.Popen(
            command("run", *chosen), cwd=ROOT, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        wait_for(lambda: measured(tmp_path / "run.unfinished"))
        os.close(ours)
        os.killpg(process.pid, signal.SIGHUP)
        assert process.wait(DEADLINE) == 129
    says_that_it_is_partial(out, CELLS)


@pytest.mark.long
def test_a_run_that_ended_early_leaves_an_earlier_one_alone(tmp_path: Path) -> None:
    out, left = tmp_path / "run", tmp_path / "run.unfinished"
    with silent_server() as address:
        chosen = ("--target", f"silent={address}", "--client", "java-7", "--client", "java-8", "--out", out)
        started(*chosen).communicate(timeout=DEADLINE)
        before = {path: path.read_bytes() for path in out.rglob("*.*") if path.is_file()}
        process = started(*chosen, "-n", "0")
        wait_for(lambda: measured(left))
        process.terminate()
        _, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 143
    assert f"tls-matrix: {out} is as it was: the run ended early and is in {left}\n" in errors
    assert {path: path.read_bytes() for path in out.rglob("*.*") if path.is_file()} == before
    says_that_it_is_partial(left, 2)


@pytest.mark.long
def test_a_killed_run_loses_nothing_that_was_measured(tmp_path: Path) -> None:
    out, left = tmp_path / "run", tmp_path / "run.unfinished"
    with silent_server() as address:
        process = started("--target", f"silent={address}", "--out", out, "-n", 2)
        wait_for(lambda: len(measured(left)) >= 2)
        process.kill()
        process.communicate(timeout=DEADLINE)
        wait_for(lambda: is_gone(process.pid))
    cells = {json.loads(line)["cell"]["id"] for line in measured(left)}
    assert not out.exists()
    told = subprocess.run(
        command("compare", left, left), cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert told.returncode == 2
    assert f"the run did not end; `tls-matrix report {left}` makes its files" in told.stderr
    shown = subprocess.run(command("report", left), cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0, shown.stderr
    assert "Partial" in shown.stdout
    says_that_it_is_partial(left, CELLS)
    assert {cell["id"] for cell in run_json(left)["cells"]} == cells
    assert {f"silent/{path.parent.name}/connect" for path in left.rglob("evidence/**/*.json")} >= cells


@pytest.mark.long
def test_the_time_limit_ends_a_run(tmp_path: Path) -> None:
    with silent_server() as address:
        chosen = ("--target", f"silent={address}", "--out", tmp_path / "run", "-n", 0, "--time-limit", "4")
        process = started(*chosen)
        shown, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 3, shown + errors
    assert "the time limit of 4 s ended the run: " in errors
    assert f" of {CELLS} cells measured\n" in errors
    says_that_it_is_partial(tmp_path / "run", CELLS)


def workers_of(process: Running) -> list[int]:
    """The processes that run the cells of a run; they are its first children."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [*map(int, children.read_text().split())]


def workers_by_command(process: Running) -> list[int]:
    """Those of pytest-xdist, which starts others before them."""
    children = workers_of(process)
    return [each for each in children if b"import sys;exec(" in Path(f"/proc/{each}/cmdline").read_bytes()]


@pytest.mark.long
@pytest.mark.parametrize(
    ("by", "workers", "said"),
    [
        (RUN, workers_of, "the process that ran the cell has ended: it was killed by signal 9"),
        (PYTEST, workers_by_command, "crashed while running"),
    ],
    ids=["run", "pytest"],
)
def test_a_worker_killed_in_the_middle_costs_the_cell_it_ran(
    tmp_path: Path, by: tuple[str, ...], workers: Callable[[Running], list[int]], said: str
) -> None:
    clients = [
        argument for client in ("java-6", "java-7", "java-8", "java-17") for argument in ("--client", client)
    ]
    with silent_server() as address:
        port = int(address.partition(":")[2])
        chosen = ("--target", f"silent={address}", *clients, "--out", tmp_path / "run", "-n", 2)
        process = started(*chosen, by=by)
        seen: set[str] = set()

        def has_begun_its_second_cell() -> bool:
            """For seconds its server says nothing, so it has the cell in hand when it is killed."""
            for worker in workers(process)[:1]:
                seen.update(connections_to(port, worker))
            return len(seen) == 2

        wait_for(has_begun_its_second_cell)
        os.kill(workers(process)[0], signal.SIGKILL)
        shown, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 3, shown + errors
    cells = run_json(tmp_path / "run")["cells"]
    broken = [cell for cell in cells if cell["verdict"] == "harness_error"]
    assert len(cells) == 4
    assert len(broken) == 1
    assert said in broken[0]["note"]


@pytest.mark.long(but=["run"])
@pytest.mark.parametrize(
    ("by", "workers"), [(RUN, workers_of), (PYTEST, workers_by_command)], ids=["run", "pytest"]
)
def test_a_worker_killed_as_it_starts_does_not_end_the_run(
    tmp_path: Path, by: tuple[str, ...], workers: Callable[[Running], list[int]]
) -> None:
    process = started("--server", BEFORE, *CLIENTS, "--out", tmp_path / "run", "-n", 2, by=by)
    wait_for(lambda: workers(process) or process.poll() is not None)
    os.kill(workers(process)[0], signal.SIGKILL)
    shown, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, shown + errors
    assert len(run_json(tmp_path / "run")["cells"]) == 3


def run_by(program: str, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The incident in three clients, run by a program that is handed the arguments of tls-matrix."""
    chosen = ("run", "--server", BEFORE, *CLIENTS, "--out", str(out), "-n", "0", *more)
    command = [sys.executable, "-c", program, *chosen]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE)


INTERRUPTED_AS_IT_WRITES = """
import os, signal, sys
from matrix.commands.cli import main
from matrix.results.journal import Journal
numbers = [getattr(signal, name) for name in sys.argv.pop().split("+")]
add = Journal.add
def interrupted(self, cell, seconds):
    Journal.add = add
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    for number in numbers:
        os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
    add(self, cell, seconds)
Journal.add = interrupted
main()
"""


@pytest.mark.long(but=["SIGHUP-129"])
@pytest.mark.parametrize(
    ("number", "status"),
    [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129), ("SIGHUP+SIGTERM", 129), ("SIGINT+SIGTERM", 143)],
)
def test_a_cell_that_is_being_written_down_when_the_run_is_interrupted_is_not_lost(
    tmp_path: Path, number: str, status: int
) -> None:
    result = run_by(INTERRUPTED_AS_IT_WRITES, tmp_path / "run", number)
    assert result.returncode == status, result.stdout + result.stderr
    (cell,) = run_json(tmp_path / "run")["cells"]
    (file,) = (tmp_path / "run").glob("evidence/**/*.json")
    assert json.loads(file.read_text(encoding="utf-8"))["cell"] == cell["id"]


NEVER_READY = """
import pathlib, sys
for line in sys.stdin:
    pathlib.Path(sys.argv[0]).with_name("asked").touch()
"""


@pytest.mark.long(but=["2-130"])
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_run_that_is_interrupted_while_servers_start_says_so(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    folder = tmp_path / "silent"
    folder.mkdir()
    (folder / "server.toml").write_text(TOY.format(name="silent"), encoding="utf-8")
    (folder / "serve.py").write_text(NEVER_READY, encoding="utf-8")
    out = tmp_path / "run"
    chosen = ("--servers-dir", tmp_path, "--server", "silent@a", "--client", "java-7", "--out", out)
    process = started(*chosen)
    wait_for((folder / "asked").exists)
    os.killpg(process.pid, number)
    shown, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == status, shown + errors
    assert "Traceback" not in errors
    assert errors.endswith("tls-matrix: ended before a cell was run; nothing is written\n")
    assert not out.exists()
    assert not list(tmp_path.glob("run*"))


INTERRUPTED_AT_THE_END = """
import os, signal
from matrix.commands.cli import main
from matrix.grid.servers import GridServers
GridServers.problems_now = lambda self: os.kill(os.getpid(), signal.SIGINT)
main()
"""


def test_an_interrupt_when_all_cells_are_done_loses_nothing(tmp_path: Path) -> None:
    result = run_by(INTERRUPTED_AT_THE_END, tmp_path)
    assert result.returncode == 130, result.stdout + result.stderr
    assert len(run_json(tmp_path)["cells"]) == 3
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"run.json", "timings.json", "grid.md", "grid.html", "junit.xml", "evidence"}
