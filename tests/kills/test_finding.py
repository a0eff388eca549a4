"""What the tests of kills look for is found where it is."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.kills.kept_run import RUN, kept_run, prepared, told
from tests.kills.kinds import KINDS, WORKER, children
from tests.kills.moments import AFTERWARDS, Moment, Undisturbed, cells_of, judge_cells
from tests.matrix.test_interrupted_run import silent_server, wait_for

ROOT = Path(__file__).parents[2]
OUT_OF_SIGHT = """
import os, socket, time
listening = socket.create_server(("127.0.0.1", 0))
if os.fork() == 0:
    os.setsid()
    listening.set_inheritable(True)
    os.execve("/bin/sleep", ["sleep", "60"], {})
"""


def kept(*command: str, grace: float = 0.5) -> dict[str, Any]:
    """What the keeper says at the end of a command."""
    said, says = os.pipe()
    keeper = [sys.executable, "-m", "tests.kills.keeper", str(says), str(grace), *command]
    with subprocess.Popen(keeper, cwd=ROOT, pass_fds=[says]), open(said) as lines:
        os.close(says)
        *_, last = lines.read().splitlines()
    return dict(json.loads(last))


def test_what_leaves_its_session_and_environment_is_found_and_ended() -> None:
    said = kept(sys.executable, "-c", OUT_OF_SIGHT)
    (left,) = said["left"]
    assert left["command"] == "sleep 60"
    assert left["listening_sockets"] == 1
    assert not Path(f"/proc/{left['pid']}").exists()


def test_what_ends_in_time_is_not_left() -> None:
    said = kept("sh", "-c", "sleep 0.3 & exit 4", grace=20.0)
    assert (said["status"], said["left"]) == (4, [])
    assert kept("sh", "-c", "kill -TERM $$")["status"] == -signal.SIGTERM


def test_a_cell_that_is_lost_is_named(tmp_path: Path) -> None:
    folder = prepared(tmp_path / "run-of-two")
    assert told(folder, "run", *AFTERWARDS, "--out", folder / "run").returncode == 0
    found = cells_of(folder / "run")
    usual = Undisturbed(3.0, 1.0, 2.0, 0, found)
    assert _faults(found, usual, folder) == []
    (first, *_) = found
    lost = {**found, "nowhere/java-7/connect": found[first]}
    assert _faults(lost, usual, folder) == ["nowhere/java-7/connect is lost"]
    changed = {first: {**found[first], "outcome": "hangs"}}
    assert _faults(changed, usual, folder) == [f"{first} was hangs and is {found[first]['outcome']}"]
    more = Undisturbed(3.0, 1.0, 2.0, 0, lost)
    assert _faults(found, more, folder, WORKER) == ["2 cells of 3, and the run was not to end"]


def _faults(before: dict[str, Any], usual: Undisturbed, folder: Path, kind: Any = KINDS[0]) -> Sequence[str]:
    moment = Moment(kind.name, RUN[0], 0.0)
    judge_cells(moment, kind, usual, before, folder)
    return moment.faults


@pytest.fixture
def visiting(tmp_path: Path) -> Path:
    """A folder for a run whose genuine client waits for a silent server."""
    return prepared(tmp_path / "visiting")


CLIENTS = ("--client", "genuine-gnutls-*", "--client", "java-7")


def test_the_folder_of_a_visit_whose_worker_is_killed_goes_with_the_run(visiting: Path) -> None:
    with silent_server() as address:
        chosen = ("--target", f"silent={address}", *CLIENTS, "-n", "2")
        with kept_run(visiting, chosen) as run:
            wait_for(lambda: any((visiting / "tmp").iterdir()))
            for worker in children(run, leads_session=False):
                os.kill(worker, signal.SIGKILL)
            said = run.end()
    assert said["left"] == []
    assert list((visiting / "tmp").iterdir()) == []


def test_the_folder_of_a_visit_of_a_killed_run_goes_with_the_next(visiting: Path) -> None:
    with silent_server() as address:
        chosen = ("--target", f"silent={address}", *CLIENTS, "-n", "2")
        with kept_run(visiting, chosen) as run:
            wait_for(lambda: any((visiting / "tmp").iterdir()))
            os.killpg(run.pid, signal.SIGKILL)
            said = run.end()
    assert said["left"] == []
    assert len(list((visiting / "tmp").iterdir())) == 1
    assert told(visiting, "run", *AFTERWARDS, "--out", visiting / "next").returncode == 0
    assert list((visiting / "tmp").iterdir()) == []
