"""Explaining a server that runs, and a relay before one that disturbs what is asked of it."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from clients.destination import Destination
from clients.player import Player
from clients.profile import load_profiles
from matrix.explain.asking import Asker
from matrix.explain.explanation import Terms, explain
from matrix.explain.result import Explanation
from matrix.scenarios import CONNECT, Scenario
from servers.credentials import SUBJECT

PROFILES = load_profiles()
_RESET = struct.pack("ii", 1, 0)
Decide = Callable[[int], str]
"""What becomes of the connection of this number, from 1 on: "pass", "reset", or "down", which ends all."""


def explained(
    port: int,
    client: str | Player,
    seconds: float = 2.0,
    most: int = 200,
    pause_seconds: float = 0.3,
    scenario: Scenario = CONNECT,
) -> Explanation:
    """Explain what a server on loopback has against a client."""
    player = PROFILES[client].player if isinstance(client, str) else client
    others = {name: profile.player for name, profile in PROFILES.items() if name != client}
    asker = Asker(Destination("127.0.0.1", port, SUBJECT), seconds, scenario=scenario)
    return explain(player, others, asker, Terms(most, pause_seconds=pause_seconds))


def causes_of(explanation: Explanation) -> list[list[str]]:
    """The names of the causes, group by group."""
    return [[cause.name for cause in group] for group in explanation.causes]


@contextmanager
def relay(port: int, decide: Decide) -> Iterator[int]:
    """A relay to the server at `port`; gives its own port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_accept, args=(listener, port, decide), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join()


def _accept(listener: socket.socket, port: int, decide: Decide) -> None:
    number = 0
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            number += 1
            match decide(number):
                case "pass":
                    threading.Thread(target=_join, args=(client, port), daemon=True).start()
                case "down":
                    client.close()
                    listener.close()
                    return
                case _:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    client.close()


def _join(client: socket.socket, port: int) -> None:
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        back = threading.Thread(target=_copy, args=(server, client), daemon=True)
        back.start()
        _copy(client, server)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
