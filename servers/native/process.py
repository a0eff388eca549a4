"""A server program in another language: its process, and what passes between it and us.

Its standard input stays open while its servers are wanted; the end of it, which also comes when this process
is killed, is what stops it. It starts one server after another and says `ready` or `error` of each.
"""

import json
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from handshake.wire.cipher_suites import cipher_suite_name, parse_cipher_suite
from servers import contract

STOP_SECONDS = 1.0
Settings = Mapping[str, Any]
"""What a program is told of a server, JSON types: an id, a host and a port at least."""


def connection_by_names(event: Mapping[str, Any]) -> contract.Connection:
    """A connection as a program saw it that has names for everything; IANA's names replace others."""
    suite = event.get("cipher_suite")
    with suppress(ValueError):
        suite = None if suite is None else cipher_suite_name(parse_cipher_suite(suite))
    rest = (event.get(key) for key in ("alert_sent", "reason", "log"))
    return contract.Connection(event["id"], event["peer_port"], event.get("version"), suite, *rest)


class NativeProcess:
    """A running program, called `name` in messages; raises OSError when it cannot be started.

    `connection` reads its events of connections; `line` writes what it is told as a line, as JSON if nothing
    is said.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        connection: Callable[[dict[str, Any]], contract.Connection] = connection_by_names,
        line: Callable[[Settings], str] = json.dumps,
    ) -> None:
        self._name = name
        self._connection = connection
        self._line = line
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
            env=environment,
        )
        self._listening: list[str] = []
        self._is_stopping = False
        self._last_words = ""
        self._started: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._errors = threading.Thread(target=self._read_errors, daemon=True)
        self._errors.start()
        self._events = threading.Thread(target=self._read_events, daemon=True)
        self._events.start()

    def start(self, configuration: contract.Configuration, settings: Settings) -> contract.Event:
        """Start one server in it."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(self._line(settings) + "\n")
            self._process.stdin.flush()
        try:
            event = self._started.get(timeout=contract.START_SECONDS)
        except queue.Empty:
            message = f"{self._name} said nothing within {contract.START_SECONDS:.0f} s"
            event = {"event": "error", "message": message}
        if event is None:
            self._started.put(None)  # for the next server
            said = f": {self._last_words}" if self._last_words else ""
            return contract.Failed(configuration.id, f"{self._name} ended before it listened{said}")
        if event["event"] == "error":
            return contract.Failed(configuration.id, event["message"])
        self._listening.append(configuration.id)
        digests = configuration.certificate_sha256()
        return contract.Ready(configuration.id, event["port"], event["stack"], digests)

    def stop(self) -> None:
        """End its input and wait for its end."""
        self._is_stopping = True
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._events.join(STOP_SECONDS)

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                self._last_words = line.strip() or self._last_words

    def _read_events(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                event = json.loads(line)
                if event["event"] == "connection":
                    contract.emit(self._connection(event))
                else:
                    self._started.put(event)
        self._errors.join(STOP_SECONDS)
        self._started.put(None)
        if not self._is_stopping:
            for server_id in self._listening:
                message = f"{self._name} ended by itself: {self._last_words}"
                contract.emit(contract.Failed(server_id, message))


class NativeProgram:
    """A program whose one process, started when it is first asked for, has all servers of this process."""

    def __init__(self, start: Callable[[], NativeProcess]) -> None:
        self._start = start
        self._process: NativeProcess | None = None

    @contextmanager
    def serving(self, configuration: contract.Configuration, settings: Settings) -> Iterator[contract.Event]:
        """Listen; the process ends with the first of its servers, because all are wanted equally long."""
        if self._process is None:
            self._process = self._start()
        try:
            yield self._process.start(configuration, settings)
        finally:
            self._process.stop()


def settings_of(configuration: contract.Configuration) -> dict[str, Any]:
    """What every program is told: where to listen, its keys and certificates, and the toggles."""
    return {
        "id": configuration.id,
        "host": configuration.host,
        "port": configuration.port,
        "toggles": dict(configuration.toggles),
        "certificates": [
            {"private_key": pem.private_key, "chain": pem.chain} for pem in configuration.presented().values()
        ],
        "client_certificate": configuration.declared.client_certificate,
        "trusted": list(configuration.client_certificates.values()),
    }
