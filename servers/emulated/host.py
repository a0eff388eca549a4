"""All emulated servers of a run in one process: one event loop, a port for each server, nothing shared.

The engine decides what is said; this module moves the bytes, answers one HTTP request, ends a connection as
the engine asks (FIN, reset, silence) and reports what the server saw. The loop runs in a thread of its own,
so that standard input, whose end stops everything, is read in the main one. asyncio sets TCP_NODELAY on every
connection it accepts.
"""

import asyncio
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from handshake.clear_text import Framing
from handshake.crypto.credentials import Credential
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
from handshake.server import Ending, ServerConfiguration, ServerConnection
from handshake.session import SessionCache
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.registry import AlertLevel, alert_name, version_name
from servers import contract
from servers.emulated.emulation import EmulationError, read_emulation, server_configuration
from servers.emulated.starttls import PROTOCOLS, Protocol
from servers.emulated.starttls.dialogue import Broken, Dialogue
from servers.http import http_response, split_head, wants_keep_alive, wants_renegotiation
from servers.listener import reset_on_close

IDLE_SECONDS = 10.0
LINGER_SECONDS = 1.0
MAX_RECEIVED_BYTES = 1 << 18
"""From one connection in all: a large hello, a handshake and a request; a peer that sends more is cut off."""
MAX_REQUEST_BYTES = 1 << 16
MAX_CONNECTIONS = 500


@dataclass(frozen=True, slots=True)
class EmulatedServer:
    """One server: its variant's id, what it does, also before TLS, and the sessions it remembers."""

    id: str
    configuration: ServerConfiguration
    protocol: Protocol | None = None
    sessions: SessionCache = field(default_factory=SessionCache)


class Conversation(asyncio.Protocol):
    """One connection to an emulated server, from first byte to end; `others` are all that are open."""

    def __init__(self, server: EmulatedServer, others: "set[Conversation]") -> None:
        self._server = server
        self._others = others
        self._tls = ServerConnection(
            server.configuration, entropy=os.urandom, sessions=server.sessions, clock=time.time
        )
        self._loop = asyncio.get_running_loop()
        protocol = server.protocol
        self._prelude = None if protocol is None else Dialogue(protocol.prelude)
        self._framing = Framing() if protocol is None else protocol.framing()
        self._outgoing = b""
        self._request = b""
        self._waiting: list[bytes] = []
        self._received = 0
        self._peer_port = 0
        self._alert_sent: str | None = None
        self._reason: str | None = None
        self._is_over = False
        self._is_reported = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock; a connection too many is cut off."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._peer_port = transport.get_extra_info("peername")[1]
        self._last_activity = self._loop.time()
        self._timer = self._loop.call_later(IDLE_SECONDS, self._on_timer)
        self._others.add(self)
        if len(self._others) > MAX_CONNECTIONS:
            self._cut_off(f"more than {MAX_CONNECTIONS} connections at once")
        elif self._prelude is not None:
            transport.write(self._prelude.data_to_send())

    def data_received(self, data: bytes) -> None:
        """Let the engine read; after the end of the conversation, pass over what still comes."""
        self._received += len(data)
        if self._received > MAX_RECEIVED_BYTES:
            self._cut_off(f"the peer sent more than {MAX_RECEIVED_BYTES} bytes")
            return
        if self._is_over:
            return
        self._last_activity = now = self._loop.time()
        if self._prelude is not None and not self._prelude.is_over:
            data = self._begin_tls(data)
        if not (data := self._framing.unwrap(data)):
            return
        self._tls.receive_data(data, now)
        self._take_events()
        self._answer_requests(now)
        self._frame()
        data, self._outgoing = self._outgoing, b""
        self._transport.write(data)
        if self._tls.is_ended:
            self._end()

    def eof_received(self) -> None:
        """The peer has ended its side; asyncio then closes ours."""
        self._tls.receive_end_of_stream(self._loop.time())
        self._take_events()

    def connection_lost(self, error: Exception | None) -> None:
        """Whatever ended it: stop the clock and report, if that was not done."""
        self._timer.cancel()
        self._others.discard(self)
        if error is not None and self._reason is None:
            self._reason = f"connection lost: {error}"
        self._report()

    def _begin_tls(self, data: bytes) -> bytes:
        """Go on with the words before TLS; what has come of TLS already."""
        assert self._prelude is not None, "the caller has looked"
        try:
            self._prelude.receive(data)
        except Broken as mistake:
            self._reason = f"before TLS: {mistake}"
            self._is_over = True
            self._report()
        self._transport.write(self._prelude.data_to_send())
        if self._is_over:
            self._shut()
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
                    self._reason = f"the peer sent {alert_name(description)}"
            case PeerFaulted(_, detail):
                self._reason = detail
            case PeerClosed(close_notify) if not close_notify and not self._tls.is_connected:
                self._reason = self._reason or "the peer closed the connection during the handshake"
            case HandshakeCompleted():
                self._frame()  # what there is to send is the last of the handshake
                self._framing.end()
            case PeerClosed():
                pass

    def _answer_requests(self, now: float) -> None:
        """Answer what is there, unless a renegotiation the server has asked for comes first."""
        answer = None if self._server.protocol is None else self._server.protocol.answer
        if answer is not None:
            if self._request and not self._tls.is_ended:
                self._tls.send_application_data(answer(self._request), now)
            self._request = b""
            return
        while (found := split_head(self._request)) or len(self._request) > MAX_REQUEST_BYTES:
            head, self._request = found or (self._request, b"")
            self._waiting.append(head)
            if wants_renegotiation(head):
                with suppress(LocalError):  # in TLS 1.3, or during another: there is nothing to ask for
                    self._tls.request_renegotiation(now)
        answers_at_once = self._server.configuration.renegotiation.answers_at_once
        is_held = self._tls.is_renegotiating and not answers_at_once and len(self._waiting) == 1
        while self._waiting and not is_held:
            self._answer(self._waiting.pop(0), now)

    def _answer(self, request: bytes, now: float) -> None:
        """Answer in two writes, head and body, as servers do; the second shows how records are split."""
        if self._tls.is_ended:
            return
        keeps_alive = wants_keep_alive(request)
        head, body = http_response(
            f"{self._server.id}: {self._version()} {self._cipher_suite()}", keeps_alive=keeps_alive
        )
        self._tls.send_application_data(head, now)
        self._tls.send_application_data(body, now)
        if not keeps_alive:
            self._tls.close(now)
        self._take_events()

    def _end(self) -> None:
        """End as the engine says; after our FIN wait for the peer's, so that unread bytes cause no reset."""
        self._is_over = True
        match self._tls.ending:
            case Ending.RESET:
                self._reason = f"{self._intolerance()}: reset"
                self._reset()
            case Ending.HANG:
                self._reason = f"{self._intolerance()}: no answer"
            case Ending.FIN:
                if self._tls.triggered is not None and self._reason is None:
                    self._reason = self._intolerance()
                self._shut()
        self._report()

    def _shut(self) -> None:
        self._transport.write_eof()
        self._timer.cancel()
        self._timer = self._loop.call_later(LINGER_SECONDS, self._transport.abort)

    def _intolerance(self) -> str:
        return f"the hello has {self._tls.triggered}"

    def _cut_off(self, reason: str) -> None:
        self._reason = self._reason or reason
        self._report()
        self._reset()

    def _reset(self) -> None:
        reset_on_close(self._transport.get_extra_info("socket"))
        self._transport.abort()

    def _on_timer(self) -> None:
        remaining = self._last_activity + IDLE_SECONDS - self._loop.time()
        if remaining > 0:
            self._timer = self._loop.call_later(remaining, self._on_timer)
            return
        self._reason = self._reason or f"nothing came for {IDLE_SECONDS:.0f} s"
        self._transport.abort()

    def _report(self) -> None:
        if self._is_reported:
            return
        self._is_reported = True
        contract.emit(
            contract.Connection(
                self._server.id,
                self._peer_port,
                self._version(),
                self._cipher_suite(),
                self._alert_sent,
                self._reason,
            )
        )

    def _version(self) -> str | None:
        """What was chosen, if a hello was answered at all."""
        version = self._tls.established.version
        return version_name(version) if version else None

    def _cipher_suite(self) -> str | None:
        parameters = self._tls.established.parameters
        return cipher_suite_name(parameters.cipher_suite) if parameters else None


