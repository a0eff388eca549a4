"""What is said when there is no engine, or none that may be used."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from servers.containers.engine import EngineError, engine
from servers.containers.start import start_servers
from servers.contract import PrivateKeyAndChain
from servers.definition import load_definitions
from servers.running import StartFailure
from servers.variant import parse_server_id

AS_NOBODY = """
import os, sys
from servers.containers.engine import EngineError, engine
if os.geteuid() == 0:
    os.setuid(65534)
try:
    with engine():
        print("it answered")
except EngineError as error:
    print(error)
"""


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port: int = closing.getsockname()[1]
    return port


@pytest.mark.parametrize(
    ("host", "said"),
    [
        (
            "unix:///nowhere.sock",
            "there is no such socket; start the engine, or name another with DOCKER_HOST",
        ),
        ("tcp://127.0.0.1:{port}", "connection refused; start the engine, or name another with DOCKER_HOST"),
        ("ssh://nowhere.invalid", "ssh is not spoken here; forward its socket"),
        ("nonsense://x", "Invalid bind address protocol"),
    ],
)
def test_no_engine_is_one_line_that_says_where_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, host: str, said: str
) -> None:
    where = host.format(port=closed_port())
    monkeypatch.setenv("DOCKER_HOST", where)
    with pytest.raises(EngineError) as failure, engine():
        pass
    assert str(failure.value).startswith(f"no container engine answers at {where}: ")
    assert said in str(failure.value)
    assert str(failure.value).isprintable()


def test_every_server_says_that_there_is_no_engine(
    monkeypatch: pytest.MonkeyPatch, credentials: Mapping[str, PrivateKeyAndChain]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    variants = [parse_server_id(text, load_definitions()) for text in ("jsse6@6u45", "tlslite@0.8.2")]
    with start_servers(variants, credentials) as servers:
        assert list(servers) == ["jsse6@6u45", "tlslite@0.8.2"]
        for result in servers.values():
            assert isinstance(result, StartFailure)
            assert "no container engine answers at unix:///nowhere.sock" in result.message


def test_an_engine_without_rights() -> None:
    # Not in tmp_path, whose parents only their owner may enter, which would be another refusal.
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        Path(folder).chmod(0o755)
        path = Path(folder) / "engine.sock"
        listening.bind(str(path))
        listening.listen()
        path.chmod(0)
        said = subprocess.run(
            [sys.executable, "-c", AS_NOBODY],
            env={**os.environ, "DOCKER_HOST": f"unix://{path}", "PYTHONPATH": os.getcwd()},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stdout
    assert said.startswith(f"no container engine answers at unix://{path}: permission denied; run as a user")
