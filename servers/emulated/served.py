"""One connection to an emulated server without a socket: bytes in, bytes out.

The engine decides what is said; here are the words before TLS, the HTTP requests and their answers, and what
the server saw. `host` puts it on a socket; what needs no socket plays against it as it is.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress

from handshake.clear_text import Framing
from handshake.errors import LocalError
from handshake.events import (
    AlertReceived,
    AlertSent,
    ApplicationData,
    Event,
    HandshakeCompleted,
    PeerClosed,
    PeerFaulted,
)
from handshake.server import Ending, ServerConnection
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.registry import AlertLevel, alert_name, version_name
from servers import contract
from servers.emulated.server import EmulatedServer
from servers.emulated.starttls.dialogue import Broken, Dialogue, Words
from servers.http import OK, http_response, split_head, wants_keep_alive, wants_renegotiation
from servers.http2 import begins_http2, http2_answer

MAX_REQUEST_BYTES = 1 << 16
DEPARTED = "departed from the RFCs: "
NOT_DEPARTED = "has not departed from the RFCs: the client gave no occasion"
"""How the log of a connection tells whether a departure has shown; the names of those that have follow."""
PEER_SENT = "the peer sent "
"""How the reason begins where a fatal alert of the peer's has ended a connection; its name follows."""


def departed(log: str | None) -> tuple[str, ...] | None:
    """The departures that have shown on a connection, by its log; None where the log does not tell."""
    line = (log or "").partition("\n")[0]
    if line.startswith(DEPARTED):
        return tuple(line.removeprefix(DEPARTED).split())
    return () if line == NOT_DEPARTED else None


