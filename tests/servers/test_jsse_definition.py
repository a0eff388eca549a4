"""What jsse/server.toml says, held against the running JDK and against the project's clients on the wire."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from clients.connect import connect
from clients.destination import Destination
from clients.profile import load_profiles
from handshake.wire.cipher_suites import TLS_EMPTY_RENEGOTIATION_INFO_SCSV, parse_cipher_suite
from handshake.wire.registry import parse_version
from servers import contract
from servers.contract import PrivateKeyAndChain
from servers.credentials import SUBJECT
from servers.jsse.serve import missing
from servers.processes.start import NotInstalled, start_servers
from servers.variant import expand, parse_server_id
from tests.servers.started import DEFINITIONS, Variants, started_when_asked
from tests.servers.test_real_servers import tlslite_handshake

LEVELS = tuple(DEFINITIONS["jsse"].levels)

PROJECT = Path(__file__).parents[2]
ASK_JDK = Path(__file__).with_name("ask_jdk.py")
BOUNCY_CASTLE_LEVELS = ("11", "11.0.13", "17", "21")
ASKED = [
    f"jsse@{level}{configuration}" for level in LEVELS for configuration in ("", ",configuration=legacy")
]
ASKED += [
    f"jsse@{level}{configuration},provider=bc"
    for level in BOUNCY_CASTLE_LEVELS
    for configuration in ("", ",configuration=legacy")
]
# JSSE's words: the one is no version of the protocol, the other differs from the RFC's.
SSLV2_HELLO = "SSLv2Hello"
VERSIONS = {"TLSv1": "TLSv1.0"}
PROFILES = load_profiles()


@pytest.fixture(scope="module")
def jsse(credentials: Mapping[str, PrivateKeyAndChain]) -> Iterator[Variants]:
    with started_when_asked(credentials) as variants:
        yield variants


def configuration_of(server_id: str, credentials: Mapping[str, PrivateKeyAndChain]) -> contract.Configuration:
    """The variant's configuration; the test is skipped where its stack is missing."""
    variant = parse_server_id(server_id, DEFINITIONS)
    configuration = contract.Configuration(
        variant.id, variant.level, variant.toggles, credentials, variant.declared()
    )
    if what := missing(configuration):
        pytest.skip(what)
    return configuration


def ask_jdk(server_id: str, credentials: Mapping[str, PrivateKeyAndChain]) -> dict[str, Any]:
    configuration = configuration_of(server_id, credentials)
    answered = subprocess.run(
        [sys.executable, ASK_JDK],
        input=configuration.to_line(),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        timeout=60,
        check=True,
    )
    answer: dict[str, Any] = json.loads(answered.stdout)
    return answer


@pytest.mark.long(but=["jsse@17"])
@pytest.mark.parametrize("server_id", ASKED)
def test_declared_is_what_the_jdk_says(server_id: str, credentials: Mapping[str, PrivateKeyAndChain]) -> None:
    answer = ask_jdk(server_id, credentials)
    if "provider=bc" in server_id and "1.0.14" not in answer["provider"]:
        pytest.skip(f"declared as Debian 12 has it; this is {answer['provider']}")
    declared = parse_server_id(server_id, DEFINITIONS).declared()
    protocols = set(answer["protocols"])
    assert {parse_version(VERSIONS.get(name, name)) for name in protocols - {SSLV2_HELLO}} == set(
        declared.versions
    )
    assert (SSLV2_HELLO in protocols) == declared.sslv2_hello
    suites = [parse_cipher_suite(name) for name in answer["cipher_suites"]]
    assert [code for code in suites if code != TLS_EMPTY_RENEGOTIATION_INFO_SCSV] == list(
        declared.cipher_suites
    )
    if "configuration=legacy" in server_id:
        assert protocols == set(answer["supported_protocols"])
        assert set(answer["cipher_suites"]) == set(answer["supported_cipher_suites"])


@pytest.mark.long(but=["17-True"])
@pytest.mark.parametrize(
    ("level", "is_servers"), [("11", False), ("11.0.13", False), ("17", True), ("21", True), ("25", True)]
)
def test_whose_order_decides(
    level: str, is_servers: bool, credentials: Mapping[str, PrivateKeyAndChain]
) -> None:
    assert ask_jdk(f"jsse@{level}", credentials)["servers_order"] == is_servers


