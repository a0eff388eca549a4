"""OpenSSL 1.1.1 and later, the library inside a `cryptography` package, as a client of pyOpenSSL 19 to 26.

    python pyopenssl_client.py [FOLDER OF THE STACK]

A context as the library makes it, certificates not verified. OpenSSL tells its alerts itself, and from
pyOpenSSL 20 on its secrets, too.
"""

import socket
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))
if len(sys.argv) > 1:
    sys.path.insert(0, sys.argv[1])

from OpenSSL import SSL

from clients.genuine.drivers.loop import Says, Told, serve

CLOSE_NOTIFY = 0


def _context(says: list[Says]) -> SSL.Context:
    context = SSL.Context(SSL.SSLv23_METHOD)  # every version there is; the name that every pyOpenSSL knows

    def note_alert(_: SSL.Connection, where: int, value: int) -> None:
        alert = value & 0xFF
        if where == SSL.SSL_CB_WRITE_ALERT and alert != CLOSE_NOTIFY:
            says[-1].alert_sent = alert
        if where == SSL.SSL_CB_READ_ALERT and alert != CLOSE_NOTIFY:
            says[-1].alert_received = alert

    context.set_info_callback(note_alert)
    if hasattr(context, "set_keylog_callback"):
        context.set_keylog_callback(lambda _, line: says[-1].key_log.append(line.decode("ascii")))
    return context


_PRESENT: list[Says] = []
_CONTEXT = _context(_PRESENT)


def visit(told: Told, says: Says) -> None:
    """One connection."""
    _PRESENT[:] = [says]
    with told.connect() as plain:
        plain.settimeout(None)  # pyOpenSSL takes a blocking socket; the kernel ends its waits
        wait = struct.pack("ll", int(told.seconds), int(told.seconds % 1 * 1e6))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            plain.setsockopt(socket.SOL_SOCKET, option, wait)
        tls = SSL.Connection(_CONTEXT, plain)
        tls.set_connect_state()
        if told.server_name:
            tls.set_tlsext_host_name(told.server_name.encode("ascii"))
        try:
            tls.do_handshake()
            says.words += f"{tls.get_protocol_version_name()} {tls.get_cipher_name()}\n"
            tls.sendall(told.request_bytes)
            while data := tls.recv(16_384):
                says.take(data)
        except SSL.ZeroReturnError:
            tls.shutdown()
        except SSL.Error as error:
            queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
            words = "; ".join(entry[2] for entry in queue)
            says.words += f"{type(error).__name__}: {words or error.args}\n"
            says.works = bool(says.answer)


if __name__ == "__main__":
    serve(visit)
