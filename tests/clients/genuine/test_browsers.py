"""Browsers as clients: they leave nothing behind, whoever is killed, and give a silent server up in time."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clients.genuine.driver import Driven
from clients.genuine.drivers.browser import KEEPER
from clients.genuine.program import PREFIX
from clients.genuine.programs import load_programs
from clients.genuine.visit import PATIENCE, SETTLE_SECONDS, visit
from tests.clients.genuine.peers import destination, scripted, servers_of_ours
from tests.clients.servers import read_hello

pytestmark = pytest.mark.long

SECONDS = 15.0
BROWSERS = [
    program
    for program in load_programs().values()
    if program.id.startswith((f"{PREFIX}chromium", f"{PREFIX}firefox"))
]


def comes_true(is_so: Callable[[], bool]) -> bool:
    until = time.monotonic() + SECONDS
    while not is_so() and time.monotonic() < until:
        time.sleep(0.02)
    return is_so()


def runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@contextmanager
def kept(folder: Path, command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A shell command behind a keeper, with a folder to remove."""
    keeper = [sys.executable, str(KEEPER), str(folder), "--", "sh", "-c", command]
    with subprocess.Popen(keeper, stdin=subprocess.PIPE) as process:
        yield process


@pytest.mark.parametrize("ends", ["by itself", "with us"])
def test_a_helper_that_has_left_session_and_environment_ends_with_the_browser(
    tmp_path: Path, ends: str
) -> None:
    folder, pid_file = tmp_path / "folder", tmp_path / "pid"
    (folder / "profile").mkdir(parents=True)
    helper = f"(env -i setsid sh -c 'echo $$ > {pid_file}; exec sleep 60' &) ; "
    until_then = f"while [ ! -s {pid_file} ]; do sleep 0.01; done; "
    with kept(folder, helper + until_then + ("exit" if ends == "by itself" else "exec sleep 60")) as keeper:
        assert comes_true(lambda: pid_file.exists() and bool(pid_file.read_text().strip()))
        helper_id = int(pid_file.read_text())
        if ends == "with us":
            assert runs(helper_id), "the control"
            assert folder.exists()
            assert keeper.stdin is not None
            keeper.stdin.close()
        assert keeper.wait(SECONDS) == 0
    assert not runs(helper_id)
    assert not folder.exists()


def test_a_command_that_is_not_there_ends_the_keeper(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    command = [sys.executable, str(KEEPER), str(tmp_path / "folder"), "--", "browser-of-nobody"]
    assert subprocess.run(command, stdin=subprocess.PIPE, timeout=SECONDS, check=False).returncode == 0
    assert not (tmp_path / "folder").exists()


def processes_that_name(text: str) -> list[int]:
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                if text.encode() in (process / "cmdline").read_bytes() and runs(int(process.name)):
                    found.append(int(process.name))
            except OSError:
                continue
    return found


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder for temporary files in whose path there is room for that of a socket (unix(7))."""
    with tempfile.TemporaryDirectory(prefix="tm-") as folder:
        yield Path(folder)


def test_nothing_of_a_browser_is_left_when_its_driver_is_killed(short_path: Path) -> None:
    program = BROWSERS[0]
    if program.missing is not None:
        pytest.skip(program.missing)
    assert isinstance(program, Driven)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    environment = {**os.environ, "TMPDIR": str(short_path)}
    with subprocess.Popen(program.command, env=environment, **pipes) as driver:  # type: ignore[call-overload]
        assert b"ready" in driver.stdout.readline()
        (folder,) = short_path.iterdir()
        assert len(processes_that_name(str(folder))) > 2, "the control: the keeper, the browser, its children"
        driver.send_signal(signal.SIGKILL)
    assert comes_true(lambda: not folder.exists() and not processes_that_name(str(folder)))
    assert list(short_path.iterdir()) == []


@pytest.mark.parametrize("program", BROWSERS, ids=lambda program: program.id)
def test_a_silent_server_is_given_up_in_time_and_the_next_is_met(program: Driven) -> None:
    if program.missing is not None:
        pytest.skip(program.missing)
    with scripted(read_hello) as closing:
        before = visit(program, closing, deadline_seconds=5.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        seen = visit(program, destination(silent.getsockname()[1]), deadline_seconds=1.5)
        assert time.monotonic() - started < 2 * (PATIENCE * 1.5 + SETTLE_SECONDS)
    assert {str(attempt.failure) for attempt in seen.attempts} == {"server-hello:timeout"}
    with scripted(read_hello) as closing:
        again = visit(program, closing, deadline_seconds=5.0)
    assert str(again.attempts[-1].failure) == "server-hello:fin"
    assert len(again.attempts) == len(before.attempts) > 1, "browsers try again"
    assert again.words == before.words != ""


ANSWERED = (
    "reference@rfc,application-protocols=h2",
    "reference@rfc,application-settings=new",
    "reference@rfc,certificate-compression=zlib",
    "reference@rfc,certificate=ecdsa-secp256r1-delegating",
    "reference@rfc,ech-retry-configs=16",
)
UNREADABLE = "reference@rfc,departure=ech-retry-configs-cut-off"


@pytest.mark.parametrize("program", BROWSERS, ids=lambda program: program.id)
def test_what_todays_hellos_ask_for_is_answered_and_taken(program: Driven) -> None:
    if program.missing is not None:
        pytest.skip(program.missing)
    with servers_of_ours(*ANSWERED, UNREADABLE) as servers:
        for identity in ANSWERED:
            seen = visit(program, servers[identity], deadline_seconds=SECONDS)
            assert seen.attempts[-1].failure is None, (identity, seen.attempts)
        refused = visit(program, servers[UNREADABLE], deadline_seconds=SECONDS)
        assert refused.attempts[-1].failure is not None, "the control"
