"""Which containers are abandoned, and that no other is ever removed."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator

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
    run_labels,
)


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
