"""mbedTLS as a client, as it is by default: TLS 1.0 to 1.2. Certificates are not verified.

    python mbedtls_client.py FOLDER OF THE STACK

python-mbedtls keeps back the alert of a handshake that fails, waits without end for a server that has closed,
and loses an answer that arrives together with a close_notify (2.10.1; measured). So this driver sends what is
left in the library's buffer, and `Plain` gives it one record after the other and tells the end.
"""

import os
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))
sys.path.insert(0, sys.argv[1])

from mbedtls.exceptions import TLSError  # type: ignore[import-not-found]
from mbedtls.tls import (  # type: ignore[import-not-found]
    ClientContext,
    TLSConfiguration,
    TLSWrappedSocket,
)

from clients.genuine.drivers.loop import Says, Told, serve

MAX_RECORD = 16_384 + 2048
HEADER_SIZE = 5
LENGTH = slice(3, 5)
"""Where the length of a record stands in its header."""


class Plain(socket.socket):
    """A connection received record by record (RFC 5246 section 6.2.1), whose end is an EOFError."""

    def recv(self, _size: int, _flags: int = 0) -> bytes:
        """Receive one record; less of it where the server has closed."""
        header = self._whole(HEADER_SIZE)
        if header:
            return header + self._whole(int.from_bytes(header[LENGTH]))
        raise EOFError("the server has closed")

    def _whole(self, size: int) -> bytes:
        received = b""
        while len(received) < size and (part := super().recv(size - len(received))):
            received += part
        return received


def visit(told: Told, says: Says) -> None:
    """One connection."""
    buffer = ClientContext(TLSConfiguration(validate_certificates=False)).wrap_buffers(told.server_name)
    with told.connect() as connection, Plain(fileno=os.dup(connection.fileno())) as plain:
        plain.settimeout(told.seconds)
        tls = TLSWrappedSocket(plain, buffer)
        try:
            tls.do_handshake()
            says.words += f"{tls.negotiated_tls_version().name} {tls.cipher()}\n"
            tls.sendall(told.request_bytes)
            while True:
                says.take(tls.recv(MAX_RECORD))
        except EOFError as error:
            says.words += f"{error}\n"
            buffer.shutdown()
        except TLSError as error:
            says.words += f"{error}\n"
            says.works = bool(says.answer)
        finally:
            plain.sendall(buffer.peek_outgoing(MAX_RECORD))


if __name__ == "__main__":
    serve(visit)
