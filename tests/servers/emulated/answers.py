"""What an emulated server answers to a first flight, in the form of tests/vectors/jsse-first-flights.json,
and which server stands for which measurement.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from handshake.crypto.credentials import Credential, generate_rsa
from handshake.crypto.suite_parameters import KeyExchange, suite_parameters
from handshake.server import Ending, ServerConfiguration, ServerConnection
from handshake.wire.buffer import Reader
from handshake.wire.handshake_message import MessageReader
from handshake.wire.key_exchange import pull_dh_parameters, pull_ecdh_parameters, pull_rsa_parameters
from handshake.wire.messages import pull_alert, pull_server_hello
from handshake.wire.record import Record, RecordReader
from handshake.wire.registry import AlertLevel, ContentType, HandshakeType, ProtocolVersion
from servers.definition import load_definitions
from servers.emulated.emulation import read_emulation, server_configuration
from servers.variant import parse_server_id

VECTORS = Path(__file__).parents[2] / "vectors"
_FLIGHTS = json.loads((VECTORS / "jsse-first-flights.json").read_text())
FIRST_FLIGHTS: dict[str, dict[str, Any]] = {flight["name"]: flight for flight in _FLIGHTS["first_flights"]}
REBUILT_FIRST_FLIGHTS: dict[str, dict[str, Any]] = {
    flight["name"]: flight for flight in _FLIGHTS["rebuilt_first_flights"]
}
FURTHER_FLIGHTS: dict[str, dict[str, Any]] = {
    flight["name"]: flight
    for flight in json.loads((VECTORS / "jsse-further-flights.json").read_text())["first_flights"]
}
ANSWERS: dict[str, dict[str, Any]] = _FLIGHTS["answers"]
LEVELS: tuple[str, ...] = tuple(_FLIGHTS["levels"])
JAVA_7_LEVELS = tuple(level for level in LEVELS if level.startswith("7"))


def at_level(by_level: Mapping[str, Any], level: str) -> Any:
    """What a table of the vectors has for a level: its own entry, or the one of all the others."""
    return by_level.get(level, by_level.get("*"))


def measured_server(level: str, *, ec: bool = False) -> str:
    """The server as it was measured: SSLv3 and TLSv1, AES of all strengths, with or without curves."""
    if level in JAVA_7_LEVELS:
        return f"jsse7@{level},policy=unlimited,protocols=tlsv1" + ("" if ec else ",ec=no")
    return f"jsse6@{level},policy=unlimited" + (",ec=yes" if ec else "")


def stock_server(level: str) -> str:
    """Java 7 as it comes, but with AES of all strengths: the stock settings of the measurements."""
    return f"jsse7@{level},policy=unlimited"


@cache
def rsa_credential() -> Credential:
    """An RSA key of 2048 bits, as in the measurements."""
    return generate_rsa(2048, subject="localhost", now=datetime.now(UTC), serial=1)


@cache
def configuration_of(server_id: str) -> ServerConfiguration:
    """The configuration of a bundled emulated server."""
    variant = parse_server_id(server_id, load_definitions())
    emulation = read_emulation(variant.emulation(), server_id)
    return server_configuration(variant.declared(), emulation, {"rsa": rsa_credential()})


def connection_to(server_id: str) -> ServerConnection:
    """A fresh connection to the server, which has received nothing yet."""
    return ServerConnection(configuration_of(server_id), entropy=secrets.token_bytes)


def answer_to(server_id: str, first_flight: bytes) -> dict[str, Any]:
    """Send the first flight; the answer as the vectors describe one."""
    connection = connection_to(server_id)
    connection.receive_data(first_flight, 0.0)
    return describe(connection)


def describe(connection: ServerConnection) -> dict[str, Any]:
    """What the server has sent so far, and whether it has ended the connection."""
    data = connection.data_to_send()
    answer: dict[str, Any] = {"records": []}
    if data[:1] == b"\x80":
        answer["sslv2_bytes"], data = data[:5].hex(), data[5:]
    records = RecordReader()
    records.feed(data)
    while isinstance(record := records.next(), Record):
        version = f"{record.record_version >> 8}.{record.record_version & 0xFF}"
        if record.content_type == ContentType.ALERT:
            alert = pull_alert(record.fragment)
            content: list[Any] = [AlertLevel(alert.level).name.lower(), alert.description]
        else:
            content = _describe_messages(record.fragment, answer)
        answer["records"].append([record.content_type, version, content])
    assert records.buffered == b""
    assert connection.ending is Ending.FIN
    answer["end"] = "FIN" if connection.is_ended else "open"
    return answer


def words_for(server_id: str, first_flight: bytes) -> str:
    """Send the first flight; the answer in one line, as tests/vectors/jsse-further-flights.json has it."""
    connection = connection_to(server_id)
    connection.receive_data(first_flight, 0.0)
    data, words = connection.data_to_send(), []
    if data[:1] == b"\x80":
        words, data = ["SSLv2 error"], data[5:]
    records = RecordReader()
    records.feed(data)
    while isinstance(record := records.next(), Record):
        if record.content_type == ContentType.ALERT:
            alert = pull_alert(record.fragment)
            assert alert.level == AlertLevel.FATAL
            words.append(f"alert {alert.description} in {_dotted(record.record_version)}")
            continue
        words += _message_words(record)
    return ", ".join([*words, "FIN" if connection.is_ended else "open"])


def _message_words(record: Record) -> list[str]:
    messages, words, suite = MessageReader(), [], 0
    messages.feed(record.fragment)
    while (message := messages.next()) is not None:
        if message.handshake_type == HandshakeType.SERVER_HELLO:
            hello = pull_server_hello(message.body)
            assert hello.legacy_version == record.record_version
            suite = hello.cipher_suite
            extensions = [f" {each.extension_type:04x}:{each.body.hex()}" for each in hello.extensions or ()]
            words.append(f"{_dotted(hello.legacy_version)} {suite:04x}{''.join(extensions)}")
        elif message.handshake_type == HandshakeType.SERVER_KEY_EXCHANGE:
            words.append(_key_exchange_words(suite, record.record_version, message.body))
    return words


def _key_exchange_words(suite: int, version: int, body: bytes) -> str:
    reader = Reader(body)
    if suite_parameters(suite).key_exchange is KeyExchange.RSA_EXPORT:
        words = f"RSA {pull_rsa_parameters(reader).modulus.bit_length()}"
    elif suite >= 0xC000:
        words = f"group {pull_ecdh_parameters(reader).named_group}"
    else:
        words = f"DH {pull_dh_parameters(reader).p.bit_length()}"
    is_named = version >= ProtocolVersion.TLS_1_2
    return f"{words} by {reader.pull_uint(2):04x}" if is_named else words


def _dotted(version: int) -> str:
    return f"{version >> 8}.{version & 0xFF}"


def _describe_messages(fragment: bytes, answer: dict[str, Any]) -> list[str]:
    messages, names = MessageReader(), []
    messages.feed(fragment)
    while (message := messages.next()) is not None:
        names.append(
            "".join(word.capitalize() for word in HandshakeType(message.handshake_type).name.split("_"))
        )
        if message.handshake_type == HandshakeType.SERVER_HELLO:
            hello = pull_server_hello(message.body)
            answer["server_hello"] = {
                "version": f"{hello.legacy_version >> 8}.{hello.legacy_version & 0xFF}",
                "suite": f"{hello.cipher_suite:04x}",
                "session_id_length": len(hello.session_id),
                "compression": hello.compression_method,
                "extension_block": hello.extensions is not None,
                "extensions": [
                    [f"{each.extension_type:04x}", each.body.hex()] for each in hello.extensions or ()
                ],
            }
        elif message.handshake_type == HandshakeType.SERVER_KEY_EXCHANGE:
            answer["server_key_exchange"] = _describe_key_exchange(
                answer["server_hello"]["suite"], message.body
            )
    assert messages.buffered == b""
    return names


def _describe_key_exchange(suite: str, body: bytes) -> dict[str, Any]:
    if suite == "0003":
        return {"kind": "RSA_EXPORT", "modulus_bits": pull_rsa_parameters(Reader(body)).modulus.bit_length()}
    if suite.startswith("c0"):
        return {
            "kind": "ECDHE",
            "curve_type": body[0],
            "named_curve": pull_ecdh_parameters(Reader(body)).named_group,
        }
    return {"kind": "DHE", "prime_bits": pull_dh_parameters(Reader(body)).p.bit_length()}
