"""Programs of the system: namespaces, what is left of them after a kill, and what is not there."""

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from handshake.wire.registry import ProtocolVersion
from servers import contract
from servers.apache.serve import start as start_apache
from servers.contract import PrivateKeyAndChain
from servers.definition import BUNDLED_SERVERS
from servers.haproxy.serve import start as start_haproxy
from servers.nginx.serve import start as start_nginx
from servers.processes.start import NotInstalled, RunningServer, start_servers
from servers.system import command
from servers.variant import parse_server_id
from tests.servers.offers import EVERYTHING, ask, hello_of
from tests.servers.real_servers import connect
from tests.servers.system_servers import DEFINITIONS, KEPT_INSIDE, PLAIN

PROJECT = BUNDLED_SERVERS.parent
NOBODY = 65534


def configuration_of(
    server_id: str, credentials: Mapping[str, PrivateKeyAndChain], port: int = 0
) -> contract.Configuration:
    variant = parse_server_id(server_id, DEFINITIONS)
    return contract.Configuration(
        variant.id, variant.level, variant.toggles, credentials, variant.declared(), port=port
    )


@contextmanager
def program(
    server_id: str, before: list[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A server program, with a command before it, in an environment of its own."""
    path = BUNDLED_SERVERS / server_id.partition("@")[0] / "serve.py"
    process = subprocess.Popen(
        [*before, sys.executable, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), **environment},
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def first_event(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    event: dict[str, Any] = json.loads(process.stdout.readline())
    if event["event"] == "not_installed":
        pytest.skip(event["message"])
    return event


def without_rights(user: int) -> list[str]:
    """The command that takes all capabilities away, and makes sure that they cannot be had again."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("there is no setpriv program; get it with: apt-get install util-linux")
    if os.geteuid() != 0:
        pytest.skip("rights can be taken away by root only; start the tests as root")
    taken = ["--bounding-set", "-all", "--inh-caps", "-all", "--no-new-privs"]
    return [setpriv, "--reuid", str(user), "--regid", str(user), "--clear-groups", *taken]


@pytest.mark.parametrize("server_id", KEPT_INSIDE)
def test_without_namespaces_it_is_not_started(
    server_id: str, credentials: Mapping[str, PrivateKeyAndChain]
) -> None:
    with program(server_id, without_rights(0), {}) as process:
        assert process.stdin is not None
        process.stdin.write(configuration_of(server_id, credentials).to_line())
        process.stdin.flush()
        event = first_event(process)
    assert event["event"] == "error"
    assert "namespace" in event["message"]
    assert "--backend docker" in event["message"]


# In a network namespace, since in a container programs may listen on every address.
ISOLATED = """
import os, sys
from servers.system.namespaces import enter
enter()
os.execvp(sys.argv[1], sys.argv[1:])
"""
CLIENT = """
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
with context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1])), 8)) as tls:
    tls.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    print(tls.recv(16).decode())
"""


@pytest.mark.long(but=["nginx@system-*", "gnutls@system-*"])
@pytest.mark.parametrize("variable", [contract.ENVIRONMENT_VARIABLE, contract.PROGRAM_VARIABLE])
@pytest.mark.parametrize("server_id", PLAIN)
def test_serves_as_nobody_where_a_container_isolates_it(
    server_id: str, variable: str, credentials: Mapping[str, PrivateKeyAndChain]
) -> None:
    nsenter, rights = shutil.which("nsenter"), without_rights(NOBODY)
    if nsenter is None:
        pytest.skip("there is no nsenter program; get it with: apt-get install util-linux")
    usable = subprocess.run([*rights, sys.executable, "-c", "import cryptography"], check=False)
    if usable.returncode != 0:
        pytest.skip(f"user {NOBODY} may not read this Python; lay the checkout where others can")
    line = configuration_of(server_id, credentials).to_line().decode()
    in_container = ["env", f"{variable}={line}", *rights]
    with program(server_id, [sys.executable, "-c", ISOLATED, *in_container], {}) as process:
        assert process.stdin is not None
        process.stdin.write(line.encode())  # read where the variable does not hold the configuration
        process.stdin.flush()
        event = first_event(process)
        assert event["event"] == "ready", event
        inside = [nsenter, f"--net=/proc/{process.pid}/ns/net", sys.executable, "-c", CLIENT]
        answer = subprocess.run([*inside, str(event["port"])], capture_output=True, text=True, check=True)
        assert " 200 " in answer.stdout
        if variable == contract.ENVIRONMENT_VARIABLE:
            process.send_signal(signal.SIGTERM)
        else:
            process.stdin.close()
        assert process.wait(10) == 0


def children_of(process_id: int) -> list[int]:
    """The processes that a process, or one of its threads, has started."""
    tasks = Path(f"/proc/{process_id}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def is_running(process_id: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


FILES_WHILE_STARTING = {"apache@system": "tls-matrix-apache-*", "nss@system": "nss-*"}


def files_of(server_id: str) -> set[Path]:
    """What a server could leave behind."""
    own = FILES_WHILE_STARTING.get(server_id)
    return set(Path("/dev/shm").iterdir()) | (set(Path("/tmp").glob(own)) if own else set())


@pytest.mark.long(but=["nginx@system"])
@pytest.mark.parametrize("server_id", PLAIN)
def test_nothing_is_left_after_a_kill(server_id: str, credentials: Mapping[str, PrivateKeyAndChain]) -> None:
    before = files_of(server_id)
    with program(server_id, [], {}) as process:
        assert process.stdin is not None
        process.stdin.write(configuration_of(server_id, credentials).to_line())
        process.stdin.flush()
        assert first_event(process)["event"] == "ready"
        children = children_of(process.pid)
        assert children, "the control: there is a process to end"
        descriptors = [os.pidfd_open(child) for child in children]
        process.kill()
        process.wait()
        for descriptor in descriptors:
            # Ended by the kernel; whoever inherited it has yet to collect it.
            wait_for_end(descriptor)
            os.close(descriptor)
    assert not any(is_running(child) for child in children)
    assert files_of(server_id) <= before


def last_descendants(process_id: int) -> list[int]:
    """The processes that come of a process and have started none themselves."""
    children = children_of(process_id)
    return [last for child in children for last in last_descendants(child)] or [process_id]


@pytest.mark.parametrize("server_id", ["gnutls@system", "nss@system", "openssl-s_server@system"])
def test_program_that_crashes_in_a_connection_is_told(
    server_id: str, credentials: Mapping[str, PrivateKeyAndChain]
) -> None:
    with start_servers([parse_server_id(server_id, DEFINITIONS)], credentials, 20) as servers:
        server = servers[server_id]
        if isinstance(server, NotInstalled):
            pytest.skip(server.message)
        assert isinstance(server, RunningServer)
        before = datetime.now(UTC)
        with connect(server) as plain:
            plain.sendall(hello_of(ProtocolVersion.TLS_1_2, EVERYTHING))
            assert plain.recv(1) == b"\x16", "a ServerHello"
            for process_id in last_descendants(servers.process_id(server_id)):
                os.kill(process_id, signal.SIGSEGV)
            seen = servers.wait_for_connection(server_id, plain.getsockname()[1], before, 8)
        assert seen is not None
        assert seen.reason == "the program has ended"
        assert ask(server, hello_of(ProtocolVersion.TLS_1_2, EVERYTHING)).refusal is None, (
            "another one serves"
        )


def wait_for_end(descriptor: int) -> None:
    """Wait for the end of the process that a descriptor stands for."""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        assert selector.select(5), "it goes on after its parent was killed"


IN_SERVER_FOLDER = {
    "apache@system": start_apache,
    "haproxy@system": start_haproxy,
    "nginx@system": start_nginx,
}


@pytest.mark.parametrize(
    ("server_id", "package"),
    [
        ("apache@system", "apache2-bin"),
        ("erlang@system", "erlang-ssl"),
        ("gnutls@system", "gnutls-bin"),
        ("haproxy@system", "haproxy"),
        ("nginx@system", "nginx-light"),
        ("nss@system", "libnss3-tools"),
        ("stunnel@system", "stunnel4"),
    ],
)
def test_what_is_missing_is_named(
    server_id: str,
    package: str,
    credentials: Mapping[str, PrivateKeyAndChain],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if server_id in IN_SERVER_FOLDER:
        # It lies where a path need not lead, so the folder has to be another too.
        monkeypatch.setattr(command, "SERVER_FOLDER", str(tmp_path))
        with IN_SERVER_FOLDER[server_id](configuration_of(server_id, credentials)) as event:
            assert isinstance(event, contract.NotInstalled)
            message = event.message
    else:
        with start_servers([parse_server_id(server_id, DEFINITIONS)], credentials) as servers:
            found = servers[server_id]
        assert isinstance(found, NotInstalled)
        message = found.message
    assert message.endswith(f"get it with: apt-get install {package}")
    assert package in DEFINITIONS[server_id.partition("@")[0]].packages
