"""A whole `connect` cell against an OpenSSL server, held against two other ways of doing the same.

The yardsticks: pyOpenSSL's own full handshake, request and answer, both ends in this process through memory;
and one `openssl s_client` process a connection against the same server. Target (design): a cell costs at most
2.5 times the first. Prints one JSON object; times in milliseconds, medians of interleaved rounds.

    python -m bench.connect_cell [--rounds N]
"""

import argparse
import json
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from OpenSSL import SSL

from bench.machine import machine
from clients.connect import connect
from clients.destination import Destination
from clients.player import Player
from clients.profile import load_profiles
from servers.contract import PrivateKeyAndChain
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.processes.start import RunningServer, start_servers
from servers.variant import parse_server_id

SERVER = "openssl@4.0.3"
CLIENT = "openssl-3.0"
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"
TARGET = 2.5


def cell(player: Player, destination: Destination) -> Callable[[], None]:
    """Make one round of this program: the client's handshake, its request and the answer."""

    def once() -> None:
        observation = connect(player, destination, deadline_seconds=5.0)
        assert observation.is_answered, observation

    return once


def pyopenssl_in_process(credential: PrivateKeyAndChain) -> Callable[[], None]:
    """Make one round of the yardstick: TLS 1.3 as OpenSSL does it by default, both ends in memory."""
    server_context, client_context = SSL.Context(SSL.TLS_METHOD), SSL.Context(SSL.TLS_METHOD)
    private_key = load_pem_private_key(credential.private_key.encode(), None)
    server_context.use_privatekey(private_key)  # type: ignore[arg-type] # wider than pyOpenSSL's stub
    server_context.use_certificate(load_pem_x509_certificate(credential.chain.encode()))

    def advance(connection: SSL.Connection) -> bool:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            return False
        return True

    def carry(source: SSL.Connection, sink: SSL.Connection) -> None:
        try:
            while True:
                sink.bio_write(source.bio_read(65536))
        except SSL.WantReadError:
            return

    def once() -> None:
        client, server = SSL.Connection(client_context, None), SSL.Connection(server_context, None)
        client.set_connect_state()
        server.set_accept_state()
        done = False
        while not done:
            client_done = advance(client)
            carry(client, server)
            done = advance(server) and client_done
            carry(server, client)
        client.send(REQUEST)
        carry(client, server)
        server.recv(65536)
        server.send(ANSWER)
        carry(server, client)
        client.recv(65536)

    return once


def s_client(port: int) -> Callable[[], None]:
    """Make one round of the other yardstick: a fresh `openssl s_client` process."""
    arguments = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-quiet", "-ign_eof"]

    def once() -> None:
        subprocess.run(arguments, input=REQUEST, capture_output=True, timeout=10, check=True)

    return once


def milliseconds(once: Callable[[], None]) -> float:
    """Time one round."""
    start = time.perf_counter()
    once()
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    credentials = make_credentials()
    variant = parse_server_id(SERVER, load_definitions())
    profile = load_profiles()[CLIENT]
    with start_servers([variant], credentials) as servers:
        server = servers[variant.id]
        assert isinstance(server, RunningServer), server
        destination = Destination(server.host, server.port, "webmethods.example.test")
        measured: dict[str, Callable[[], None]] = {
            "connect_cell": cell(profile.player, destination),
            "pyopenssl_in_process": pyopenssl_in_process(credentials["rsa"]),
        }
        if shutil.which("openssl"):
            measured["openssl_s_client_process"] = s_client(server.port)
        samples: dict[str, list[float]] = {name: [] for name in measured}
        for _ in range(rounds):
            for name, once in measured.items():
                samples[name].append(milliseconds(once))
    medians = {name: round(statistics.median(values), 3) for name, values in samples.items()}
    ratio = medians["connect_cell"] / medians["pyopenssl_in_process"]
    result = {"median_ms": medians, "ratio": round(ratio, 2), "target_ratio": TARGET, "met": ratio <= TARGET}
    if "openssl_s_client_process" in medians:
        result["ratio_to_s_client"] = round(medians["connect_cell"] / medians["openssl_s_client_process"], 2)
    print(json.dumps({"bench": "connect_cell", "rounds": rounds, "machine": machine(), **result}, indent=1))


if __name__ == "__main__":
    main()
