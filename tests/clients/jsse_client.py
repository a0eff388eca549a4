"""Java's client as it was measured (tests/vectors/jsse-client.json), and our client in its place, in memory.

What is played is a case: its hello, the policy and limits of the profile that stands for the level, and a
server set up as the measurement's was. That one gave no session id: a Java client would have offered it again
in its renegotiations (`ClientPolicy.renegotiation_session`), and they would have been 32 bytes longer.
"""

import json
import os
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from clients.profile import Profile, load_profiles
from handshake.client.connection import ClientConnection
from handshake.crypto.dh_groups import modp_group
from handshake.events import (
    AlertReceived,
    AlertSent,
    ApplicationData,
    HandshakeCompleted,
    PeerClosed,
    PeerFaulted,
    PolicyRefused,
    RenegotiationStarted,
)
from handshake.hello_template import ExtensionTemplate, HelloFormat, HelloTemplate
from handshake.record_splitting import RecordSplitting
from handshake.renegotiation import Renegotiation
from handshake.server import RenegotiationRules
from handshake.wire.cipher_suites import CIPHER_SUITES
from handshake.wire.client_hello import SSLv2ClientHello, pull_hello_flight
from handshake.wire.registry import AlertLevel, ContentType, ProtocolVersion, alert_name
from tests.handshake.peers import ANSWER, REQUEST, Ours, pump, server

MEASURED = json.loads((Path(__file__).parents[1] / "vectors" / "jsse-client.json").read_text())
HELLOS: Mapping[str, dict[str, Any]] = MEASURED["hellos"]
CASES: Mapping[str, dict[str, Any]] = {case["case"]: case for case in MEASURED["cases"]}
HELLO_REQUESTS: tuple[dict[str, Any], ...] = tuple(MEASURED["hello_request"])
LEVELS = ("6-early", "6u18", "6u21", "6u22", "6u29", "6u45", "7", "7u25", "7u85")
PROFILE_OF = {
    "6-early": "java-6u18",
    "6u18": "java-6u18",
    "6u21": "java-6u21",
    "6u22": "java-6u22",
    "6u29": "java-6",
    "6u45": "java-6",
    "7": "java-7-ga",
    "7u25": "java-7",
    "7u85": "java-7u85",
}
PROFILES = load_profiles()

VERSIONS = {"3.0": ProtocolVersion.SSL_3_0, "3.1": ProtocolVersion.TLS_1_0}
VERSION_NAMES = {ProtocolVersion.SSL_3_0: "SSLv3", ProtocolVersion.TLS_1_0: "TLSv1"}
SUITES = {("rsa", "aes128"): 0x002F, ("rsa", "rc4"): 0x0005, ("dhe_rsa", "aes128"): 0x0033}
SETTINGS: Mapping[str, dict[str, Any]] = {
    "allowLegacyHelloMessages=false": {"missing_renegotiation_info": "abort"},
    "jsse.enableCBCProtection=false": {"record_splitting": RecordSplitting.NONE},
    "allowUnsafeRenegotiation=true": {"renegotiation": Renegotiation.LEGACY},
}
SILENT = RenegotiationRules(allowed=Renegotiation.OFF, refusal=None)  # reads a hello and goes on


def at_level(by_level: Mapping[str, Any] | None, level: str) -> Any:
    """What a table of the vectors has for a level: its own entry, or the one of all the others."""
    return None if by_level is None else by_level.get(level, by_level.get("*"))


def hello_at(case: Mapping[str, Any], level: str) -> dict[str, Any] | None:
    """The hello of a case; None where the case was not measured at the level."""
    name = at_level(case["hello"], level)
    return None if name is None else HELLOS[name]


