"""One connection to the runner: the handshake, what the test's flags want of it, an echo, the end.

The shim is the TCP client in both roles. What it is sent it sends back with every bit turned over.
"""

import os
import socket
from contextlib import suppress
from dataclasses import dataclass, field

from handshake.client.connection import ClientConnection
from handshake.connection import Connection
from handshake.events import ApplicationData, Event
from handshake.server import ServerConnection
from handshake.session import Session, SessionCache
from handshake.wire.registry import AlertDescription, AlertLevel
from tests.bogo import client_role, roles, server_role
from tests.bogo.expectations import check_end, check_handshake
from tests.bogo.exporter import exported
from tests.bogo.flags import Flags, Unimplemented

DEADLINE_SECONDS = 6.0
_READ_SIZE = 1 << 16
# Without one of 0 bytes, for which the runner's own shim writes no record.
_RECORD_SIZES = (1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769)


class Failed(Exception):
    """The connection did not go as a test's success would have it; the message says how."""


@dataclass(slots=True)
class Sessions:
    """What a test's connections leave each other: the client's session, the server's store."""

    client: Session | None = None
    server: SessionCache = field(default_factory=SessionCache)
    now: float = 0.0


def run_test(initial: Flags, resumed: Flags) -> None:
    """Make a test's connections one after the other. Raises Failed, OSError, and Unimplemented."""
    sessions = Sessions()
    for number in range(initial.resume_count + 1):
        flags = initial if number == 0 else resumed
        sessions.now += flags.resumption_delay
        Exchange(flags, sessions, is_resumption=number > 0).run()


def make_connection(flags: Flags, sessions: Sessions, *, is_resumption: bool) -> Connection:
    """The engine's end, as the flags describe it. Raises Unimplemented."""
    if flags.expect_early_data_reason not in ("", "disabled"):
        raise Unimplemented("-expect-early-data-reason")
    if flags.renegotiate_freely and flags.expect_ocsp_response:
        raise Unimplemented("what came before a renegotiation that follows at once is not kept")
    if flags.reverify_on_resume and is_resumption and flags.verify_fail:
        raise Unimplemented("the engine verifies nothing of a session")
    if flags.shim_shuts_down and flags.check_close_notify:
        raise Unimplemented("the engine reads nothing behind its own close_notify")
    if flags.server:
        connection: Connection = ServerConnection(
            server_role.server_configuration(flags), entropy=os.urandom, sessions=sessions.server
        )
    else:
        session = sessions.client if is_resumption else None
        if session is not None and session.version not in roles.versions(flags):
            session = None
        connection = ClientConnection(
            client_role.hello_template(flags),
            server_name=flags.host_name or None,
            limits=client_role.client_limits(flags),
            policy=client_role.client_policy(flags),
            entropy=os.urandom,
            session=session,
            credentials=roles.credentials(flags),
        )
        connection.start(sessions.now)
    if flags.max_send_fragment:
        connection.records.max_plaintext = flags.max_send_fragment
    return connection


class Exchange:
    """One connection over a socket."""

    def __init__(self, flags: Flags, sessions: Sessions, *, is_resumption: bool) -> None:
        self._flags = flags
        self._sessions = sessions
        self._is_resumption = is_resumption
        self._connection = make_connection(flags, sessions, is_resumption=is_resumption)
        self._events: list[Event] = []
        self._to_echo = b""

    def run(self) -> None:
        """Connect, and do what the flags say. Raises Failed, OSError."""
        host = "::1" if self._flags.ipv6 else "127.0.0.1"
        with socket.create_connection((host, self._flags.port), timeout=DEADLINE_SECONDS) as sock:
            sock.sendall(self._flags.shim_id.to_bytes(8, "little"))
            try:
                self._exchange(sock)
            finally:
                self._end(sock)
        if isinstance(self._connection, ClientConnection):
            self._sessions.client = self._connection.session_by_ticket or self._connection.session_by_id

    def _exchange(self, sock: socket.socket) -> None:
        connection, flags, now = self._connection, self._flags, self._sessions.now
        sock.sendall(connection.data_to_send())
        while not connection.is_connected:
            self._receive(sock)
            if connection.is_ended and not connection.is_connected:
                raise Failed(f"no handshake: {self._events[-1]}")
        problem = check_handshake(flags, connection, self._events, is_resumption=self._is_resumption)
        if problem:
            raise Failed(problem)
        material = exported(flags, connection)
        if material:
            connection.send_application_data(material, now)
        if flags.send_alert:
            connection.send_alert(AlertLevel.FATAL, AlertDescription.DECOMPRESSION_FAILURE)
            return
        if flags.write_different_record_sizes:
            for size in _RECORD_SIZES:
                connection.send_application_data(b"\x42" * size, now)
        elif flags.shim_writes_first:
            connection.send_application_data(flags.shim_initial_write.encode("latin-1"), now)
        if flags.shim_shuts_down:
            connection.close(now)
            return
        while not connection.is_ended:
            self._echo()
            sock.sendall(connection.data_to_send())
            self._receive(sock)
        if flags.expect_msg_callback and connection.transcript.left_out is not None:
            raise Unimplemented("a transcript this long has lost its middle")
        problem = check_end(flags, self._events, connection.transcript)
        if problem:
            raise Failed(problem)

    def _receive(self, sock: socket.socket) -> None:
        data = sock.recv(_READ_SIZE)
        if data:
            self._connection.receive_data(data, self._sessions.now)
        else:
            self._connection.receive_end_of_stream(self._sessions.now)
        while (event := self._connection.next_event()) is not None:
            self._events.append(event)
            if isinstance(event, ApplicationData):
                self._to_echo += event.data
        sock.sendall(self._connection.data_to_send())

    def _echo(self) -> None:
        if self._to_echo:
            turned = bytes(byte ^ 0xFF for byte in self._to_echo)
            self._connection.send_application_data(turned, self._sessions.now)
            self._to_echo = b""

    def _end(self, sock: socket.socket) -> None:
        """Send what is left, and read until the runner is done, so that it gets the last alert."""
        with suppress(OSError):
            sock.sendall(self._connection.data_to_send())
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(_READ_SIZE):
                pass