class Host:
    """The event loop and everything that listens in it; a context manager around `contract.run`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="emulated", daemon=True)
        self._conversations: set[Conversation] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @contextmanager
    def start(self, configuration: contract.Configuration) -> Iterator[contract.Event]:
        """Listen for one server; gives the event to print."""
        try:
            server = _emulated_server(configuration)
        except (EmulationError, LocalError) as error:
            yield contract.Failed(configuration.id, str(error).replace("\n", "; "))
            return
        listening = asyncio.run_coroutine_threadsafe(
            self._listen(server, configuration.host, configuration.port), self._loop
        ).result()
        try:
            port = listening.sockets[0].getsockname()[1]
            digests = frozenset(c.certificate_sha256 for c in server.configuration.credentials.values())
            yield contract.Ready(configuration.id, port, f"{_stack(configuration)}, emulated", digests)
        finally:
            self._loop.call_soon_threadsafe(listening.close)

    async def _listen(self, server: EmulatedServer, host: str, port: int) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            lambda: Conversation(server, self._conversations), host, port, backlog=MAX_CONNECTIONS
        )


def _stack(configuration: contract.Configuration) -> str:
    return configuration.id.partition(",")[0]


def _emulated_server(configuration: contract.Configuration) -> EmulatedServer:
    """Raises EmulationError or LocalError, each one line."""
    source = f"{configuration.id.partition('@')[0]}/server.toml ({configuration.level})"
    emulation = read_emulation(configuration.emulation, source)
    credentials = _credentials(configuration, source)
    trusted = tuple(_read_certificate(pem) for pem in configuration.client_certificates.values())
    return EmulatedServer(
        configuration.id,
        server_configuration(configuration.declared, emulation, credentials, trusted),
        None if configuration.starttls is None else PROTOCOLS[configuration.starttls],
    )


def _credentials(configuration: contract.Configuration, source: str) -> Mapping[str, Credential]:
    given, declared = configuration.credentials, configuration.declared.certificates
    for kind in declared:
        if kind not in given:
            raise EmulationError(
                f'{source}: declared.certificates: no "{kind}" credential was given; declare others'
            )
    return {kind: _read_credential(given[kind].private_key, given[kind].chain) for kind in declared}


@lru_cache(maxsize=16)
def _read_credential(private_key: str, chain: str) -> Credential:
    """Cached: all servers of a run have the same few, and reading a key costs as much as a handshake."""
    return Credential.from_pem(private_key, chain)


@lru_cache(maxsize=16)
def _read_certificate(pem: str) -> bytes:
    return load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
