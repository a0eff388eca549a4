"""One server program in a container: what is written to it, what it says, and its end.

Its standard streams are attached before it starts, and attached once: when this process dies the engine
closes the program's standard input, the program ends, and the engine removes the container. So a container
needs no more watching than a process does.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import docker
from docker.errors import APIError, DockerException
from docker.types import Mount
from requests.exceptions import RequestException

from servers import contract
from servers.containers.attached import STDERR, Attached
from servers.containers.entry import MEMORY, RELAY_FOLDER
from servers.containers.gateway import Gateway
from servers.containers.reach import Way
from servers.running import MAX_LINE_BYTES, ProgramEvents

STOP_SECONDS = 2.0
NOBODY = "65534:65534"
PROCESSES_AND_THREADS = (
    2048  # for each of 400 connections a thread in the server, one behind it, one in the relay
)

IPV6_OFF = "net.ipv6.conf.all.disable_ipv6"

_ATTACHED = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}


class ProgramContainer:
    """A container and the servers in it; DockerException or RequestException when it cannot be started.

    `folder` is for the socket of its relay, None where there is no such folder.
    """

    def __init__(
        self,
        client: docker.DockerClient,
        image: str,
        name: str,
        program: str,
        labels: Mapping[str, str],
        memory: int,
        needs_ipv6: bool,
        folder: Path | None,
        configurations: Sequence[contract.Configuration],
    ) -> None:
        self._api = client.api
        try:
            self._id = _create(client, image, name, labels, memory, needs_ipv6, folder)
        except APIError:
            if folder is None:
                raise
            folder = None  # an engine that does not see this machine's folders is on another one
            self._id = _create(client, image, name, labels, memory, needs_ipv6, folder)
        self.gateway = Gateway(Way(client, self._id, folder))
        self.events = ProgramEvents(f"{program} in its container", configurations, self.gateway.translate)
        self._ended = threading.Event()
        self._status: int | None = None
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        try:
            self._stream = Attached(self._api.attach_socket(self._id, params=_ATTACHED))
            self._watcher.start()
            self._api.start(self._id)
        except (DockerException, RequestException):
            with suppress(DockerException, RequestException):
                self._api.remove_container(self._id, force=True, v=True)
            raise
        lines = [configuration.to_line() for configuration in configurations]
        self._writer = threading.Thread(target=self._write, args=(lines,), daemon=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._writer.start()
        self._reader.start()

    def ask_to_stop(self) -> None:
        """End the program's standard input, which it takes as the order to stop."""
        self.gateway.close()
        with suppress(OSError):
            self._stream.end_input()

    def stop(self, deadline: float) -> None:
        """Wait until the container is gone until the deadline (monotonic clock), then kill it."""
        if not self._ended.wait(max(0.0, deadline - time.monotonic())):
            with suppress(DockerException, RequestException):
                self._api.kill(self._id)
            self._ended.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        self._stream.close()
        self._reader.join(STOP_SECONDS)

    def _watch(self) -> None:
        with suppress(DockerException, RequestException):
            self._status = self._api.wait(self._id, timeout=None, condition="removed")["StatusCode"]
        self._ended.set()

    def _write(self, lines: Sequence[bytes]) -> None:
        with suppress(OSError):
            for line in lines:
                self._stream.connection.sendall(line)

    def _read(self) -> None:
        standard, error = Lines(), Lines()
        with suppress(OSError):
            for kind, received in self._stream.output():
                if kind == STDERR:
                    for line in error.feed(received):
                        self.events.take_error_line(line)
                else:
                    for line in standard.feed(received):
                        self.events.take_line(line)
        for line in error.rest():
            self.events.take_error_line(line)
        self.gateway.close()  # first: who hears of the end finds nothing that listens
        self.events.take_end(self._reason_for_end())

    def _reason_for_end(self) -> str:
        if not self._ended.wait(STOP_SECONDS):
            return "closed its streams"
        if self._status is None:
            return "is lost: the engine no longer answers"
        return self.events.with_last_words(f"ended with exit status {self._status}")


class Lines:
    """Cuts what arrives into lines; one that is too long comes in pieces."""

    def __init__(self) -> None:
        self._unfinished = b""

    def feed(self, received: bytes) -> list[bytes]:
        """Every line that is complete now."""
        *lines, self._unfinished = (self._unfinished + received).split(b"\n")
        if len(self._unfinished) > MAX_LINE_BYTES:
            lines.append(self._unfinished)
            self._unfinished = b""
        return lines

    def rest(self) -> list[bytes]:
        """The last line, where its end is missing."""
        return [self._unfinished] if self._unfinished else []


def _create(
    client: docker.DockerClient,
    image: str,
    name: str,
    labels: Mapping[str, str],
    memory: int,
    needs_ipv6: bool,
    folder: Path | None,
) -> str:
    limit = f"{memory}m"
    host_config = client.api.create_host_config(
        auto_remove=True,
        init=True,
        read_only=True,
        # Without a network that has IPv6 the engine takes ::1 from the container.
        sysctls={IPV6_OFF: "0"} if needs_ipv6 else {},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        tmpfs={MEMORY: "rw,nosuid,nodev,size=64m"},
        mem_limit=limit,
        memswap_limit=limit,
        pids_limit=PROCESSES_AND_THREADS,
        network_mode="none",
        mounts=[] if folder is None else [Mount(RELAY_FOLDER, str(folder), type="bind")],
    )
    # Not detached, with an open standard input: so the library sets StdinOnce.
    created = client.api.create_container(
        image,
        name=name,
        stdin_open=True,
        detach=False,
        user=NOBODY,
        labels=dict(labels),
        host_config=host_config,
    )
    identity: str = created["Id"]
    return identity
