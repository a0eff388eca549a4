"""Runs whose servers are in containers, killed at random moments: no container is left, and no cell lost."""

import os
import random
from pathlib import Path

import docker

from servers.containers.build import Base
from servers.definition import load_definitions
from servers.variant import parse_server_id
from tests.kills.kept_run import RUN
from tests.kills.kinds import KINDS_IN_CONTAINERS
from tests.kills.moments import IN_CONTAINERS, drawn, kill_once, undisturbed
from tests.kills.test_random_kills import SEED
from tests.servers.containers.conftest import build_images


def test_kills_leave_no_container(client: docker.DockerClient, base: Base, tmp_path: Path) -> None:
    build_images(client, base, [parse_server_id(IN_CONTAINERS, load_definitions())])
    seed = int(os.environ.get(SEED) or random.SystemRandom().randrange(1 << 32))
    print(f"{SEED}={seed}")
    usual = undisturbed(tmp_path / "undisturbed", RUN, "docker")
    kills = drawn(len(KINDS_IN_CONTAINERS), seed, KINDS_IN_CONTAINERS)
    moments = [
        kill_once(tmp_path / str(index), kind, by, drawing, usual)
        for index, (kind, by, drawing) in enumerate(kills)
    ]
    assert [str(moment) for moment in moments if moment.faults] == [], f"{SEED}={seed}"
