"""split-hello and large-hello with stacks that are no servers of the grid, and with a genuine proxy that
routes by the server name: what they mind, as measured.
"""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clients.destination import Destination
from clients.profile import load_profiles
from handshake.client.hello import fill_hello
from handshake.crypto.credentials import generate_rsa
from matrix.judgement.judge import outcome_of
from matrix.scenarios import SCENARIOS, Meeting
from servers.credentials import SUBJECT
from stacks.catalogue import stacks

PROFILES = load_profiles()
HERE = Path(__file__).parent
EXTENSION_BEFORE_NAME = 9
"""The bytes of server_name before the name itself (RFC 6066 section 3), the extension's header included."""
HAPROXY = """
defaults
    mode tcp
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend by-name
    bind 127.0.0.1:{port}
    tcp-request inspect-delay 5s
    tcp-request content accept if {{ req.ssl_hello_type 1 }}
    tcp-request content reject
    use_backend behind if {{ req.ssl_sni -m found }}
backend behind
    server one 127.0.0.1:{behind}
"""


def pem() -> str:
    made = generate_rsa(2048, subject=SUBJECT, now=datetime.now(UTC), serial=1).to_pem()
    return made.private_key + made.chain


def folder_of(stack: str) -> Path:
    folder = stacks()[stack].folder()
    if folder is None:
        title = stacks()[stack].title
        pytest.skip(f"{title} is not fetched; get it with: tls-matrix stacks fetch {stack}")
    return folder


@contextmanager
def serving(*command: object) -> Iterator[int]:
    """Run a program that prints its port; give the port."""
    with subprocess.Popen(
        list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        try:
            program.stdin.write(pem())
            program.stdin.close()
            yield int(program.stdout.readline())
        finally:
            program.kill()


def found(port: int, client: str, scenario: str) -> str:
    """The outcome, and the reason and what is blamed where there is one."""
    where = Destination("127.0.0.1", port, SUBJECT)
    meeting = Meeting(PROFILES[client].player, where, 5.0)
    outcome, reason = outcome_of(SCENARIOS[scenario].carry_out(meeting))
    return outcome.value if reason is None else f"{reason}: {reason.detail.blame}"


@pytest.fixture(scope="module")
def bun() -> Iterator[int]:
    with serving(folder_of("bun") / "bin" / "bun", HERE / "bun_server.cjs") as port:
        yield port


@pytest.mark.parametrize("client", ["openssl-3.0", "chromium-156"])
def test_bun_minds_the_size_alone(bun: int, client: str) -> None:
    assert found(bun, client, "split-hello") == "works"
    assert found(bun, client, "large-hello") == (
        "server-hello:alert-illegal_parameter: answers a hello of 16,388 bytes, not one of 16,389 bytes"
    )


@pytest.mark.long
@pytest.mark.parametrize("client", ["openssl-3.0", "chromium-156"])
def test_mbedtls_minds_records(client: str) -> None:
    with serving(sys.executable, HERE / "mbedtls_server.py", folder_of("mbedtls")) as port:
        assert found(port, client, "connect") == "works"
        split, large = (found(port, client, scenario) for scenario in ("split-hello", "large-hello"))
    assert split == "server-hello:fin: does not answer a hello in two records; in one record it does"
    assert large.startswith(
        "server-hello:fin: does not answer a hello of 40,960 bytes, which needs 3 records;"
    )


def test_haproxy_that_routes_by_name_wants_the_name_in_the_first_record(bun: int, tmp_path: Path) -> None:
    """It looks for the name in a buffer of 16,384 bytes, 1,024 of which it keeps free (tune.bufsize,
    tune.maxrewrite): 15,355 are left for the message behind the header of its record.
    """
    message = fill_hello(PROFILES["openssl-3.0"].player.templates[0], SUBJECT, bytes).message
    end_of_name = message.index(SUBJECT.encode()) + len(SUBJECT)
    haproxy = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if haproxy is None:
        pytest.skip("there is no haproxy program; get it with: apt-get install haproxy")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "haproxy.cfg").write_text(HAPROXY.format(port=port, behind=bun))
    with subprocess.Popen([haproxy, "-db", "-q", "-f", tmp_path / "haproxy.cfg"]) as proxy:
        try:
            wait_for(port)
            split, large = (found(port, "openssl-3.0", name) for name in ("split-hello", "large-hello"))
        finally:
            proxy.kill()
    assert split.startswith("server-hello:fin: answers a hello whose first record has ")
    needed = int(split.split(" bytes")[0].rpartition(" ")[2])
    assert end_of_name - len(SUBJECT) - EXTENSION_BEFORE_NAME <= needed <= end_of_name
    assert large == "server-hello:fin: answers a hello of 15,355 bytes, not one of 15,356 bytes"


def wait_for(port: int) -> None:
    """Connect as soon as somebody listens."""
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("haproxy does not listen")
