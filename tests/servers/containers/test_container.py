"""Servers in containers: how tightly they are shut in, what they say, and that nothing of them is left."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import docker
import pytest

from servers.containers.build import Base
from servers.containers.container import PROCESSES_AND_THREADS
from servers.containers.leftovers import RUN_LABEL
from servers.containers.recipe import recipe
from servers.containers.start import start_servers
from servers.contract import ENVIRONMENT_VARIABLE, PrivateKeyAndChain
from servers.definition import load_definitions
from servers.running import NotInstalled, RunningServer, RunningServers, StartFailure
from servers.variant import ServerVariant, parse_server_id
from tests.servers.conduct import LONG_AGO
from tests.servers.containers.conftest import AddToy, Start, build_images
from tests.servers.openssl_client import OpenSSLClient
from tests.servers.test_process import PROJECT, well_behaved

pytestmark = pytest.mark.long

SECONDS = 20.0


def variant(server_id: str) -> ServerVariant:
    return parse_server_id(server_id, load_definitions())


def running(servers: RunningServers, server_id: str) -> RunningServer:
    found = servers[server_id]
    assert isinstance(found, RunningServer), found
    return found


def containers_of(client: docker.DockerClient, program: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = client.api.containers(all=True, filters={"label": RUN_LABEL})
    return [each for each in found if str(each["Names"][0]).startswith(f"/tls-matrix-{program}-")]


def wait_until_none(client: docker.DockerClient, program: str) -> None:
    end = time.monotonic() + SECONDS
    while containers_of(client, program) and time.monotonic() < end:
        time.sleep(0.05)
    assert containers_of(client, program) == []


def exchange(server: RunningServer) -> tuple[int, bytes]:
    with socket.create_connection((server.host, server.port), SECONDS) as connection:
        connection.sendall(b"ping")
        return connection.getsockname()[1], connection.recv(100)


def ask(server: RunningServer) -> int:
    """One request and its answer; the port it was asked from."""
    with OpenSSLClient(server) as client:
        assert client.ask(b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.0 200")
        assert client.certificate_sha256() in server.certificate_sha256
        return client.port


ECHO = """
import threading
def echo(listening, identity):
    while True:
        connection, peer = listening.accept()
        connection.sendall(connection.recv(100))
        connection.close()
        say(event="connection", id=identity, peer_port=peer[1], reason="echoed")