def template_of(wire: bytes) -> HelloTemplate:
    """The template of a recorded hello."""
    hello = pull_hello_flight(wire)
    if isinstance(hello, SSLv2ClientHello):
        return HelloTemplate(hello.version, hello.cipher_specs, HelloFormat.SSLV2)
    extensions = hello.extensions
    return HelloTemplate(
        hello.legacy_version,
        hello.cipher_suites,
        record_version=int.from_bytes(wire[1:3], "big"),
        compression_methods=hello.compression_methods,
        extensions=None
        if extensions is None
        else tuple(ExtensionTemplate(e.extension_type, e.body) for e in extensions),
    )


def client(
    profile: Profile, template: HelloTemplate, settings: str = "", version: int = ProtocolVersion.TLS_1_0
) -> Ours:
    """The profile's client with that hello, which is on its way; `settings` are those of the measurement.

    The server's version is one the client accepts: 7u85 was measured with SSLv3 re-enabled.
    """
    changes = next((change for name, change in SETTINGS.items() if name in settings), {})
    limits = profile.client_limits
    connection = ClientConnection(
        template,
        server_name=None,
        limits=replace(limits, versions=tuple({*limits.versions, version})),
        policy=replace(profile.client_policy, **changes),
        entropy=os.urandom,
    )
    connection.start(0.0)
    return Ours(connection)


def server_of(setup: Mapping[str, Any], rules: RenegotiationRules) -> Ours:
    """A server as the case says."""
    return Ours(
        server(
            VERSIONS[setup["version"]],
            SUITES[setup["kx"], setup["cipher"]],
            renegotiation_info=setup["sends_renegotiation_info"],
            dh_group=modp_group(setup.get("dh_prime_bits", 1024)),
            session_id_length=0,
            renegotiation=rules,
        )
    )


def alert(level: int, description: int, version: int = ProtocolVersion.TLS_1_0) -> bytes:
    """A plain alert record."""
    return bytes([ContentType.ALERT, *version.to_bytes(2, "big"), 0, 2, level, description])


def play(ours: Ours, theirs: Ours, case: Mapping[str, Any]) -> None:
    """Three requests and their answers; before the third the client renegotiates, if the case says so."""
    ours_first = ours.give()
    if (warning := case["server"].get("warning_before_server_hello")) is not None:
        ours.take(alert(AlertLevel.WARNING, warning))
    theirs.take(ours_first)
    pump(ours, theirs)
    for number in range(3):
        if number == 2 and "client renegotiates" in case["case"]:
            ours.connection.renegotiate(0.0)
            ours.take(b"")
        if ours.connection.is_ended:
            return
        ours.send(REQUEST)
        pump(ours, theirs)
        theirs.send(ANSWER)
        pump(ours, theirs)


def sent_records(ours: Ours) -> list[list[int]]:
    """Content type and wire length of every record sent; an SSLv2-format hello counts as handshake."""
    return [
        [ContentType.HANDSHAKE, len(entry.wire) - 2]
        if entry.kind == "sslv2-record"
        else [entry.wire[0], len(entry.wire) - 5]
        for entry in ours.connection.transcript
        if entry.direction == "sent" and entry.kind != "message"
    ]


def sent_alerts(ours: Ours) -> list[str]:
    """The alerts sent, in the words of the vectors."""
    return [
        f"{AlertLevel(e.level).name.lower()} {alert_name(e.description)}({e.description})"
        for e in ours.events
        if isinstance(e, AlertSent)
    ]


def application_saw(ours: Ours) -> list[str]:
    """What the client's application saw, in the words of the vectors: the same thing twice counts once."""
    words = []
    for event in ours.events:
        match event:
            case HandshakeCompleted(negotiated=agreed):
                jsse = CIPHER_SUITES[agreed.cipher_suite].jsse
                words.append(f"handshake {jsse} {VERSION_NAMES[ProtocolVersion(agreed.version)]}")
            case ApplicationData():
                words.append("data")
            case RenegotiationStarted():
                words.append("renegotiation begun")
            case AlertReceived(level=AlertLevel.FATAL) | PeerClosed() | PeerFaulted() | PolicyRefused():
                words.append("exception")
    return [word for word, _ in groupby(words)]
