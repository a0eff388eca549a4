"""The first program in a container: starts the server program and lets connections through to it.

    TLS_MATRIX_PROGRAM=.../serve.py python3 -m servers.containers.entry

The server program has the container's standard streams and signals as if it were alone; the container ends
with it. A container has no network: its servers listen on its own loopback, and the relay here on a socket in
the file system (`servers.containers.frames`), which connects to whichever of them is asked for.
"""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress

from servers.containers.carrying import FrameStream, carry
from servers.containers.frames import Bound, Connect, Reset
from servers.listener import Listener

MEMORY = "/tmp"  # the only folder of a container that can be written to
RELAY_FOLDER = f"{MEMORY}/relay"
RELAY_NAME = "socket"
RELAY = f"{RELAY_FOLDER}/{RELAY_NAME}"
LOOPBACK = "127.0.0.1"


def relay(outside: socket.socket, _: int) -> None:
    """Let one connection through: say where it will come from, hear where it goes, and carry it."""
    frames = FrameStream(outside)
    inside = socket.socket()
    with suppress(OSError):
        inside.bind((LOOPBACK, 0))
        frames.send(Bound(inside.getsockname()[1]))
        match frames.receive_one():
            case Connect(port):
                inside.connect((LOOPBACK, port))
                inside.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                carry(inside, frames)
                return
    inside.close()
    with suppress(OSError):
        frames.send(Reset())


def main(program: str) -> int:
    """Run the program to its end; its exit status, or 128 and the signal that ended it, as shells say it."""
    signals = (signal.SIGTERM, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # until there is someone to pass them on to
    os.makedirs(RELAY_FOLDER, exist_ok=True)  # it is there where a folder of the machine was put in its place
    with Listener(RELAY, 0, relay):
        os.chmod(
            RELAY, 0o666
        )  # whoever comes to the folder may come in; on the machine that is the user alone
        child = subprocess.Popen(
            [sys.executable, program],
            preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, signals),
        )
        for number in signals:
            signal.signal(number, lambda received, _: child.send_signal(received))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        status = child.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(os.environ["TLS_MATRIX_PROGRAM"]))
