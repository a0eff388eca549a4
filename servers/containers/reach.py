"""The way to the relay in a container, wherever the engine is.

The relay listens on a socket in the file system, in a folder of this machine that the container has too.
Where the engine is on another machine, it carries the bytes itself: a small program in the container joins
them to the relay (`exec` in the engine's API), which is slower and needs nothing but the engine's own
connection.
"""

import socket
import threading
from contextlib import closing, suppress
from pathlib import Path

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from servers.containers.attached import Attached
from servers.containers.carrying import FrameStream
from servers.containers.entry import RELAY_NAME
from servers.containers.frames import Bound

CONNECT_SECONDS = 2.0
PIPE = ["python3", "-m", "servers.containers.pipe"]

_CHUNK = 1 << 16


class Way:
    """Calling it gives a new connection to the relay of a container; OSError when there is no way.

    `folder` is the one that the container has too, None where there is none.
    """

    def __init__(self, client: docker.DockerClient, container: str, folder: Path | None) -> None:
        self._api = client.api
        self._container = container
        self._finding = threading.Lock()
        self._socket = None if folder is None else folder / RELAY_NAME
        self._is_tried = False

    def __call__(self) -> socket.socket:
        """Connect."""
        with self._finding:
            if not self._is_tried:
                self._is_tried = True
                if not self._answers():
                    self._socket = None
        try:
            return self._through_engine() if self._socket is None else _connect(self._socket)
        except (DockerException, RequestException) as error:
            raise OSError(str(error)) from error

    def _answers(self) -> bool:
        """Whether it is the relay that speaks on the socket."""
        with suppress(OSError):
            if self._socket is not None:
                with _connect(self._socket) as connection:
                    connection.settimeout(CONNECT_SECONDS)
                    return isinstance(FrameStream(connection).receive_one(), Bound)
        return False

    def _through_engine(self) -> socket.socket:
        pipe = self._api.exec_create(self._container, PIPE, stdin=True, stdout=True, stderr=False)
        attached = Attached(self._api.exec_start(pipe["Id"], socket=True))
        here, there = socket.socketpair()
        for work in (_send_on, _hand_over):
            threading.Thread(target=work, args=(there, attached), daemon=True).start()
        return here


def _connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(CONNECT_SECONDS)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    connection.settimeout(None)
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
