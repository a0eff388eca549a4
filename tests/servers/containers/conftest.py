"""An engine to test with: the one that DOCKER_HOST names or this machine has, and a base image in it."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import docker
import pytest

from servers.containers.base import BASE_TAG, take_base
from servers.containers.build import Base, build_missing, find_image
from servers.containers.build_progress import BuildProgress
from servers.containers.engine import EngineError, engine
from servers.containers.recipe import recipe
from servers.containers.start import start_servers
from servers.contract import PrivateKeyAndChain
from servers.definition import load_definition
from servers.running import RunningServers
from servers.variant import ServerVariant, plain_variant

AddToy = Callable[..., ServerVariant]
Start = Callable[..., RunningServers]


@pytest.fixture(scope="session")
def client() -> Iterator[docker.DockerClient]:
    with ExitStack() as stack:
        try:
            found = stack.enter_context(engine())
        except EngineError as error:
            pytest.skip(str(error))
        yield found


@pytest.fixture(scope="session")
def base(client: docker.DockerClient) -> Base:
    if find_image(client, BASE_TAG) is None:
        pytest.skip("the engine has no base image; make it with: ./tls-matrix images build")
    return take_base(client, BASE_TAG)


def build_images(client: docker.DockerClient, base: Base, variants: Sequence[ServerVariant]) -> None:
    recipes = {variant.level: recipe(variant.definition, variant.level) for variant in variants}
    assert build_missing(client, list(recipes.values()), base, BuildProgress()) == []


@pytest.fixture
def start(
    client: docker.DockerClient, base: Base, credentials: Mapping[str, PrivateKeyAndChain], add_toy: AddToy
) -> Iterator[Start]:
    """Starts servers in containers, their images built first, until the test ends: before those of toys are
    removed, an image that is still in use only loses its name.
    """
    with ExitStack() as stack:

        def starting(*variants: ServerVariant) -> RunningServers:
            for variant in variants:
                build_images(client, base, [variant])
            return stack.enter_context(start_servers(variants, credentials))

        yield starting


@pytest.fixture
def add_toy(add_server: Callable[..., ServerVariant], client: docker.DockerClient) -> Iterator[AddToy]:
    """Write a server of a user's that may be had in a container, under a name of its own; its images are
    removed after the test.
    """
    tags: list[str] = []

    def add(program: str, level: str = "a", more: str = "") -> ServerVariant:
        name = f"toy-{secrets.token_hex(4)}"
        path = Path(add_server(program, name, level).definition.folder) / "server.toml"
        text = path.read_text().replace("default = true", f'default = true\nbackends = ["docker"]\n{more}', 1)
        path.write_text(text)
        variant = plain_variant(load_definition(path), level)
        tags.extend(recipe(variant.definition, each).tag for each in variant.definition.levels)
        return variant

    yield add
    for tag in tags:
        if find_image(client, tag) is not None:
            client.api.remove_image(tag)
