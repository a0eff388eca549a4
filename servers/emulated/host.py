"""All emulated servers of a run in one process: one event loop, a port for each server, nothing shared.

What is said is decided without a socket (`served`); this module moves the bytes, ends a connection as the
engine asks (FIN, reset, silence) and reports what the server saw. The loop runs in a thread of its own,
so that standard input, whose end stops everything, is read in the main one. asyncio sets TCP_NODELAY on every
connection it accepts.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from handshake.errors import LocalError
from handshake.server import Ending
from servers import contract
from servers.emulated.emulation import EmulationError
from servers.emulated.served import ServedConnection
from servers.emulated.server import EmulatedServer, emulated_server
from servers.listener import reset_on_close

IDLE_SECONDS = 10.0
LIFETIME_SECONDS = 60.0
"""Of one connection in all: a peer that sends a byte now and then does not keep its place for good."""
LINGER_SECONDS = 1.0
MAX_RECEIVED_BYTES = 1 << 18
"""From one connection in all: a large hello, a handshake and a request; a peer that sends more is cut off."""
MAX_CONNECTIONS = 500


class Conversation(asyncio.Protocol):
    """One connection to an emulated server, from first byte to end; `others` are all that are open."""

    def __init__(self, server: EmulatedServer, others: "set[Conversation]") -> None:
        self._served = ServedConnection(server)
        self._others = others
        self._loop = asyncio.get_running_loop()
        self._received = 0
        self._peer_port = 0
        self._is_reported = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock; a connection too many is cut off."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._peer_port = transport.get_extra_info("peername")[1]
        self._began = self._last_activity = self._loop.time()
        self._timer = self._loop.call_later(min(IDLE_SECONDS, LIFETIME_SECONDS), self._on_timer)
        self._others.add(self)
        if len(self._others) > MAX_CONNECTIONS:
            self._cut_off(f"more than {MAX_CONNECTIONS} connections at once")
        else:
            transport.write(self._served.data_to_send())

    def data_received(self, data: bytes) -> None:
        """Let the engine read; after the end of the conversation, pass over what still comes."""
        self._received += len(data)
        if self._received > MAX_RECEIVED_BYTES:
            self._cut_off(f"the peer sent more than {MAX_RECEIVED_BYTES} bytes")
            return
        if not self._served.is_over:
            self._serve(data)

    def eof_received(self) -> None:
        """The peer has ended its side; asyncio then closes ours."""
        self._served.receive_end_of_stream(self._loop.time())

    def connection_lost(self, error: Exception | None) -> None:
        """Whatever ended it: stop the clock and report, if that was not done."""
        self._timer.cancel()
        self._others.discard(self)
        if error is not None and self._served.reason is None:
            self._served.reason = f"connection lost: {error}"
        self._report()

    def _serve(self, data: bytes) -> None:
        self._last_activity = now = self._loop.time()
        self._served.receive(data, now)
        self._transport.write(self._served.data_to_send())
        if self._served.is_over:
            self._end()

    def _end(self) -> None:
        """End as the engine says; after our FIN wait for the peer's, so that unread bytes cause no reset."""
        match self._served.ending:
            case Ending.RESET:
                self._reset()
            case Ending.HANG:
                pass
            case Ending.FIN:
                self._shut()
        self._report()

    def _shut(self) -> None:
        try:
            self._transport.write_eof()
        except OSError:  # the peer has reset it already: there is nothing left to end
            self._transport.abort()
        self._timer.cancel()
        self._timer = self._loop.call_later(LINGER_SECONDS, self._transport.abort)

    def _cut_off(self, reason: str) -> None:
        self._served.reason = self._served.reason or reason
        self._report()
        self._reset()

    def _reset(self) -> None:
        reset_on_close(self._transport.get_extra_info("socket"))
        self._transport.abort()

    def _on_timer(self) -> None:
        now = self._loop.time()
        idle = self._last_activity + IDLE_SECONDS - now
        remaining = min(idle, self._began + LIFETIME_SECONDS - now)
        if remaining > 0:
            self._timer = self._loop.call_later(remaining, self._on_timer)
            return
        lasted = f"the connection has lasted {LIFETIME_SECONDS:.0f} s"
        reason = lasted if idle > 0 else f"nothing came for {IDLE_SECONDS:.0f} s"
        self._served.reason = self._served.reason or reason
        self._transport.abort()

    def _report(self) -> None:
        if self._is_reported:
            return
        self._is_reported = True
        contract.emit(self._served.seen(self._peer_port))


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
            server = emulated_server(configuration)
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
