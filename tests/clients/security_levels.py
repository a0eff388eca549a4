"""What OpenSSL's security levels refuse, as questions to a client: sizes of keys and primes, and the
signatures of TLS 1.0 and 1.1. `python -m tests.clients.security_levels` asks the `openssl s_client` that is
installed, through the relay of genuine programs, and writes `tests/vectors/openssl-security-levels.json`.

It is started with -verify_return_error and trusts the server's certificate, for a client that verifies
nothing takes an RSA key of any size.
"""

import json
import os
import random
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from gmpy2 import next_prime
from msgspec.structs import replace

from clients.connect import connect
from clients.destination import Destination
from clients.genuine.command import Command
from clients.genuine.visit import visit
from clients.observation import Observation
from clients.player import Player
from clients.reaction import Reaction, reaction_of
from handshake.crypto.credentials import Credential, generate_ecdsa, generate_rsa
from handshake.crypto.dh_groups import DHGroup
from handshake.events import ApplicationData
from handshake.server import ServerConfiguration, ServerConnection
from handshake.wire.registry import NamedGroup, ProtocolVersion
from tests.clients.servers import Script, scripted_server

FILE = Path(__file__).parents[1] / "vectors" / "openssl-security-levels.json"
NAME = "www.example.com"
ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"
SECONDS = 5.0
TLS_1_0, TLS_1_1, TLS_1_2 = ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_1, ProtocolVersion.TLS_1_2
RSA, DHE_RSA, ECDHE_RSA, ECDHE_ECDSA = 0x002F, 0x0033, 0xC013, 0xC009
ABOUT = (
    "What openssl s_client does at its security levels, measured by python -m tests.clients.security_levels: "
    "for each way to set the level a question and what the client does about it, after what of its own."
)
LEVELS: Mapping[str, tuple[str, ...]] = {
    "default": (),
    **{f"seclevel{level}": ("-cipher", f"DEFAULT@SECLEVEL={level}") for level in range(3)},
}
"""The arguments of s_client by what is asked; "default" is how Debian has built it."""


@dataclass(frozen=True)
class Question:
    """A server of one version and suite; `bits` are those of its Diffie-Hellman prime, or of its RSA key
    where the suite has no prime.
    """

    version: int
    cipher_suite: int
    bits: int = 2048

    @property
    def configuration(self) -> ServerConfiguration:
        """The server."""
        is_dhe = self.cipher_suite == DHE_RSA
        return ServerConfiguration(
            versions=(self.version,),
            cipher_suites=(self.cipher_suite,),
            credentials={"rsa": rsa_credential(2048 if is_dhe else self.bits), "ecdsa": ecdsa_credential()},
            dh_group=dh_group(self.bits) if is_dhe else None,
            named_groups=(NamedGroup.X25519, NamedGroup.SECP256R1),
        )


QUESTIONS: Mapping[str, Question] = {
    **{f"dh-{bits}": Question(TLS_1_2, DHE_RSA, bits) for bits in (512, 1023, 1024, 2047, 2048)},
    **{f"rsa-{bits}": Question(TLS_1_2, RSA, bits) for bits in (1024, 1962, 1963, 2048)},
    **{
        f"{version.name.lower().replace('_', '')}-{name}": Question(version, suite)
        for version in (TLS_1_0, TLS_1_1, TLS_1_2)
        for name, suite in (
            ("rsa", RSA),
            ("dhe-rsa", DHE_RSA),
            ("ecdhe-rsa", ECDHE_RSA),
            ("ecdhe-ecdsa", ECDHE_ECDSA),
        )
    },
}


@cache
def rsa_credential(bits: int) -> Credential:
    return generate_rsa(bits, subject=NAME, now=datetime.now(UTC), serial=1)


@cache
def ecdsa_credential() -> Credential:
    return generate_ecdsa(ec.SECP256R1(), subject=NAME, now=datetime.now(UTC), serial=2)


@cache
def dh_group(bits: int) -> DHGroup:
    """A prime of so many bits. Clients do not look whether it is a safe one (measured)."""
    start = random.Random(bits).getrandbits(bits) | 1 << (bits - 1)
    prime = int(next_prime(start))
    assert prime.bit_length() == bits
    return DHGroup(prime, 2)


def answering(configuration: ServerConfiguration) -> Script:
    """Complete a handshake and answer one request."""

    def script(plain: socket.socket) -> bytes:
        tls = ServerConnection(configuration, entropy=os.urandom)
        request, first = b"", b""
        with suppress(OSError):  # the client may end it as it likes
            while not tls.is_ended and (data := plain.recv(65_536)):
                first = first or data
                tls.receive_data(data, 0.0)
                while (event := tls.next_event()) is not None:
                    request += event.data if isinstance(event, ApplicationData) else b""
                if b"\r\n\r\n" in request and not tls.is_ended:
                    tls.send_application_data(ANSWER, 0.0)
                    tls.close(0.0)
                plain.sendall(tls.data_to_send())
            plain.shutdown(socket.SHUT_WR)
            while plain.recv(65_536):
                pass
        return first

    return script


def genuine(level: str, question: Question) -> Reaction:
    """What s_client does at a level."""
    configuration = question.configuration
    command = Command(
        f"genuine-openssl-{level}",
        f"OpenSSL s_client, {level}",
        (
            *("openssl", "s_client", "-connect", "{host}:{port}", "-servername", "{name}", "-nbio"),
            *("-ign_eof", "-keylogfile", "{keylog}", "-CAfile", "{ca}", "-verify_return_error"),
            *LEVELS[level],
        ),
        {"OPENSSL_CONF": os.devnull},
        prints_answer=True,
    )
    trusted = "".join(each.to_pem().chain for each in configuration.credentials.values())
    scripts = [answering(configuration)] * 2  # the second visit, message by message
    with scripted_server(*scripts) as server:
        return _as_it_is_compared(
            visit(
                command,
                Destination("127.0.0.1", server.port, NAME),
                deadline_seconds=SECONDS,
                trusted=trusted,
            )
        )


def played(player: Player, question: Question) -> Reaction:
    """What a profile does."""
    with scripted_server(answering(question.configuration)) as server:
        return _as_it_is_compared(
            connect(player, Destination("127.0.0.1", server.port, NAME), deadline_seconds=SECONDS)
        )


def _as_it_is_compared(observation: Observation) -> Reaction:
    """The reaction, but for how it closes, which no level decides."""
    return replace(reaction_of(observation), closes_with="")


def installed() -> str:
    """The version of the program, as it says it."""
    ran = subprocess.run(["openssl", "version"], capture_output=True, text=True, timeout=60)
    return " ".join(ran.stdout.split()[:2])


def read_vectors() -> dict[str, dict[str, Reaction]]:
    """The recorded reactions, by level and question."""
    levels = json.loads(FILE.read_text())["levels"]
    return {
        level: {name: Reaction(does, after) for name, does, after in rows} for level, rows in levels.items()
    }


def main() -> None:
    """Measure, and write the file."""
    rows = {
        level: [[name, r.does, r.after] for name, q in QUESTIONS.items() for r in (genuine(level, q),)]
        for level in LEVELS
    }
    head = f'{{\n "about": {json.dumps(ABOUT)},\n "program": {json.dumps(installed())},\n "levels": {{\n'
    body = ",\n".join(
        f"  {json.dumps(level)}: [\n" + ",\n".join(f"   {json.dumps(row)}" for row in each) + "\n  ]"
        for level, each in rows.items()
    )
    FILE.write_text(f"{head}{body}\n }}\n}}\n")


if __name__ == "__main__":
    main()
