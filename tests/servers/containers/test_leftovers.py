"""Which containers are abandoned, and that no other is ever removed."""

import json
import os
import secrets
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from servers.containers.build import Base
from servers.containers.leftovers import (
    BOOT_LABEL,
    HOST_LABEL,
    PROCESS_LABEL,
    RUN_LABEL,
    STARTED_LABEL,
    is_abandoned,
    remove_abandoned,
    run_folder,
    run_labels,
)
from tests.servers.test_process import PROJECT


@pytest.fixture(scope="module")
def labels_of_the_dead() -> dict[str, str]:
    """The labels of a run whose process has ended."""
    script = (
        "import json; from servers.containers.leftovers import run_labels; print(json.dumps(run_labels('x')))"
    )
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    said = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, check=True
    ).stdout
    return dict(json.loads(said))


def test_what_is_alive_is_not_abandoned() -> None:
    assert not is_abandoned(run_labels("x"))


def test_what_has_ended_is_abandoned(labels_of_the_dead: dict[str, str]) -> None:
    assert is_abandoned(labels_of_the_dead)


@pytest.mark.parametrize(
    ("changed", "is_gone"),
    [
        ({HOST_LABEL: "another-host"}, False),
        ({BOOT_LABEL: "an-earlier-boot"}, True),
        ({STARTED_LABEL: "1"}, True),  # the process id has changed hands
        ({PROCESS_LABEL: "not a number"}, False),
        ({HOST_LABEL: "another-host", BOOT_LABEL: "x", STARTED_LABEL: "1"}, False),
    ],
)
def test_of_another_machine_nothing_is_known(changed: dict[str, str], is_gone: bool) -> None:
    assert is_abandoned({**run_labels("x"), **changed}) == is_gone


def test_without_the_label_it_is_nobody_s(labels_of_the_dead: dict[str, str]) -> None:
    others = {name: value for name, value in labels_of_the_dead.items() if name != RUN_LABEL}
    assert not is_abandoned(others)
    assert not is_abandoned({})


@pytest.fixture
def create(client: docker.DockerClient, base: Base) -> Iterator[object]:
    """Makes a container that was never started, as a run leaves that is killed in the wrong moment."""
    made = []

    def creating(labels: dict[str, str]) -> str:
        name = f"left-{secrets.token_hex(4)}"
        made.append(client.api.create_container(base.id, ["true"], name=name, labels=labels)["Id"])
        return name

    yield creating
    for container in made:
        if any(found["Id"] == container for found in client.api.containers(all=True)):
            client.api.remove_container(container, force=True)


def test_only_what_is_abandoned_is_removed(
    create: object, client: docker.DockerClient, labels_of_the_dead: dict[str, str]
) -> None:
    assert callable(create)
    dead = create(labels_of_the_dead)
    unlabelled = {name: value for name, value in labels_of_the_dead.items() if name != RUN_LABEL}
    kept = {create(run_labels("y")), create(unlabelled), create({})}
    remove_abandoned(client)
    names = {container["Names"][0].lstrip("/") for container in client.api.containers(all=True)}
    assert dead not in names
    assert kept <= names


KILLED = """
import os, signal
from servers.containers.leftovers import run_folder
with run_folder() as folder:
    (folder / "relay").mkdir()
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_folder_of_a_killed_run_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", KILLED],
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": PROJECT},
        capture_output=True,
        text=True,
        check=False,
    )
    left = Path(done.stdout.strip())
    assert (left / "relay").is_dir(), done.stderr
    with run_folder() as first:
        assert not left.exists()
        with run_folder() as second:
            assert first.is_dir(), "one that is in use stays"
            assert second != first
            assert stat.S_IMODE(second.stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []
