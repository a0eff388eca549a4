"""The way clients take into a container: a port of this machine for each server in it.

A client connects to a port here as it would to the server. Its connection goes on as frames, through the
container's relay, so that the server sees it as if the client were beside it: bytes, end and reset as they
come, only from another port. Which port that is the relay says before it connects, so what the server says of
the connection can always be told in the client's terms.
"""

import socket
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import replace

from servers import contract
from servers.containers.carrying import FrameStream, carry
from servers.containers.frames import Bound, Connect
from servers.listener import Listener, reset_on_close

LOOPBACK = "127.0.0.1"


class Gateway:
    """The ports of one container's servers; `reach` gives a new connection to its relay, or OSError."""

    def __init__(self, reach: Callable[[], socket.socket]) -> None:
        self._reach = reach
        self._client_ports: dict[int, int] = {}  # by the port that the server sees
        self._listening = ExitStack()

    def translate(self, event: contract.Event) -> contract.Event:
        """The same event with the ports that clients know; a server that is ready gets one."""
        match event:
            case contract.Ready(port=port):
                return replace(event, port=self._open(port))
            case contract.Connection(peer_port=port):
                return replace(event, peer_port=self._client_ports.get(port, port))
        return event

    def close(self) -> None:
        """Listen no more."""
        self._listening.close()

    def _open(self, server_port: int) -> int:
        def let_through(client: socket.socket, client_port: int) -> None:
            self._let_through(client, client_port, server_port)

        return self._listening.enter_context(Listener(LOOPBACK, 0, let_through)).port

    def _let_through(self, client: socket.socket, client_port: int, server_port: int) -> None:
        with suppress(OSError), closing(FrameStream(self._reach())) as frames:
            match frames.receive_one():
                case Bound(port):
                    self._client_ports[port] = client_port
                    frames.send(Connect(server_port))
                    carry(client, frames)
                    return
        reset_on_close(client)
