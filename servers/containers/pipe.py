"""Joins its standard streams to the relay in the same container, for an engine on another machine.

    python3 -m servers.containers.pipe

What it carries are frames, so how each side ends is said in them and needs no care here.
"""

import os
import socket
import sys
import threading
from contextlib import suppress

from servers.containers.entry import RELAY

_CHUNK = 1 << 16


def _send_input(relay: socket.socket) -> None:
    with suppress(OSError):
        while received := os.read(sys.stdin.fileno(), _CHUNK):
            relay.sendall(received)
        relay.shutdown(socket.SHUT_WR)


def main() -> None:
    """Carry both ways until the relay ends."""
    with socket.socket(socket.AF_UNIX) as relay, suppress(OSError):
        relay.connect(RELAY)
        threading.Thread(target=_send_input, args=(relay,), daemon=True).start()
        while received := relay.recv(_CHUNK):
            view = memoryview(received)
            while view:
                view = view[os.write(sys.stdout.fileno(), view) :]


if __name__ == "__main__":
    main()
