"""OpenSSL 1.0.0 to 1.0.2, the library inside an old node: its process, and what passes between it and us.

serve.js plays the servers. Its standard input stays open while they are wanted; the end of it, which also
comes when this process is killed, is what stops it.
"""

import json
import queue
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.registry import NamedGroup, alert_name, group_name, version_name
from servers import contract
from servers.openssl.settings import cipher_list, options
from servers.system import DH_PARAMETERS

PROGRAM = Path(__file__).with_name("serve.js")
# What OpenSSL calls the groups (crypto/objects/objects.txt).
CURVES: dict[int, str] = {
    NamedGroup.SECP256K1: "secp256k1",
    NamedGroup.SECP256R1: "prime256v1",
    NamedGroup.SECP384R1: "secp384r1",
    NamedGroup.SECP521R1: "secp521r1",
    NamedGroup.BRAINPOOLP256R1: "brainpoolP256r1",
    NamedGroup.BRAINPOOLP384R1: "brainpoolP384r1",
    NamedGroup.BRAINPOOLP512R1: "brainpoolP512r1",
}
# The curve of OpenSSL's own s_server until 1.0.2 (apps/s_server.c), and of node, where none is declared.
DEFAULT_GROUPS = (NamedGroup.SECP256R1,)
# Without AVX (bit 60, OPENSSL_ia32cap(3)): node 4.1 has no code for it in AES-CBC with HMAC-SHA256, but an
# illegal instruction in its place, which a longer record reaches (aesni_cbc_sha256_enc) [measured].
ENVIRONMENT = {"OPENSSL_ia32cap": f"~{1 << 60:#x}"}
START_SECONDS = 10.0
STOP_SECONDS = 1.0


class Node:
    """A running node; raises OSError when it cannot be started."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program, PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
            env=ENVIRONMENT,
        )
        self._ids: list[str] = []
        self._is_stopping = False
        self._last_words = ""
        self._started: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._errors = threading.Thread(target=self._read_errors, daemon=True)
        self._errors.start()
        threading.Thread(target=self._read_events, daemon=True).start()

    def start(self, configuration: contract.Configuration) -> contract.Event:
        """Start one server in it."""
        assert self._process.stdin is not None
        settings = node_settings(configuration)
        self._ids.append(configuration.id)
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(settings) + "\n")
            self._process.stdin.flush()
        try:
            event = self._started.get(timeout=START_SECONDS)
        except queue.Empty:
            event = {"event": "error", "message": f"node said nothing within {START_SECONDS:.0f} s"}
        if event is None:
            self._started.put(None)  # for the next server
            return contract.Failed(configuration.id, "node ended before it listened")
        if event["event"] == "error":
            return contract.Failed(configuration.id, event["message"])
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

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._last_words = line.strip() or self._last_words

    def _read_events(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            event = json.loads(line)
            if event["event"] == "connection":
                contract.emit(connection(event))
            else:
                self._started.put(event)
        self._started.put(None)
        if not self._is_stopping:
            self._errors.join(STOP_SECONDS)
            for server_id in self._ids:
                contract.emit(contract.Failed(server_id, f"node ended by itself: {self._last_words}"))


@cache
def node(program: Path) -> Node:
    """The one process of a program, started when it is first asked for."""
    return Node(program)


@contextmanager
def start(configuration: contract.Configuration, folder: Path) -> Iterator[contract.Event]:
    """Listen in the level's node, which ends with the last of its servers."""
    running = node(folder / "bin" / "node")
    try:
        yield running.start(configuration)
    finally:
        running.stop()


def node_settings(configuration: contract.Configuration) -> dict[str, Any]:
    """What serve.js has to know of a server."""
    return {
        "id": configuration.id,
        "host": configuration.host,
        "port": configuration.port,
        "options": options(configuration.toggles),
        "cipher_list": cipher_list(configuration.toggles, has_security_levels=False),
        "certificates": [
            {"private_key": pem.private_key, "chain": pem.chain} for pem in configuration.presented().values()
        ],
        "client_certificate": configuration.declared.client_certificate,
        "trusted": list(configuration.client_certificates.values()),
        "dh_parameters": DH_PARAMETERS.read_text(),
        "curves": curves(configuration.declared.named_groups or DEFAULT_GROUPS),
    }


def curves(groups: Sequence[int]) -> list[dict[str, Any]]:
    """The curves of ECDHE by group, under OpenSSL's names; ValueError for one that it does not have."""
    if unknown := [group_name(group) for group in groups if group not in CURVES]:
        raise ValueError(
            f"declared.named_groups: {', '.join(unknown)} is no curve of OpenSSL 1.0; leave it out"
        )
    return [{"group": group, "name": CURVES[group]} for group in groups]


def connection(event: dict[str, Any]) -> contract.Connection:
    """A connection as serve.js saw it, numbers turned into names."""

    def named(key: str, name: Any) -> str | None:
        return None if event[key] is None else name(event[key])

    return contract.Connection(
        event["id"],
        event["peer_port"],
        version=named("version", version_name),
        cipher_suite=named("cipher_suite", cipher_suite_name),
        alert_sent=named("alert_sent", alert_name),
        reason=event["reason"],
    )
