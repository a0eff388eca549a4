"""What of a run is killed, how, and which exit statuses are right then. A kill may come before anything has
begun or after all is done, so the status of a run that nobody has disturbed is always right.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest
from docker.errors import APIError
from msgspec import Struct, structs

from servers.containers.engine import engine
from servers.containers.leftovers import PROCESS_LABEL
from tests.kills.kept_run import KeptRun

LOST_CELL = 3
"""The exit status where a cell was not measured (docs: exit status of `run`)."""
FAILED_CELL = 1
UNTIL_IT_IS_ITSELF = 0.02
"""Seconds in which a fork becomes another program, where it is to: one that tells a version is no worker."""
STARTED_AFRESH = (b"import sys;exec(", b"serve.py")
"""What stands in the command of a worker of pytest-xdist, and of a server program; others are forks, whose
command is that of the controlling process.
"""


class Kind(Struct, frozen=True):
    """`kill` does it and says whether there was anything to kill yet; a run `ends` by it or goes on. The
    servers of the run are started in `backend`.
    """

    name: str
    kill: Callable[[KeptRun], bool]
    statuses: tuple[int, ...]
    ends: bool
    backend: str = "process"

    def in_containers(self) -> "Kind":
        """The same of a run whose servers are in containers."""
        return structs.replace(self, name=f"{self.name}, servers in containers", backend="docker")


def children(run: KeptRun, *, leads_session: bool) -> Iterator[int]:
    """The children of the controlling process that are programs of this project: server programs lead a
    session of their own, and what runs cells or makes reports does not.
    """
    with suppress(OSError):
        own = _command(run.pid)
        for task in Path(f"/proc/{run.pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                with suppress(OSError):
                    command = _command(child)
                    is_ours = command == own or any(each in command for each in STARTED_AFRESH)
                    if is_ours and (os.getsid(child) == child) is leads_session:
                        yield child


def _command(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


def _signal_to_run(number: signal.Signals, *, to_all: bool) -> Callable[[KeptRun], bool]:
    def kill(run: KeptRun) -> bool:
        with suppress(ProcessLookupError):
            (os.killpg if to_all else os.kill)(run.pid, number)
        return True

    return kill


def _kill_child(*, leads_session: bool) -> Callable[[KeptRun], bool]:
    def kill(run: KeptRun) -> bool:
        seen = set(children(run, leads_session=leads_session))
        time.sleep(UNTIL_IT_IS_ITSELF)
        for child in children(run, leads_session=leads_session):
            if child in seen:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                    return True
        return False

    return kill


def _kill_container(run: KeptRun) -> bool:
    with engine() as client:
        for container in containers_of(client, run):
            with suppress(APIError):  # it has ended by itself
                client.api.kill(container)
                return True
    return False


def containers_of(client: docker.DockerClient, run: KeptRun) -> list[str]:
    """The ids of the containers that a run has started, running or not."""
    label = f"{PROCESS_LABEL}={run.pid}"
    return [each["Id"] for each in client.api.containers(all=True, filters={"label": label})]


def _ended(number: signal.Signals, *, to_all: bool) -> Kind:
    # Before there are handlers a signal ends the process as any other, or pytest ends in its own way.
    name = f"{number.name} of the {'process group' if to_all else 'controlling process'}"
    statuses = (
        128 + number,
        -number,
        *((int(pytest.ExitCode.INTERRUPTED),) if number is signal.SIGINT else ()),
    )
    return Kind(name, _signal_to_run(number, to_all=to_all), statuses, ends=True)


WORKER = Kind("SIGKILL of a worker", _kill_child(leads_session=False), (LOST_CELL,), ends=False)
AT_ITS_START = Kind("SIGKILL of a worker at its start", WORKER.kill, (LOST_CELL,), ends=False)
SERVER = Kind("SIGKILL of a server program", _kill_child(leads_session=True), (LOST_CELL,), ends=False)
KINDS = (
    *(_ended(each, to_all=True) for each in (signal.SIGINT, signal.SIGHUP)),
    *(_ended(each, to_all=False) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)),
    _ended(signal.SIGKILL, to_all=False),
    _ended(signal.SIGKILL, to_all=True),
    WORKER,
    AT_ITS_START,
    SERVER,
)
CONTAINER = Kind("SIGKILL of a container", _kill_container, (LOST_CELL,), ends=False, backend="docker")
KINDS_IN_CONTAINERS = (
    CONTAINER,
    *(_ended(each, to_all=False).in_containers() for each in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)),
)
