"""The way to the relay in a container, wherever the engine is.

The relay's port is published on the loopback of the engine's machine. Where that is not this one, the engine
carries the bytes itself: a small program in the container joins them to the relay (`exec` in the engine's
API), which is slower and needs nothing but the engine's own connection.
"""

import socket
import threading
from contextlib import closing, suppress

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from servers.containers.attached import Attached
from servers.containers.carrying import FrameStream
from servers.containers.entry import LOOPBACK, RELAY_PORT
from servers.containers.frames import Bound

CONNECT_SECONDS = 2.0
PIPE = ["python3", "-m", "servers.containers.pipe"]

_CHUNK = 1 << 16


class Way:
    """Calling it gives a new connection to the relay of a container; OSError when there is no way."""

    def __init__(self, client: docker.DockerClient, container: str) -> None:
        self._api = client.api
        self._container = container
        self._finding = threading.Lock()
        self._published: int | None = None
        self._is_found = False

    def __call__(self) -> socket.socket:
        """Connect."""
        with self._finding:
            if not self._is_found:
                self._published = self._find()
                self._is_found = True
        try:
            return self._through_engine() if self._published is None else _connect(self._published)
        except (DockerException, RequestException) as error:
            raise OSError(str(error)) from error

    def _find(self) -> int | None:
        """The published port, if it is the relay that speaks there."""
        with suppress(DockerException, RequestException, OSError, KeyError, IndexError):
            ports = self._api.inspect_container(self._container)["NetworkSettings"]["Ports"]
            port = int(ports[f"{RELAY_PORT}/tcp"][0]["HostPort"])
            with _connect(port) as connection:
                connection.settimeout(CONNECT_SECONDS)
                return port if isinstance(FrameStream(connection).receive_one(), Bound) else None
        return None

    def _through_engine(self) -> socket.socket:
        pipe = self._api.exec_create(self._container, PIPE, stdin=True, stdout=True, stderr=False)
        attached = Attached(self._api.exec_start(pipe["Id"], socket=True))
        here, there = socket.socketpair()
        for work in (_send_on, _hand_over):
            threading.Thread(target=work, args=(there, attached), daemon=True).start()
        return here


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection((LOOPBACK, port), CONNECT_SECONDS)
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _send_on(there: socket.socket, attached: Attached) -> None:
    with suppress(OSError):
        while received := there.recv(_CHUNK):
            attached.connection.sendall(received)
        attached.end_input()


def _hand_over(there: socket.socket, attached: Attached) -> None:
    with closing(attached), there, suppress(OSError):
        for _, received in attached.output():
            there.sendall(received)
