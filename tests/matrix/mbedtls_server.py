"""A program, not a test: mbedTLS as a server, as `python mbedtls_server.py FOLDER OF THE STACK`, with the PEM
of a key and a certificate, one behind the other, on standard input. It prints its port and answers every
request, one connection after the other, until it is ended.
"""

import socket
import sys
from contextlib import suppress

sys.path.insert(0, sys.argv[1])

from mbedtls import pk, x509  # type: ignore[import-not-found]
from mbedtls.exceptions import TLSError  # type: ignore[import-not-found]
from mbedtls.tls import (  # type: ignore[import-not-found]
    ServerContext,
    TLSConfiguration,
    TLSWrappedSocket,
)

ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"


def main() -> None:
    key, certificate = sys.stdin.read().split("-----BEGIN CERTIFICATE-----")
    chain = [x509.CRT.from_PEM("-----BEGIN CERTIFICATE-----" + certificate)]
    context = ServerContext(
        TLSConfiguration(certificate_chain=(chain, pk.RSA.from_PEM(key)), validate_certificates=False)
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            connection.settimeout(5)
            with connection, suppress(TLSError, OSError):
                tls = TLSWrappedSocket(connection, context.wrap_buffers())
                tls.do_handshake()
                tls.recv(4096)
                tls.sendall(ANSWER)


if __name__ == "__main__":
    main()
