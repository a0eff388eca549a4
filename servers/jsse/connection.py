"""One connection with an SSLSocket: handshake, request and answer, as often as the client keeps it, and the
end.
"""

import re
from dataclasses import replace
from typing import Any

from handshake.wire.cipher_suites import cipher_suite_name, parse_cipher_suite
from servers.contract import Connection
from servers.http import http_response, wants_keep_alive, wants_renegotiation
from servers.listener import CONNECTION_TIMEOUT_SECONDS, read_request
from stacks.java import JavaMachine

TLS_1_3 = "TLSv1.3"
VERSION_NAMES = {"TLSv1": "TLSv1.0"}
WRITTEN_ALERT = re.compile(r"\|WRITE: \S+ alert\((\w+)\), length = \d+$", re.MULTILINE)
ORDERLY_ALERTS = ("close_notify", "user_canceled")


def serve_connection(machine: JavaMachine, socket: Any, seen: Connection, stack: str) -> Connection:
    """Serve a connection to its end and say what came of it."""
    try:
        socket.setTcpNoDelay(True)
        socket.setSoTimeout(int(CONNECTION_TIMEOUT_SECONDS * 1000))
        socket.startHandshake()
        seen = _with_session(seen, socket)
        keeps_alive = True
        while keeps_alive and (request := read_request(_receiver(machine, socket))):
            if wants_renegotiation(request) and seen.version != TLS_1_3:
                # Sends a HelloRequest and returns; JSSE goes through the handshake while it reads. In TLS 1.3
                # it would be a KeyUpdate.
                socket.startHandshake()
            seen = _with_session(seen, socket)
            keeps_alive = wants_keep_alive(request)
            text = f"{stack}: {seen.cipher_suite}"
            socket.getOutputStream().write(b"".join(http_response(text, keeps_alive=keeps_alive)))
        socket.close()
    except machine.Throwable as error:
        seen = replace(seen, reason=_reason(machine, error))
        _close(machine, socket)
    return seen


def with_log(seen: Connection, log: str) -> Connection:
    """Add what the JDK printed, and the alert it says it has sent where the connection failed.

    Another provider prints nothing: what alert it sends is not known.
    """
    alerts = [name for name in WRITTEN_ALERT.findall(log) if name not in ORDERLY_ALERTS]
    alert_sent = alerts[-1] if alerts and seen.reason is not None else None
    return replace(seen, alert_sent=alert_sent, log=log or None)


def _receiver(machine: JavaMachine, socket: Any) -> Any:
    stream = socket.getInputStream()

    def receive(size: int) -> bytes:
        content = machine.bytes(size)
        read = int(stream.read(content))
        return bytes(memoryview(content)[: max(read, 0)])

    return receive


def _with_session(seen: Connection, socket: Any) -> Connection:
    session = socket.getSession()
    version = str(session.getProtocol())
    suite = cipher_suite_name(parse_cipher_suite(str(session.getCipherSuite())))
    return replace(seen, version=VERSION_NAMES.get(version, version), cipher_suite=suite)


def _reason(machine: JavaMachine, error: Any) -> str:
    if isinstance(error, machine.find("java.net.SocketTimeoutException")):
        return "timeout"
    return f"{error.getClass().getSimpleName()}: {error.getMessage()}"


def _close(machine: JavaMachine, socket: Any) -> None:
    try:
        socket.close()
    except machine.Throwable:
        return  # what ended the connection is known already
