"""Credentials made once, the bundled definitions, and a folder of servers as a user would add one."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from servers.contract import PrivateKeyAndChain
from servers.credentials import make_credentials
from servers.definition import load_definition
from servers.processes.start import NotInstalled, RunningServer, RunningServers, start_servers
from servers.variant import ServerVariant, plain_variant
from tests.servers.real_servers import VARIANTS
from tests.servers.started import Variants, started_when_asked

TOY = """
id = "{name}"
title = "Toy"
kind = "real"
default = true
control = "openssl-3.0"
source = "made up for a test"

[declared]
versions = ["TLSv1.0"]
cipher_suites = ["TLS_RSA_WITH_AES_128_CBC_SHA"]

[levels.a]
title = "Toy a"
stack = "none"

[levels.b]
title = "Toy b"
stack = "none"

[levels.c]
title = "Toy c"
stack = "none"
"""


@pytest.fixture(scope="session")
def credentials() -> Mapping[str, PrivateKeyAndChain]:
    return make_credentials()


@pytest.fixture(scope="module")
def running(credentials: Mapping[str, PrivateKeyAndChain]) -> Iterator[RunningServers]:
    """Every variant of the real servers."""
    with start_servers(VARIANTS, credentials, 20) as servers:
        yield servers


@pytest.fixture(scope="module")
def variants(credentials: Mapping[str, PrivateKeyAndChain]) -> Iterator[Variants]:
    """Variants that are started when a test first asks for them."""
    with started_when_asked(credentials) as started:
        yield started


@pytest.fixture
def server(running: RunningServers, request: pytest.FixtureRequest) -> RunningServer:
    """The running server a test names in its parameters (see `real_servers.every_server`)."""
    found = running[request.param]
    if isinstance(found, NotInstalled):
        pytest.skip(found.message)
    assert isinstance(found, RunningServer)
    return found


@pytest.fixture
def add_server(tmp_path: Path) -> Callable[..., ServerVariant]:
    """Write a server of a user's: its program's text and what it is called."""

    def add(program: str, name: str = "toy", level: str = "a") -> ServerVariant:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "server.toml").write_text(TOY.format(name=name))
        (folder / "serve.py").write_text(program)
        return plain_variant(load_definition(folder / "server.toml"), level)

    return add
