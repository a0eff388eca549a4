"""The container engine: which one, and what it says when something cannot be done.

Which engine is the `docker` library's own choice: DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, else
the socket of this machine.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import docker
from docker.errors import APIError, DockerException
from requests.exceptions import ConnectionError as Unconnected
from requests.exceptions import RequestException

from servers.running import one_line

LABEL = "tls-matrix"
DEFAULT_SOCKET = "unix:///var/run/docker.sock"
_DISK_FULL = "no space left on device"  # as the engine says it: the error of a write in Go


class EngineError(Exception):
    """The engine cannot be used, or refuses; the message is one line, with what to do where that helps."""


@contextmanager
def engine() -> Iterator[docker.DockerClient]:
    """A client of the engine, which has answered; raises EngineError."""
    where = os.environ.get("DOCKER_HOST") or DEFAULT_SOCKET
    try:
        _try_socket(where)
        client = docker.from_env()
    except (DockerException, RequestException, OSError) as error:
        raise EngineError(f"no container engine answers at {where}: {_mend(error)}") from error
    try:
        yield client
    finally:
        client.close()


def _try_socket(where: str) -> None:
    """Connect to a socket in the file system; OSError says better than the library what is wrong with it."""
    scheme, _, path = where.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)


def _mend(error: Exception) -> str:
    match error:
        case PermissionError():
            return "permission denied; run as a user who may use it (on Debian: a member of the group docker)"
        case FileNotFoundError():
            return "there is no such socket; start the engine, or name another with DOCKER_HOST"
    text = str(error)
    if isinstance(error, ConnectionRefusedError) or "Connection refused" in text:
        return "connection refused; start the engine, or name another with DOCKER_HOST"
    if "paramiko" in text:
        forward = "ssh -L SOCKET:/var/run/docker.sock HOST"
        return (
            f"ssh is not spoken here; forward its socket ({forward}) and name that: DOCKER_HOST=unix://SOCKET"
        )
    return f"{one_line(text)}; start it, or name another with DOCKER_HOST"


def in_words(text: str) -> str:
    """The engine's own words in one line, with what to do when its disk is full."""
    advice = "; make room where the engine keeps its data (docker system df)" if _DISK_FULL in text else ""
    return one_line(text) + advice


def said(error: Exception) -> str:
    """What the engine says of something that failed, in one line."""
    match error:
        case APIError():
            return in_words(str(error.explanation or error))
        case Unconnected():
            return "the engine no longer answers"
        case _:
            return one_line(str(error) or type(error).__name__)
