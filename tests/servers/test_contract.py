import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers import contract
from servers.contract import (
    Configuration,
    Connection,
    ContractError,
    Failed,
    NotInstalled,
    PrivateKeyAndChain,
    Ready,
)
from servers.declared import Declared
from servers.definition import load_definitions
from servers.processes.start import start_servers
from servers.running import MAX_LINE_BYTES
from servers.variant import parse_server_id

text = st.text(max_size=20)
codes = st.lists(st.integers(0, 0xFFFF), max_size=4).map(tuple)
ports = st.integers(1, 65535)
configurations = st.builds(
    Configuration,
    id=text,
    level=text,
    toggles=st.dictionaries(text, text, max_size=3),
    credentials=st.dictionaries(text, st.builds(PrivateKeyAndChain, text, text), max_size=2),
    declared=st.builds(
        Declared, codes, codes, st.booleans(), st.just(("rsa",)), st.none() | st.integers(0, 4096)
    ),
    emulation=st.dictionaries(text, st.booleans() | text | st.lists(st.integers()), max_size=3),
    host=st.just("127.0.0.1"),
    port=st.integers(0, 65535),
)
digests = st.frozensets(st.text("0123456789abcdef", min_size=64, max_size=64), min_size=1, max_size=3)
events = st.one_of(
    st.builds(Ready, text, ports, text, digests),
    st.builds(Failed, text, text),
    st.builds(NotInstalled, text, text),
    st.builds(Connection, text, ports, *([st.none() | text] * 5)),
)


@given(st.lists(configurations, max_size=3), st.sampled_from([None, 1]))
def test_configurations_are_read_as_written(written: list[Configuration], indent: int | None) -> None:
    # With an indent each value spans many lines.
    lines = [json.dumps(json.loads(one.to_line()), indent=indent).encode() for one in written]
    assert list(contract.read_configurations(io.BytesIO(b"\n".join(lines)))) == written
    assert list(contract.read_configurations(io.BytesIO(b"".join(lines)))) == written


def test_configuration_is_read_before_the_stream_ends() -> None:
    configuration = Configuration("a@1", "1", {}, {}, Declared((0x0303,), (0x002F,)))
    reading, writing = os.pipe()
    with open(reading, "rb") as stream, open(writing, "wb", buffering=0) as sink:
        sink.write(configuration.to_line())
        assert next(contract.read_configurations(stream)) == configuration


@pytest.mark.parametrize(
    ("given_text", "message"),
    [
        (b"hello\n", "is not JSON"),
        (b'{"id": "a"', "ended within a configuration"),
        (b'{"id": "a"}', "lacks 'level'"),
        (b'{"id": "a", "level": "1", "toggles": []}', "not as the contract says"),
    ],
)
def test_says_what_is_wrong_with_a_configuration(given_text: bytes, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        list(contract.read_configurations(io.BytesIO(given_text)))


@given(events)
def test_events_are_read_as_written(event: contract.Event) -> None:
    assert contract.event_from_json(json.loads(json.dumps(contract.event_to_json(event)))) == event


def test_a_long_log_is_cut_in_the_middle_and_fits_a_line() -> None:
    log = "begin" + "\x00" * (2 * contract.MAX_LOG_CHARACTERS) + "end"
    value = contract.event_to_json(Connection("a", 1, log=log))
    assert value["log"].startswith("begin")
    assert value["log"].endswith("end")
    assert f"[{len(log) - contract.MAX_LOG_CHARACTERS} characters left out]" in value["log"]
    assert len(json.dumps(value)) < MAX_LINE_BYTES
    short = "x" * contract.MAX_LOG_CHARACTERS
    assert contract.event_to_json(Connection("a", 1, log=short))["log"] == short


def test_one_certificate_is_written_as_a_string() -> None:
    assert contract.event_to_json(Ready("a", 1, "s", frozenset({"ab"})))["cert_sha256"] == "ab"
    assert contract.event_to_json(Ready("a", 1, "s", frozenset({"b", "a"})))["cert_sha256"] == ["a", "b"]


@pytest.mark.parametrize(
    "value",
    [
        [],
        None,
        {"event": "ready"},
        {"event": "ready", "id": 3},
        {"event": "started", "id": "a"},
        {"event": "ready", "id": "a", "port": 0, "stack": "", "cert_sha256": ""},
        {"event": "ready", "id": "a", "port": True, "stack": "", "cert_sha256": ""},
        {"event": "ready", "id": "a", "port": 1, "stack": 1, "cert_sha256": ""},
        {"event": "ready", "id": "a", "port": 1, "stack": ""},
        {"event": "connection", "id": "a", "peer_port": "1"},
        {"event": "connection", "id": "a", "peer_port": 1, "reason": 10},
    ],
)
def test_refuses_what_is_no_event(value: object) -> None:
    with pytest.raises(ContractError):
        contract.event_from_json(value)


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_program_in_a_container_stops_at_the_signal(
    credentials: Mapping[str, PrivateKeyAndChain], stop_signal: signal.Signals
) -> None:
    variant = parse_server_id("openssl@4.0.3", load_definitions())
    configuration = Configuration(variant.id, variant.level, variant.toggles, credentials, variant.declared())
    environment = {
        contract.ENVIRONMENT_VARIABLE: configuration.to_line().decode(),
        "PYTHONPATH": str(variant.definition.folder.parent.parent),
    }
    with subprocess.Popen(
        [sys.executable, str(variant.definition.program)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        ready = contract.event_from_json(json.loads(process.stdout.readline()))
        assert isinstance(ready, Ready)
        socket.create_connection(("127.0.0.1", ready.port)).close()
        process.send_signal(stop_signal)
        _, errors = process.communicate(timeout=5)
    assert (process.returncode, errors) == (0, b"")


def test_a_port_can_be_chosen_for_one_server(credentials: Mapping[str, PrivateKeyAndChain]) -> None:
    variant = parse_server_id("tlslite@0.8.2", load_definitions())
    with socket.socket() as holder:
        # Bound but not listening, it keeps the port from everyone who does not ask for it by number.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        with start_servers([variant], credentials, port=port) as servers:
            assert getattr(servers[variant.id], "port", 0) == port
        holder.listen()
        with start_servers([variant], credentials, port=port) as servers:
            assert "Address already in use" in getattr(servers[variant.id], "message", "")
    with pytest.raises(ValueError, match="one server only"), start_servers([], credentials, port=port):
        pass