@pytest.mark.long(but=["*-17"])
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("key_exchange", ["dhe_rsa", "dhe_dsa"])
def test_size_of_the_diffie_hellman_prime(jsse: Variants, level: str, key_exchange: str) -> None:
    server = jsse.start(f"jsse@{level}")
    seen = tlslite_handshake(server, (3, 3), (key_exchange,))
    assert seen.dh_prime_bits == parse_server_id(f"jsse@{level}", DEFINITIONS).declared().dh_prime_bits


@pytest.mark.long(but=["*-17"])
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("profile", ["java-8", "openssl-0.9.8", "firefox-9-sslv3"])
@pytest.mark.parametrize("configuration", ["default", "legacy"])
def test_clients_of_another_age(jsse: Variants, level: str, profile: str, configuration: str) -> None:
    """An SSLv2-format hello and SSLv3 are answered in the legacy configuration only; TLS 1.0 at 11 too.

    The client that all of them answer is one of TLS 1.2: at 11 some handshakes in TLS 1.3 fail
    (bench/dropped_zeros.py).
    """
    variant = parse_server_id(f"jsse@{level},configuration={configuration}", DEFINITIONS)
    server = jsse.start(variant.id)
    observation = connect(
        PROFILES[profile].player, Destination(server.host, server.port, SUBJECT), deadline_seconds=5
    )
    (attempt,) = observation.attempts
    is_older = (level, profile) == ("11", "openssl-0.9.8")
    answered = configuration == "legacy" or profile == "java-8" or is_older
    assert (attempt.failure is None) == answered, attempt.failure
    assert observation.response.startswith(b"HTTP/1.0 200 ") == answered
    if answered:
        assert attempt.negotiated is not None
        assert attempt.sslv2_format == (profile == "openssl-0.9.8")
        assert attempt.negotiated.cipher_suite in variant.declared().cipher_suites
        assert (attempt.negotiated.version == 0x0300) == (profile == "firefox-9-sslv3")


@pytest.mark.parametrize("legacy_hello", ["yes", "no"])
def test_hello_that_does_not_signal_rfc_5746(jsse: Variants, legacy_hello: str) -> None:
    variant = parse_server_id(f"jsse@17,configuration=legacy,legacy-hello={legacy_hello}", DEFINITIONS)
    server = jsse.start(variant.id)
    observation = connect(
        PROFILES["ie6-winxp"].player, Destination(server.host, server.port, SUBJECT), deadline_seconds=5
    )
    (attempt,) = observation.attempts
    assert str(attempt.failure) == (
        "None" if legacy_hello == "yes" else "server-hello:alert-handshake_failure"
    )


def test_without_the_stack_each_level_says_what_gets_it(
    credentials: Mapping[str, PrivateKeyAndChain], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    variants = [variant for variant in expand(DEFINITIONS["jsse"]) if len(variant.id.split(",")) == 1]
    with start_servers(variants, credentials) as running:
        for variant in variants:
            found = running[variant.id]
            assert isinstance(found, NotInstalled)
            assert found.message.endswith(f"get it with: tls-matrix stacks fetch jsse-{variant.level}")


def test_one_machine_a_process(credentials: Mapping[str, PrivateKeyAndChain]) -> None:
    lines = [
        configuration_of(server_id, credentials).to_line()
        for server_id in ("jsse@17", "jsse@17,renegotiation=legacy")
    ]
    ended = subprocess.run(
        [sys.executable, DEFINITIONS["jsse"].program],
        input=b"".join(lines),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        timeout=60,
        check=True,
    )
    first, second = (contract.event_from_json(json.loads(line)) for line in ended.stdout.splitlines())
    assert isinstance(first, contract.Ready)
    assert isinstance(second, contract.Failed)
    assert "a process of its own" in second.message


THREADS = """
import os, sys, threading
from servers import contract
from servers.jsse.serve import start_machine
machine = start_machine(next(contract.read_configurations(sys.stdin.buffer)))
def call(leaves):
    machine.name_thread("one")
    if leaves:
        machine.leave_thread()
for leaves in (True, False):
    before = machine.find("java.lang.Thread").getAllStackTraces().size()
    for _ in range(5):
        thread = threading.Thread(target=call, args=(leaves,))
        thread.start()
        thread.join()
    print(machine.find("java.lang.Thread").getAllStackTraces().size() - before)
sys.stdout.flush()
os._exit(0)
"""


def test_java_forgets_a_thread_that_has_left(credentials: Mapping[str, PrivateKeyAndChain]) -> None:
    configuration = configuration_of("jsse@17", credentials)
    counted = subprocess.run(
        [sys.executable, "-c", THREADS],
        input=configuration.to_line(),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        timeout=60,
        check=True,
    )
    assert counted.stdout.split() == [b"0", b"5"]
