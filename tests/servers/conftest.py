"""Credentials made once, the bundled definitions, and a folder of servers as a user would add one."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from servers.contract import PrivateKeyAndChain
from servers.credentials import make_credentials
from servers.definition import load_definition
from servers.variant import ServerVariant, plain_variant

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
"""


@pytest.fixture(scope="session")
def credentials() -> Mapping[str, PrivateKeyAndChain]:
    return make_credentials()


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
