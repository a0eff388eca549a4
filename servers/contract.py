"""The contract of a server program, in words and in a small library for programs written in Python.

A program reads one JSON object per server to start on standard input (`Configuration`; an object may span
lines), binds a port of its own, and prints one JSON object a line on standard output: for each server a
`Ready`, `Failed` or `NotInstalled` event, and then a `Connection` event after each connection. The end of
standard input means stop. In a container the one configuration comes in the environment variable
TLS_MATRIX_SERVER instead, and SIGTERM means stop.

Only the standard library is imported here, so that a program starts quickly and stays small.
"""

import json
import os
import signal
import sys
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, BinaryIO

from servers.declared import Declared

ENVIRONMENT_VARIABLE = "TLS_MATRIX_SERVER"
PROGRAM_VARIABLE = "TLS_MATRIX_PROGRAM"
"""In an image, the server program that it is for."""
START_SECONDS = 60.0
"""How long a server program waits for a program of its own to start. Whoever starts servers has a deadline
of its own, which is longer the more there are: beside forty other containers Erlang took more than 10 s
[measured]. This one is for a server program that is started by hand.
"""
MAX_CONFIGURATION_BYTES = 1 << 20
MAX_LOG_CHARACTERS = 1 << 16
_END_OF_CERTIFICATE = "-----END CERTIFICATE-----"


class CannotStart(Exception):
    """A server program raises it instead of starting; its text says why, and what to do."""


class ContractError(ValueError):
    """A configuration or event line that is not what the contract says; the message is one line."""


@dataclass(frozen=True, slots=True)
class PrivateKeyAndChain:
    """One credential as PEM text: the private key (PKCS #8) and the certificate chain, leaf first."""

    private_key: str = field(repr=False)
    chain: str = field(repr=False)

    def certificates(self) -> list[str]:
        """Each certificate of the chain by itself."""
        parts = self.chain.split(_END_OF_CERTIFICATE)[:-1]
        return [f"{part.lstrip()}{_END_OF_CERTIFICATE}\n" for part in parts]

    def leaf_sha256(self) -> str:
        """The hex digest of the leaf certificate (DER)."""
        until_its_end = self.chain.partition(_END_OF_CERTIFICATE)[0]
        return sha256(b64decode(until_its_end.rpartition("-----")[2])).hexdigest()


