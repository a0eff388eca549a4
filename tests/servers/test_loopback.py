"""Every server program, at every level, is reached from this machine alone: what the processes of each listen
on is read from the kernel.
"""

import os
import socket
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path

import pytest
from msgspec import Struct

from servers.contract import PrivateKeyAndChain
from servers.definition import load_definitions
from servers.processes.start import NotInstalled, RunningServer, RunningServers, start_servers
from servers.variant import plain_variant
from tests.kills.keeper import descendants
from tests.sockets import sockets_of

DEFINITIONS = load_definitions()
EMULATED = "jsse6@6u45"  # one process has all emulated servers
VARIANTS = {
    variant.id: variant
    for definition in DEFINITIONS.values()
    for level in definition.levels
    if (variant := plain_variant(definition, level)).id == EMULATED or definition.kind == "real"
}
START_SECONDS = 60.0
# Column 4 of /proc/net/tcp and /proc/net/udp (proc(5)): a socket that listens, one that takes from anyone.
WAITING = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}


class Waiting(Struct, frozen=True):
    """A socket that waits for whoever comes; `network` is the namespace that it is in."""

    network: str
    host: str
    port: int


@pytest.fixture(scope="module")
def all_running(credentials: Mapping[str, PrivateKeyAndChain]) -> Iterator[RunningServers]:
    with start_servers(list(VARIANTS.values()), credentials, START_SECONDS) as servers:
        yield servers


def host(written: str) -> str:
    """An address as the kernel writes it: words of four bytes, each in the machine's own order."""
    words = [bytes.fromhex(written[at : at + 8])[::-1] for at in range(0, len(written), 8)]
    address = ip_address(b"".join(words))
    # A socket of both families, as Java's are, has an address of IPv4 inside one of IPv6.
    return str(getattr(address, "ipv4_mapped", None) or address)


def waiting(process: int) -> set[Waiting]:
    """Where a process and its descendants can be reached, in its own namespace and in that of the tests."""
    processes = [process, *descendants(process)]
    own = {inode for each in processes for inode in sockets_of(each)}
    found = set()
    # Many processes are in one namespace, and all of them have the same table.
    networks = {os.readlink(f"/proc/{of}/ns/net"): of for of in ("self", *processes)}
    for network, of in networks.items():
        for kind, state in WAITING.items():
            for line in Path(f"/proc/{of}/net/{kind}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == state and fields[9] in own:
                    address, _, port = fields[1].partition(":")
                    found.add(Waiting(network, host(address), int(port, 16)))
    return found


def interfaces(process: int) -> set[str]:
    lines = Path(f"/proc/{process}/net/dev").read_text().splitlines()[2:]
    return {line.partition(":")[0].strip() for line in lines}


@pytest.mark.long
@pytest.mark.parametrize("server_id", VARIANTS)
def test_a_server_listens_on_loopback_only(all_running: RunningServers, server_id: str) -> None:
    server = all_running[server_id]
    if isinstance(server, NotInstalled):
        pytest.skip(server.message)
    assert isinstance(server, RunningServer), server
    here = os.readlink("/proc/self/ns/net")
    process = all_running.process_id(server_id)
    found = waiting(process)
    reached = {each for each in found if each.network == here}
    assert server.port in {each.port for each in reached}
    assert [each for each in reached if not ip_address(each.host).is_loopback] == []
    # Some listen on every address of a network of their own: there is nothing in it but its loopback.
    processes = [process, *descendants(process)]
    elsewhere = {each for each in processes if os.readlink(f"/proc/{each}/ns/net") != here}
    assert bool(elsewhere) or found == reached
    assert {name for each in elsewhere for name in interfaces(each)} <= {"lo"}


@pytest.mark.parametrize(
    ("kind", "address"),
    [(socket.SOCK_STREAM, "127.0.0.1"), (socket.SOCK_STREAM, "0.0.0.0"), (socket.SOCK_DGRAM, "0.0.0.0")],
)
def test_what_listens_elsewhere_is_seen(kind: socket.SocketKind, address: str) -> None:
    """The control."""
    before = waiting(os.getpid())
    with socket.socket(type=kind) as open_to_all:
        open_to_all.bind((address, 0))
        if kind == socket.SOCK_STREAM:
            open_to_all.listen()
        assert {(each.host, each.port) for each in waiting(os.getpid()) - before} == {
            open_to_all.getsockname()
        }


def test_every_real_server_is_asked() -> None:
    real = {
        f"{definition.id}@{level}"
        for definition in DEFINITIONS.values()
        if definition.kind == "real"
        for level in definition.levels
    }
    assert {each.partition(",")[0] for each in VARIANTS} == {*real, EMULATED}
    assert {"openssl@1.0.0f", "jsse@11", "nginx@system"} <= real