threading.Thread(target=echo, args=(listening[-1], identity), daemon=True).start()
"""
ECHOES = f"exec({ECHO!r}, globals())"


def test_a_server_answers_and_tells_what_it_saw(start: Start) -> None:
    servers = start(variant("openssl@4.0.3"))
    server = running(servers, "openssl@4.0.3")
    assert server.stack.startswith("OpenSSL 4.0.3")
    port = ask(server)
    seen = servers.wait_for_connection("openssl@4.0.3", port, LONG_AGO)
    assert seen is not None
    assert (seen.peer_port, seen.version, seen.reason) == (port, "TLSv1.3", None)
    assert servers.wait_for_connection("openssl@4.0.3", 1, LONG_AGO, 0) is None


def test_all_variants_of_an_image_share_a_container(start: Start, client: docker.DockerClient) -> None:
    ids = ["jsse6@6u45", "jsse6@6u45,renegotiation=legacy", "webmethods-8.0.1@core-fix-19"]
    before = len(containers_of(client, "emulated"))
    servers = start(*map(variant, ids))
    ports = {running(servers, server_id).port for server_id in ids}
    assert len(ports) == 3
    assert len(containers_of(client, "emulated")) >= before + 1


def test_how_it_is_shut_in(start: Start, add_toy: AddToy, client: docker.DockerClient) -> None:
    tell = (
        "status = [line.split() for line in open('/proc/self/status')]; stack = json.dumps([os.getuid(),"
        " os.access('/', os.W_OK), os.access('/tmp', os.W_OK),"
        " [words[1] for words in status if words[0] in ('CapEff:', 'NoNewPrivs:')],"
        " [name for _, name in socket.if_nameindex()]])"
    )
    toy = add_toy(well_behaved(tell), more="memory = 64")
    servers = start(toy)
    assert json.loads(running(servers, toy.id).stack) == [
        65534,
        False,
        True,
        ["0000000000000000", "1"],
        ["lo"],
    ]
    (found,) = containers_of(client, toy.definition.id)
    inspected = client.api.inspect_container(found["Id"])
    limits = inspected["HostConfig"]
    assert limits["ReadonlyRootfs"]
    assert limits["AutoRemove"]
    assert not limits["Privileged"]
    assert (limits["Memory"], limits["MemorySwap"], limits["PidsLimit"]) == (
        64 << 20,
        64 << 20,
        PROCESSES_AND_THREADS,
    )
    assert limits["NetworkMode"] == "none"
    assert list(inspected["NetworkSettings"]["Networks"]) == ["none"]
    assert inspected["NetworkSettings"]["Ports"] == {}


def test_nothing_is_left_after_the_run(
    add_toy: AddToy, client: docker.DockerClient, base: Base, credentials: Mapping[str, PrivateKeyAndChain]
) -> None:
    toy = add_toy(well_behaved())
    build_images(client, base, [toy])
    with start_servers([toy], credentials) as servers:
        server = running(servers, toy.id)
        assert len(containers_of(client, toy.definition.id)) == 1
    assert containers_of(client, toy.definition.id) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port)).close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "raise SystemExit('no such library')",
            "/serve.py in its container ended with exit status 1: no such library",
        ),
        ("print('hello', flush=True); input()", "is no event of its servers: hello"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended with exit status 139"),
    ],
)
def test_an_image_that_does_not_start_harms_no_other(
    start: Start, add_toy: AddToy, text: str, message: str
) -> None:
    toy, other = add_toy(text), add_toy(well_behaved())
    servers = start(toy, other)
    failure = servers[toy.id]
    assert isinstance(failure, StartFailure)
    assert failure.message.startswith(f"{toy.definition.id}/serve.py ")
    assert message in failure.message
    running(servers, other.id)


def test_a_program_that_cannot_even_begin(start: Start, add_toy: AddToy) -> None:
    toy = add_toy(well_behaved())
    (toy.definition.folder / "Dockerfile").write_text(
        'ARG BASE=debian:bookworm-slim\nFROM ${BASE}\nENTRYPOINT ["/nowhere"]\n'
    )
    failure = start(toy)[toy.id]
    assert isinstance(failure, StartFailure)
    assert "in its container ended with exit status 127: " in failure.message
    assert "/nowhere" in failure.message


def test_a_container_that_is_killed_is_known_and_harms_no_other(
    start: Start, add_toy: AddToy, client: docker.DockerClient
) -> None:
    toy, other = add_toy(well_behaved()), add_toy(well_behaved(ECHOES))
    servers = start(toy, other)
    server = running(servers, toy.id)
    client.api.kill(containers_of(client, toy.definition.id)[0]["Id"])
    list(servers.follow(toy.id))  # ends with the server
    stopped = servers.stopped(toy.id)
    assert (
        stopped
        == f"{toy.definition.id}/serve.py in its container ended with exit status 137 and said nothing"
    )
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port)).close()
    assert servers.stopped(other.id) is None
    port, echoed = exchange(running(servers, other.id))
    assert echoed == b"ping"
    seen = servers.wait_for_connection(other.id, port, LONG_AGO)
    assert seen is not None
    assert seen.reason == "echoed"


HARNESS = """
import signal, sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from servers.containers.start import start_servers
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.variant import parse_server_id
toy = parse_server_id(sys.argv[2], load_definitions([Path(sys.argv[1])]))
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs
with start_servers([toy], make_credentials()) as servers:
    print(servers[toy.id], flush=True)
    signal.pause()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_left_when_the_harness_is_killed(
    add_toy: AddToy, client: docker.DockerClient, base: Base, tmp_path: Path, how: signal.Signals
) -> None:
    toy = add_toy(well_behaved())
    build_images(client, base, [toy])
    with subprocess.Popen(
        [sys.executable, "-c", HARNESS, str(tmp_path), toy.id],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": PROJECT},
        text=True,
    ) as harness:
        assert harness.stdout is not None
        assert harness.stdout.readline().startswith("RunningServer")
        assert len(containers_of(client, toy.definition.id)) == 1
        harness.send_signal(how)
    wait_until_none(client, toy.definition.id)