@dataclass(frozen=True, slots=True)
class Configuration:
    """One server to start.

    `id` is the variant's id and comes back in every event; `credentials` are by kind, "rsa", "dsa" and
    "ecdsa" (any may be missing); `port` 0 lets the program bind a free one; `declared` and `emulation` are
    the definition's data with the level's and the toggles' parts merged in; `client_certificates` are those a
    client may show, PEM by kind; `starttls` is the protocol an emulated server speaks before TLS, by id, and
    `protocol` what that is told.
    """

    id: str
    level: str
    toggles: Mapping[str, str]
    credentials: Mapping[str, PrivateKeyAndChain]
    declared: Declared
    emulation: Mapping[str, Any] = field(default_factory=dict)
    client_certificates: Mapping[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 0
    starttls: str | None = None
    protocol: Mapping[str, str] = field(default_factory=dict)

    def presented(self) -> dict[str, PrivateKeyAndChain]:
        """The credentials that are declared and were given, by kind, in the order declared."""
        kinds = (kind for kind in self.declared.certificates if kind in self.credentials)
        return {kind: self.credentials[kind] for kind in kinds}

    def certificate_sha256(self) -> frozenset[str]:
        """The hex digests of the leaf certificates presented, as `Ready` has them."""
        return frozenset(pem.leaf_sha256() for pem in self.presented().values())

    def to_line(self) -> bytes:
        """The object as one line of JSON."""
        value = {
            "id": self.id,
            "level": self.level,
            "toggles": dict(self.toggles),
            "host": self.host,
            "port": self.port,
            "credentials": {
                kind: {"private_key": pem.private_key, "chain": pem.chain}
                for kind, pem in self.credentials.items()
            },
            "declared": self.declared.to_json(),
            "emulation": self.emulation,
            "client_certificates": dict(self.client_certificates),
            "starttls": self.starttls,
            "protocol": dict(self.protocol),
        }
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def from_json(cls, value: Any) -> "Configuration":
        """Read the object; raises ContractError naming what is missing or of the wrong kind."""
        try:
            return cls(
                id=str(value["id"]),
                level=str(value["level"]),
                toggles={str(name): str(setting) for name, setting in value["toggles"].items()},
                credentials={
                    str(kind): PrivateKeyAndChain(pem["private_key"], pem["chain"])
                    for kind, pem in value["credentials"].items()
                },
                declared=Declared.from_json(value["declared"]),
                emulation=dict(value.get("emulation", {})),
                client_certificates={
                    str(kind): str(pem) for kind, pem in value.get("client_certificates", {}).items()
                },
                host=str(value["host"]),
                port=int(value.get("port", 0)),
                starttls=value.get("starttls"),
                protocol={str(name): str(told) for name, told in value.get("protocol", {}).items()},
            )
        except KeyError as missing:
            raise ContractError(f"a server's configuration lacks {missing}") from missing
        except (TypeError, ValueError, AttributeError) as error:
            raise ContractError(f"a server's configuration is not as the contract says: {error}") from error


@dataclass(frozen=True, slots=True)
class Ready:
    """The server listens. `certificate_sha256`: hex digests of each leaf certificate (DER) it may present."""

    id: str
    port: int
    stack: str
    certificate_sha256: frozenset[str]


@dataclass(frozen=True, slots=True)
class Failed:
    """The server could not be started, or had to stop; `message` is one line for a person."""

    id: str
    message: str


@dataclass(frozen=True, slots=True)
class NotInstalled:
    """What the server is made of is not on this machine; `message` says which command gets it."""

    id: str
    message: str


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection as the server saw it, None for what it does not know.

    `peer_port` is the client's port; `version` as in "TLSv1.2"; `cipher_suite` an IANA name; `alert_sent` as
    in "handshake_failure"; `reason` the stack's own words, empty when nothing went wrong; `log` what the
    stack printed about the connection where it can be told to, lines of text (`cut_log` bounds it).
    """

    id: str
    peer_port: int
    version: str | None = None
    cipher_suite: str | None = None
    alert_sent: str | None = None
    reason: str | None = None
    log: str | None = field(default=None, repr=False)


Event = Ready | Failed | NotInstalled | Connection


def event_to_json(event: Event) -> dict[str, Any]:
    """The event's object. A single certificate's digest is a string, several are a sorted list."""
    match event:
        case Ready():
            digests = sorted(event.certificate_sha256)
            return {
                "event": "ready",
                "id": event.id,
                "port": event.port,
                "stack": event.stack,
                "cert_sha256": digests[0] if len(digests) == 1 else digests,
            }
        case Failed():
            return {"event": "error", "id": event.id, "message": event.message}
        case NotInstalled():
            return {"event": "not_installed", "id": event.id, "message": event.message}
        case Connection():
            return {
                "event": "connection",
                "id": event.id,
                "peer_port": event.peer_port,
                "version": event.version,
                "cipher_suite": event.cipher_suite,
                "alert_sent": event.alert_sent,
                "reason": event.reason,
                "log": None if event.log is None else cut_log(event.log),
            }


def cut_log(text: str) -> str:
    """A log that fits an event's line: where it is too long, a line that says so replaces its middle."""
    if len(text) <= MAX_LOG_CHARACTERS:
        return text
    half = MAX_LOG_CHARACTERS // 2
    return f"{text[:half]}\n[{len(text) - 2 * half} characters left out]\n{text[-half:]}"


def event_from_json(value: Any) -> Event:
    """Read an event's object; raises ContractError when it is not one. Unknown keys are passed over."""
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        raise ContractError('not an object with an "event" and an "id"')
    identity: str = value["id"]
    match value.get("event"):
        case "ready":
            return _ready(identity, value)
        case "error":
            return Failed(identity, _text(value, "message") or "")
        case "not_installed":
            return NotInstalled(identity, _text(value, "message") or "")
        case "connection":
            return Connection(
                identity,
                _port(value, "peer_port"),
                *(_text(value, key) for key in ("version", "cipher_suite", "alert_sent", "reason", "log")),
            )
        case unknown:
            raise ContractError(
                f'"event" is {unknown!r}, not "ready", "error", "not_installed" or "connection"'
            )


def _ready(identity: str, value: dict[str, Any]) -> Ready:
    digests = value.get("cert_sha256")
    if isinstance(digests, str):
        digests = [digests]
    if not isinstance(digests, list) or not all(isinstance(digest, str) for digest in digests):
        raise ContractError('"cert_sha256" is neither a string nor a list of strings')
    port, stack = _port(value, "port"), _text(value, "stack") or ""
    return Ready(identity, port, stack, frozenset(digest.lower() for digest in digests))


def _text(value: dict[str, Any], key: str) -> str | None:
    text = value.get(key)
    if text is not None and not isinstance(text, str):
        raise ContractError(f'"{key}" is not a string')
    # What JSON can write and UTF-8 cannot: a lone surrogate, as in the name of a file that is no text.
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()


def _port(value: dict[str, Any], key: str) -> int:
    port = value.get(key)
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:
        raise ContractError(f'"{key}" is not a port number')
    return port


def read_configurations(stream: BinaryIO) -> Iterator[Configuration]:
    """Yield each configuration as soon as it is complete, until the stream ends.

    A JSON value may span lines, and several may share one; raises ContractError when the text is no JSON or
    the stream ends within a value.
    """
    decoder = json.JSONDecoder()
    pending = ""
    while line := stream.readline():
        pending = (pending + line.decode("utf-8", "replace")).lstrip()
        while pending:
            try:
                value, end = decoder.raw_decode(pending)
            except json.JSONDecodeError as error:
                if len(pending) > MAX_CONFIGURATION_BYTES or pending[0] != "{":
                    raise ContractError(f"standard input is not JSON: {error}") from error
                break
            pending = pending[end:].lstrip()
            yield Configuration.from_json(value)
    if pending:
        raise ContractError("standard input ended within a configuration")


_output_lock = threading.Lock()


def emit(event: Event) -> None:
    """Print the event as one line, flushed; any thread may call it. A reader that has gone is passed over."""
    line = json.dumps(event_to_json(event), separators=(",", ":")) + "\n"
    with _output_lock:
        try:
            sys.stdout.write(line)
            sys.stdout.flush()
        except (BrokenPipeError, ValueError):
            # The reader stopped first: the end of standard input, which stops us, is on its way.
            return


def is_in_container() -> bool:
    """Whether a container of ours keeps this program from everybody else."""
    return ENVIRONMENT_VARIABLE in os.environ or PROGRAM_VARIABLE in os.environ


def run(start: Callable[[Configuration], AbstractContextManager[Event]]) -> int:
    """A server program's main: start every server asked for, print its event, stop when told; returns an exit
    status.

    `start` returns a context manager that gives the event to print (Ready, Failed, NotInstalled) once the
    server listens, and whose exit stops the server. Connections are reported with `emit`.
    """
    alone = os.environ.get(ENVIRONMENT_VARIABLE)
    with ExitStack() as servers:
        try:
            if alone is None:
                for configuration in read_configurations(sys.stdin.buffer):
                    _start(start, configuration, servers)
            else:
                signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
                _start(start, Configuration.from_json(json.loads(alone)), servers)
                signal.sigwait((signal.SIGTERM, signal.SIGINT))
        except (ContractError, json.JSONDecodeError) as error:
            print(error, file=sys.stderr)
            return 2
    return 0


def _start(
    start: Callable[[Configuration], AbstractContextManager[Event]],
    configuration: Configuration,
    servers: ExitStack,
) -> None:
    try:
        event = servers.enter_context(start(configuration))
    except CannotStart as error:
        event = Failed(configuration.id, str(error))
    except (
        Exception
    ) as error:  # a process boundary: whatever a library raises must reach the harness as a sentence
        event = Failed(configuration.id, f"{type(error).__name__}: {error}")
    emit(event)
