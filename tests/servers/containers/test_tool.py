"""The image of this program: it runs the grid as nobody, without a network, and cannot write its files."""

import json
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from matrix.results.environment import tool_version
from servers.containers.build import Base, build
from servers.containers.recipe import tool_recipe
from tests.matrix.test_cli import tls_matrix

pytestmark = pytest.mark.long

ASKED = ("run", "--server", "jsse6@6u45", "--server", "openssl@4.0.3", "--client", "set:incident", "--json")


@pytest.fixture(scope="module")
def image(client: docker.DockerClient, base: Base) -> Iterator[str]:
    """The image without its name, so that one of the user's stays as it is."""
    built = build(client, tool_recipe("9.8.7"), base)
    yield built
    client.api.remove_image(built)


def said_by(client: docker.DockerClient, image: str, *arguments: str) -> str:
    done = client.containers.run(
        image,
        list(arguments),
        remove=True,
        network_mode="none",
        read_only=True,
        tmpfs={"/tmp": ""},
        working_dir="/tmp",
        cap_drop=["ALL"],
    )
    return str(done.decode())


def test_it_measures_what_a_checkout_measures(
    client: docker.DockerClient, image: str, tmp_path: Path
) -> None:
    cells = json.loads(said_by(client, image, *ASKED))["cells"]
    here = tls_matrix(*ASKED, "--out", str(tmp_path / "run"))
    assert here.returncode == 0, here.stderr
    assert cells == json.loads(here.stdout)["cells"]
    assert len(cells) > 10


def test_it_says_its_version_and_runs_as_nobody(client: docker.DockerClient, image: str) -> None:
    assert said_by(client, image, "--version") == "tls-matrix 9.8.7\n"
    assert client.images.get(image).attrs["Config"]["User"] == "65534:65534"


def test_another_version_is_another_image() -> None:
    digests = {tool_recipe(each).digest("cp311", "x86_64") for each in (tool_version(), "9.8.7")}
    assert len(digests) == 2
