"""tlslite-ng at the level asked for: the one that is installed, or one of the stacks that are fetched.

A process has one level, because a library can be imported only once.
"""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from servers import contract
from servers.listener import Listener, linger
from stacks.catalogue import put_on_path, stacks


@contextmanager
def start(configuration: contract.Configuration) -> Iterator[contract.Event]:
    """Listen, if the library is the one that the level names."""
    stack = stacks().get(f"tlslite-{configuration.level}")
    if stack is not None and (folder := stack.folder()) is not None:
        put_on_path(folder)
    # Not before it is known which.
    import tlslite

    from servers.tlslite.connection import Credentials, make_handshake, serve_connection

    found = f"tlslite-ng {tlslite.__version__}"
    if tlslite.__version__ != configuration.level:
        yield contract.Failed(configuration.id, f"{found} is installed here, not {configuration.level}")
        return
    credentials = Credentials(configuration)
    handshake = make_handshake(configuration, credentials)

    def serve(connection: socket.socket, peer_port: int) -> None:
        contract.emit(serve_connection(handshake, configuration.id, connection, peer_port))
        linger(connection)

    with Listener(configuration.host, configuration.port, serve) as listener:
        yield contract.Ready(configuration.id, listener.port, found, configuration.certificate_sha256())


if __name__ == "__main__":
    sys.exit(contract.run(start))
