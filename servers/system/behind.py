"""What stands behind a program that carries TLS to another server: a server in the clear, in this process."""

import socket

from servers.http import http_response, wants_keep_alive
from servers.listener import CONNECTION_TIMEOUT_SECONDS, Listener, linger, read_request, set_timeout

HOST = "127.0.0.1"


def http_behind(name: str) -> Listener:
    """A server that answers any request with the program's name; it listens once it is entered."""

    def answer(connection: socket.socket, _: int) -> None:
        set_timeout(connection, CONNECTION_TIMEOUT_SECONDS)
        keeps_alive = True
        try:
            while keeps_alive and (request := read_request(connection.recv)):
                keeps_alive = wants_keep_alive(request)
                connection.sendall(b"".join(http_response(name, keeps_alive=keeps_alive)))
        except OSError:
            return
        linger(connection)

    return Listener(HOST, 0, answer)
