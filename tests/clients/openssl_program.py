"""A program, not a test: OpenSSL's library, as `python -m tests.clients.openssl_program LEVEL PORT HOST`.

LEVEL is a fetched stack's, or 4.0.3 for the library in this environment. It trusts any certificate, sends a
request, reads to the end, and leaves.
"""

import socket
import sys

from stacks.catalogue import put_on_path, stacks

REQUEST = b"GET / HTTP/1.0\r\n\r\n"


def main() -> None:
    level, port, host = sys.argv[1:4]
    stack = stacks().get(f"openssl-{level}")
    folder = None if stack is None else stack.folder()
    if folder is not None:
        put_on_path(folder)
    from OpenSSL import SSL  # loads the library

    print(SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode(), flush=True)
    context = SSL.Context(SSL.SSLv23_METHOD)  # every version there is; the name that every pyOpenSSL knows
    connection = SSL.Connection(context, socket.create_connection(("127.0.0.1", int(port))))
    connection.set_tlsext_host_name(host.encode())
    connection.set_connect_state()
    try:
        connection.do_handshake()
        connection.sendall(REQUEST)
        while connection.recv(4096):
            pass
    except SSL.Error as error:
        print(repr(error), flush=True)


if __name__ == "__main__":
    main()