class ServedConnection:
    """One connection of an emulated server. `is_over` once nothing that the peer sends matters any more: the
    transport then ends as `ending` says. `reason` is why it ended, None while nothing has gone wrong.
    """

    def __init__(self, server: EmulatedServer, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._server = server
        self._tls = ServerConnection(
            server.configuration, entropy=entropy, sessions=server.sessions, clock=time.time
        )
        protocol = server.protocol
        self._prelude = None if protocol is None else Dialogue(protocol.prelude, server.settings)
        self._service: Dialogue | None = None
        self._framing = Framing() if protocol is None else protocol.framing()
        self._outgoing = b"" if self._prelude is None else self._prelude.data_to_send()
        self._request = b""
        self._waiting: list[bytes] = []
        self._alert_sent: str | None = None
        self.reason: str | None = None
        self.is_over = False

    @property
    def ending(self) -> Ending:
        """How the transport is to end."""
        return self._tls.ending

    def data_to_send(self) -> bytes:
        """Fetch what is queued for the transport, once."""
        data, self._outgoing = self._outgoing, b""
        return data

    def receive(self, data: bytes, now: float) -> None:
        """Let the engine read, and answer the requests that have come; `now` is in seconds."""
        if self._prelude is not None and not self._prelude.is_over:
            data = self._begin_tls(data)
        if not (data := self._framing.unwrap(data)):
            return
        self._tls.receive_data(data, now)
        self._take_events()
        self._answer_requests(now)
        self._frame()
        if self._tls.is_ended:
            self._end()

    def receive_end_of_stream(self, now: float) -> None:
        """The peer has ended its side."""
        self._tls.receive_end_of_stream(now)
        self._take_events()

    def seen(self, peer_port: int) -> contract.Connection:
        """The connection as this server saw it."""
        return contract.Connection(
            self._server.id,
            peer_port,
            self._version(),
            self._cipher_suite(),
            self._alert_sent,
            self.reason,
            self._log(),
        )

    def _begin_tls(self, data: bytes) -> bytes:
        """Go on with the words before TLS; what has come of TLS already."""
        assert self._prelude is not None, "the caller has looked"
        try:
            self._prelude.receive(data)
        except Broken as mistake:
            self.reason = f"before TLS: {mistake}"
            self.is_over = True
        self._outgoing += self._prelude.data_to_send()
        return self._prelude.rest() if self._prelude.is_over else b""

    def _frame(self) -> None:
        self._outgoing += self._framing.wrap(self._tls.data_to_send())

    def _take_events(self) -> None:
        while (event := self._tls.next_event()) is not None:
            self._take_event(event)

    def _take_event(self, event: Event) -> None:
        match event:
            case ApplicationData(data):
                self._request += data
            case AlertSent(level, description):
                if level == AlertLevel.FATAL:
                    self._alert_sent = alert_name(description)
            case AlertReceived(_, description, is_fatal):
                if is_fatal:
                    self.reason = f"{PEER_SENT}{alert_name(description)}"
            case PeerFaulted(_, detail):
                self.reason = detail
            case PeerClosed() if not self._tls.is_connected:
                self.reason = self.reason or "the peer closed the connection during the handshake"
            case HandshakeCompleted():
                self._frame()  # what there is to send is the last of the handshake
                self._framing.end()
            case PeerClosed():
                pass

    def _answer_requests(self, now: float) -> None:
        """Answer what is there, unless a renegotiation or a certificate the server has asked for comes
        first.
        """
        if self._server.protocol is not None and self._server.protocol.service is not None:
            self._serve(self._server.protocol.service, now)
            return
        answer = None if self._server.protocol is None else self._server.protocol.answer
        if answer is not None:
            if self._request and not self._tls.is_ended:
                self._tls.send_application_data(answer(self._request), now)
            self._request = b""
            return
        if begins_http2(self._request):
            self._answer_http2(now)
            return
        while (found := split_head(self._request)) or len(self._request) > MAX_REQUEST_BYTES:
            head, self._request = found or (self._request, b"")
            self._waiting.append(head)
            if wants_renegotiation(head):
                self._ask_again(now)
        answers_at_once = self._server.configuration.renegotiation.answers_at_once
        is_busy = (self._tls.is_renegotiating and not answers_at_once) or self._tls.awaits_certificate
        is_held = is_busy and len(self._waiting) == 1
        while self._waiting and not is_held:
            self._answer(self._waiting.pop(0), now)

    def _serve(self, service: Callable[[Dialogue], Words], now: float) -> None:
        """Go on with the conversation inside TLS, and close after it."""
        if not self._request or self._tls.is_ended:
            return
        self._service = self._service or Dialogue(service, self._server.settings)
        data, self._request = self._request, b""
        try:
            self._service.receive(data)
        except Broken as mistake:
            self.reason = str(mistake)
        if said := self._service.data_to_send():
            self._tls.send_application_data(said, now)
        if self._service.is_over or self.reason is not None:
            self._tls.close(now)
            self._take_events()
            self.is_over = True

    def _answer_http2(self, now: float) -> None:
        answer = http2_answer(self._request, self._text())
        if (answer is not None or len(self._request) > MAX_REQUEST_BYTES) and not self._tls.is_ended:
            self._request = b""
            self._tls.send_application_data(answer or b"", now)
            self._tls.close(now)
            self._take_events()

    def _ask_again(self, now: float) -> None:
        """Ask for a renegotiation, in TLS 1.3 for a certificate; for nothing where that cannot be."""
        with suppress(LocalError):
            if self._tls.is_tls13:
                self._tls.request_certificate(now)
            else:
                self._tls.request_renegotiation(now)

    def _answer(self, request: bytes, now: float) -> None:
        """Answer in two writes, head and body, as servers do; the second shows how records are split."""
        if self._tls.is_ended:
            return
        keeps_alive = wants_keep_alive(request)
        status = self._tls.refusing_status
        head, body = http_response(self._text(), keeps_alive=keeps_alive, status=status or OK)
        self._tls.send_application_data(head, now)
        self._tls.send_application_data(body, now)
        if not keeps_alive:
            self._tls.close(now)
        self._take_events()

    def _text(self) -> str:
        return f"{self._server.id}: {self._version()} {self._cipher_suite()}"

    def _end(self) -> None:
        """The engine has ended the connection, for an intolerance or for a reason that is known."""
        self.is_over = True
        if self._tls.triggered is None:
            return
        trigger = f"the hello has {self._tls.triggered}"
        match self._tls.ending:
            case Ending.RESET:
                self.reason = f"{trigger}: reset"
            case Ending.HANG:
                self.reason = f"{trigger}: no answer"
            case Ending.FIN:
                self.reason = self.reason or trigger

    def _version(self) -> str | None:
        """What was chosen, if a hello was answered at all."""
        version = self._tls.established.version
        return version_name(version) if version else None

    def _cipher_suite(self) -> str | None:
        parameters = self._tls.established.parameters
        return cipher_suite_name(parameters.cipher_suite) if parameters else None

    def _log(self) -> str | None:
        """Which departures have shown, then the key log, with which the client's answer to them can be read;
        None of a server that has none.
        """
        if not self._server.configuration.departures:
            return None
        shown = " ".join(sorted(self._tls.shown))
        return "\n".join((f"{DEPARTED}{shown}" if shown else NOT_DEPARTED, *self._tls.key_log))