def test_a_program_that_ignores_every_order_to_stop_is_killed(
    add_toy: AddToy, client: docker.DockerClient, base: Base, credentials: Mapping[str, PrivateKeyAndChain]
) -> None:
    deaf = well_behaved(
        "import signal, threading; signal.signal(15, signal.SIG_IGN)", "threading.Event().wait()"
    )
    toy = add_toy(deaf)
    build_images(client, base, [toy])
    with start_servers([toy], credentials) as servers:
        running(servers, toy.id)
    assert containers_of(client, toy.definition.id) == []


def test_two_runs_at_once_leave_each_other_alone(start: Start, add_toy: AddToy) -> None:
    toy = add_toy(well_behaved(ECHOES))
    first, second = start(toy), start(toy)
    for servers in (first, second):
        assert exchange(running(servers, toy.id))[1] == b"ping"


def test_what_cannot_be_had_says_why(
    start: Start, add_toy: AddToy, client: docker.DockerClient, credentials: Mapping[str, PrivateKeyAndChain]
) -> None:
    toy = add_toy(well_behaved())
    with start_servers([toy], credentials) as servers:
        command = f"build it with: tls-matrix images build {toy.id}"
        assert servers[toy.id] == NotInstalled(toy.id, f"there is no image of {toy.id}; {command}")
    start(toy)
    (toy.definition.folder / "serve.py").write_text(well_behaved() + "# changed\n")
    with start_servers([toy], credentials) as servers:
        assert servers[toy.id] == NotInstalled(toy.id, f"the image of {toy.id} is out of date; {command}")


def test_one_configuration_in_the_environment_and_a_signal_to_stop(
    client: docker.DockerClient, base: Base, credentials: Mapping[str, PrivateKeyAndChain]
) -> None:
    """What a person does with `docker run`."""
    server = variant("tlslite@0.8.2")
    build_images(client, base, [server])
    configuration = server.configuration(credentials, {}, "0.0.0.0", 8443)
    container = client.containers.run(
        recipe(server.definition, server.level).tag,
        environment={ENVIRONMENT_VARIABLE: configuration.to_line().decode()},
        ports={8443: ("127.0.0.1", None)},
        detach=True,
    )
    try:
        lines = container.logs(stream=True, follow=True)
        event = json.loads(next(lines))
        assert (event["event"], event["port"]) == ("ready", 8443)
        container.reload()
        port = int(container.ports["8443/tcp"][0]["HostPort"])
        digests = frozenset(event["cert_sha256"])
        ask(RunningServer(server.id, "127.0.0.1", port, event["stack"], digests))
        assert json.loads(next(lines))["event"] == "connection"
        container.kill("SIGTERM")
        assert container.wait(timeout=SECONDS)["StatusCode"] == 0
        list(lines)  # to their end: the library does not close what is given up
    finally:
        container.remove(force=True)


ELSEWHERE = """
import fcntl, socket, struct
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
"""
OWN_FILES = 'mount -t tmpfs none "$TMPDIR" && exec "$0" -c "$@"'
ASK = """
    before = datetime.now(UTC)
    with socket.create_connection((servers[toy.id].host, servers[toy.id].port), 20) as client:
        client.sendall(b"ping")
        print(client.recv(100), flush=True)
        port = client.getsockname()[1]
    print(servers.wait_for_connection(toy.id, port, before, 20).peer_port == port, flush=True)
"""


@pytest.mark.skipif(
    os.geteuid() != 0, reason="network namespaces are made by root only; start the tests as root"
)
@pytest.mark.skipif(
    shutil.which("unshare") is None,
    reason="there is no unshare program; get it with: apt-get install util-linux",
)
def test_through_the_engine_where_it_has_no_folder_of_this_machine(
    client: docker.DockerClient, base: Base, add_toy: AddToy, tmp_path: Path
) -> None:
    """A network and files of its own, as on another machine: of the engine only its socket is there."""
    if not client.api.base_url.startswith("http+docker://"):
        pytest.skip("the engine is not reached by a socket in the file system")
    toy = add_toy(well_behaved(ECHOES))
    build_images(client, base, [toy])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    script = ELSEWHERE + HARNESS.replace("    signal.pause()\n", ASK.lstrip("\n"))
    done = subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-c", OWN_FILES, sys.executable, script, str(tmp_path), toy.id],
        env={**os.environ, "PYTHONPATH": PROJECT, "TMPDIR": str(elsewhere)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines()[1:] == ["b'ping'", "True"], done.stderr
    wait_until_none(client, toy.definition.id)
