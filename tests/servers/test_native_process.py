"""A server program in another language, here in Python: its starts, its end, what it says of connections."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from servers.contract import Configuration, Connection, Failed, NotInstalled, PrivateKeyAndChain, Ready
from servers.declared import Declared
from servers.native.node_tls import without_library
from servers.native.process import NativeProcess, NativeProgram, connection_by_names, settings_of

ECHO = """
import json, sys
for line in sys.stdin:
    told = json.loads(line)
    print(json.dumps({"event": "ready", "port": 4433, "stack": told["toggles"]["name"]}), flush=True)
"""
BROKEN = (
    "import sys; sys.exit('node: error while loading shared libraries: "
    "libx.so.1: cannot open shared object file')"
)
REFUSING = """
import sys
for line in sys.stdin:
    print('{"event": "error", "message": "no such cipher"}', flush=True)
"""


def process(program: str) -> NativeProcess:
    return NativeProcess("toy", [sys.executable, "-c", program], {})


@pytest.fixture
def configuration(credentials: Mapping[str, PrivateKeyAndChain]) -> Configuration:
    return Configuration("toy@1", "1", {"name": "Toy 1"}, credentials, Declared((0x0303,), (0x002F,)))


def test_a_program_is_told_of_a_server_and_says_that_it_listens(configuration: Configuration) -> None:
    program = NativeProgram(lambda: process(ECHO))
    with program.serving(configuration, settings_of(configuration)) as event:
        assert event == Ready("toy@1", 4433, "Toy 1", configuration.certificate_sha256())


def test_a_program_that_refuses_a_server_says_why(configuration: Configuration) -> None:
    with NativeProgram(lambda: process(REFUSING)).serving(configuration, {}) as event:
        assert event == Failed("toy@1", "no such cipher")


def test_a_program_that_ends_before_it_listens_says_its_last_words(
    configuration: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    with NativeProgram(lambda: process(BROKEN)).serving(configuration, {}) as event:
        assert isinstance(event, Failed)
        assert event.message.startswith("toy ended before it listened: node: error while loading")
        missing = without_library(event, {"liby.so.1": "liby1", "libx.so.1": "libx1"})
        assert missing == NotInstalled("toy@1", "there is no libx.so.1; get it with: apt-get install libx1")
        assert without_library(event, {}) is event
    assert capsys.readouterr().out == "", "one that never listened cannot end later"


def test_a_program_that_does_not_exist_raises(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        NativeProcess("toy", [str(tmp_path / "none")], {})


def test_names_of_openssl_become_ianas() -> None:
    event = {"id": "a@1", "peer_port": 1, "version": "TLSv1.2", "cipher_suite": "AES128-SHA"}
    expected = Connection("a@1", 1, "TLSv1.2", "TLS_RSA_WITH_AES_128_CBC_SHA")
    assert connection_by_names(event) == expected
    unknown = connection_by_names({"id": "a@1", "peer_port": 1, "cipher_suite": "of our own"})
    assert unknown.cipher_suite == "of our own"
