"""Building images: only what is missing or has changed, with everything in the context."""

import os
import subprocess
import sys
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound

from servers.containers.build import Base, build_missing, find_image
from servers.containers.build_progress import BuildProgress
from servers.containers.recipe import recipe
from servers.variant import ServerVariant, plain_variant
from tests.servers.containers.conftest import AddToy
from tests.servers.test_process import PROJECT, well_behaved

pytestmark = pytest.mark.long

OWN = "ARG BASE=debian:bookworm-slim\nFROM ${BASE}\nRUN "


class Told(BuildProgress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.counts: list[tuple[int, int]] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def count(self, done: int, total: int) -> None:
        self.counts.append((done, total))


def build(client: docker.DockerClient, base: Base, *toys: ServerVariant) -> tuple[list[str], Told]:
    told = Told()
    return build_missing(client, [recipe(toy.definition, toy.level) for toy in toys], base, told), told


def image_id(client: docker.DockerClient, toy: ServerVariant) -> str:
    found = find_image(client, recipe(toy.definition, toy.level).tag)
    assert found is not None
    return found.id


def test_an_unchanged_image_is_left_alone_and_a_changed_one_rebuilt(
    client: docker.DockerClient, base: Base, add_toy: AddToy
) -> None:
    toy = add_toy(well_behaved())
    problems, told = build(client, base, toy)
    assert problems == []
    assert told.lines[0] == f"{toy.id}: building ..."
    assert told.lines[1].startswith(f"{toy.id}: built in ")
    assert told.counts == [(0, 1), (1, 1)]
    first = image_id(client, toy)

    problems, told = build(client, base, toy)
    assert (problems, told.lines, told.counts, image_id(client, toy)) == ([], [], [(0, 0)], first)

    (toy.definition.folder / "serve.py").write_text(well_behaved() + "# changed\n")
    assert build(client, base, toy)[0] == []
    second = image_id(client, toy)
    assert second != first
    with pytest.raises(ImageNotFound):  # nothing of it stays behind without a name
        client.images.get(first)

    upon_another = Base(second, base.python, base.machine)
    assert build(client, upon_another, toy)[0] == []
    assert image_id(client, toy) != second


def test_an_image_of_several_names_is_built_once_and_nothing_is_left_of_the_one_before(
    client: docker.DockerClient, base: Base, add_toy: AddToy
) -> None:
    toy = add_toy(well_behaved())
    toys = [plain_variant(toy.definition, level) for level in ("a", "b", "c")]
    ids = []
    for text in (well_behaved(), well_behaved() + "# changed\n"):
        (toy.definition.folder / "serve.py").write_text(text)
        problems, told = build(client, base, *toys)
        assert (problems, told.counts) == ([], [(0, 1), (1, 1)])
        ids.append({image_id(client, toy) for toy in toys})
    (first,), (second,) = ids
    assert first != second
    with pytest.raises(ImageNotFound):
        client.images.get(first)


def test_there_is_no_network_in_a_build(client: docker.DockerClient, base: Base, add_toy: AddToy) -> None:
    toy = add_toy(well_behaved())
    (toy.definition.folder / "Dockerfile").write_text(OWN + 'test "$(ls /sys/class/net)" = lo\n')
    assert build(client, base, toy)[0] == []


def test_a_build_that_fails_is_one_line_and_the_others_are_built(
    client: docker.DockerClient, base: Base, add_toy: AddToy
) -> None:
    broken, toy = add_toy(well_behaved()), add_toy(well_behaved())
    (broken.definition.folder / "Dockerfile").write_text(OWN + "false\n")
    (problem,), told = build(client, base, broken, toy)
    assert problem.startswith(f"{broken.id}: the image cannot be built: ")
    assert "returned a non-zero code: 1" in problem
    assert problem.isprintable()
    assert told.counts[-1] == (2, 2)
    image_id(client, toy)


LITTLE_ROOM = """
import resource, sys
from pathlib import Path
from servers.containers.base import BASE_TAG, take_base
from servers.containers.build import build_missing
from servers.containers.build_progress import BuildProgress
from servers.containers.engine import engine
from servers.containers.recipe import recipe
from servers.definition import load_definition
toy = load_definition(Path(sys.argv[1]))
with engine() as client:
    base = take_base(client, BASE_TAG)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    print(build_missing(client, [recipe(toy, "a")], base, BuildProgress()))
"""


def test_no_room_for_the_context_is_one_line(base: Base, add_toy: AddToy) -> None:
    toy = add_toy(well_behaved())
    said = subprocess.run(
        [sys.executable, "-c", LITTLE_ROOM, str(Path(toy.definition.folder) / "server.toml")],
        env={**os.environ, "PYTHONPATH": PROJECT},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert said.startswith(f"['{toy.id}: the image cannot be built: ")
    assert "(File too large); make room, or choose another folder with TMPDIR" in said
