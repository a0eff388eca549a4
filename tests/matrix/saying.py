"""A server that says one thing, or nothing, whatever it is told."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from clients.destination import Destination


@contextmanager
def answering(said: bytes | None) -> Iterator[Destination]:
    """A server that says this to whoever connects, whatever it is told, and closes; None: it says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    held.append(connection)
                    if said is not None:
                        with connection, suppress(OSError):
                            connection.recv(65536)
                            connection.sendall(said)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield Destination("127.0.0.1", listener.getsockname()[1], "server.example.test")
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for each in held:
                each.close()
