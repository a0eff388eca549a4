"""Whose a container is, and the end of those whose run is gone.

A container ends by itself when its run is killed, because its standard input ends. What is left all the same,
such as one that was created and never started, the next run removes: only what carries the label, and only
where the process that is named there is known to be gone.
"""

import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import docker
from docker.errors import APIError

from servers.containers.engine import LABEL

RUN_LABEL = f"{LABEL}.run"
HOST_LABEL = f"{LABEL}.host"
BOOT_LABEL = f"{LABEL}.boot"
PROCESS_LABEL = f"{LABEL}.process"
STARTED_LABEL = f"{LABEL}.process-started"

_START_TIME = 19  # field 22 of /proc/PID/stat, counted from behind the name (proc(5))


def run_labels(run: str) -> dict[str, str]:
    """The labels of a container that this process starts."""
    process = os.getpid()
    return {
        RUN_LABEL: run,
        HOST_LABEL: platform.node(),
        BOOT_LABEL: _boot(),
        PROCESS_LABEL: str(process),
        STARTED_LABEL: _started(process),
    }


def is_abandoned(labels: Mapping[str, str]) -> bool:
    """Whether the run that these labels name is known to be gone: of another machine nothing is known."""
    if RUN_LABEL not in labels or labels.get(HOST_LABEL) != platform.node():
        return False
    if labels.get(BOOT_LABEL) != _boot():
        return True
    process = labels.get(PROCESS_LABEL, "")
    return process.isdecimal() and _started(int(process)) != labels.get(STARTED_LABEL)


def remove_abandoned(client: docker.DockerClient) -> list[str]:
    """Remove the containers of runs that are gone; the names of those removed."""
    removed = []
    for container in client.api.containers(all=True, filters={"label": RUN_LABEL}):
        if is_abandoned(container["Labels"]):
            # Another run may be at it, and one that has ended removes itself.
            with suppress(APIError):
                client.api.remove_container(container["Id"], force=True, v=True)
                removed.append(container["Names"][0].lstrip("/"))
    return removed


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _started(process: int) -> str:
    """When the process started, in the system's own count, so that a second one of its id is told apart; the
    empty string where there is none.
    """
    with suppress(OSError, IndexError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[_START_TIME]
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        return "running"
    return ""
