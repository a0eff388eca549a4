"""sslyze, of a pinned version, in an environment of its own that is made for this and removed again.

It scans for every cipher suite of every version, and for every group; each is a handshake. How many they are
is counted before, in a scan that is not timed: it goes through a relay, which counts the connections in which
the client has sent something. The timed scans go to the server itself.
"""

import os
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from bench.peers.commands import seconds_of
from bench.peers.measured import Missing, Peer, Sample, whole
from bench.peers.targets import SSLYZE

VERSION = "6.3.1"
SCANS = (
    "--mozilla_config=disable",
    "--sslv2",
    "--sslv3",
    "--tlsv1",
    "--tlsv1_1",
    "--tlsv1_2",
    "--tlsv1_3",
    "--elliptic_curves",
)
_CHUNK = 65536


class CountingRelay(socketserver.ThreadingTCPServer):
    """Hands on what comes, to a server, and counts the connections of clients that have sent something."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Relayed)
        self.behind = host, port
        self.spoken = 0
        self.turn = threading.Lock()


class _Relayed(socketserver.BaseRequestHandler):
    server: CountingRelay

    def handle(self) -> None:
        """Hand on until one of the two closes."""
        client: socket.socket = self.request
        with suppress(OSError), socket.create_connection(self.server.behind) as behind:
            first = client.recv(_CHUNK)
            if not first:
                return
            with self.server.turn:
                self.server.spoken += 1
            behind.sendall(first)
            _hand_on(client, behind)


def _hand_on(client: socket.socket, behind: socket.socket) -> None:
    with DefaultSelector() as selector:
        selector.register(client, EVENT_READ, (client, behind))
        selector.register(behind, EVENT_READ, (behind, client))
        while True:
            for key, _ in selector.select():
                source, sink = key.data
                content = source.recv(_CHUNK)
                if not content:
                    return
                sink.sendall(content)


@contextmanager
def counting_relay(host: str, port: int) -> Iterator[CountingRelay]:
    """A relay to a server; its port is `server_address[1]`."""
    with CountingRelay(host, port) as relay:
        thread = threading.Thread(target=relay.serve_forever)
        thread.start()
        try:
            yield relay
        finally:
            relay.shutdown()
            thread.join()


def install(folder: Path) -> Path | Missing:
    """Make the environment; its program."""
    commands = (
        [sys.executable, "-m", "venv", str(folder)],
        [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", f"sslyze=={VERSION}"],
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no reason was given"]
            return Missing(SSLYZE, f"pip install sslyze=={VERSION} has to work here: {said[-1]}")
    return folder / "bin" / "sslyze"


def sslyze(host: str, port: int, folder: Path) -> Peer | Missing:
    """Its scan of the server; `folder` is for the environment."""
    program = install(folder)
    if isinstance(program, Missing):
        return program
    with counting_relay(host, port) as relay:
        seconds_of([program, *SCANS, f"{host}:{relay.server_address[1]}"])
        handshakes = relay.spoken
    if not handshakes:
        raise SystemExit("sslyze made no handshake")

    def measure() -> Sample:
        return whole(seconds_of([program, *SCANS, f"{host}:{port}"])[0], handshakes)

    return Peer(SSLYZE, VERSION, "handshakes", measure)
