"""What a server answered, described so that two answers can be compared; pure.

The form is that of tests/vectors/jsse-first-flights.json: `records` (content type, record version, and the
names of the messages that end in it or the level and code of an alert), `server_hello`,
`server_key_exchange`, `sslv2_bytes` in front of the records, and `end` (FIN, RST or open). What differs from
connection to connection (random, session id, keys, signatures) is left out, its length is not.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from handshake.connection import message_name
from handshake.crypto.suite_parameters import KeyExchange, suite_parameters
from handshake.errors import PeerFault
from handshake.wire.buffer import Reader
from handshake.wire.cipher_suites import cipher_suite_name
from handshake.wire.handshake_message import HandshakeMessage, MessageReader
from handshake.wire.key_exchange import pull_dh_parameters, pull_ecdh_parameters, pull_rsa_parameters
from handshake.wire.messages import pull_alert, pull_server_hello
from handshake.wire.record import Record, RecordReader, RecordRules
from handshake.wire.registry import (
    AlertLevel,
    ContentType,
    HandshakeType,
    alert_name,
    extension_name,
    group_name,
)

Answer = Mapping[str, Any]

SSLV2_ERROR_SIZE = 5  # two bytes of header, message type and error code: what SunJSSE sends
ANY_VERSION = RecordRules(max_fragment=2**16 - 1, any_version=True)
_EPHEMERAL_EC = (KeyExchange.ECDHE_RSA, KeyExchange.ECDHE_ECDSA, KeyExchange.ECDH_ANON)


def describe_answer(received: bytes, end: str) -> dict[str, Any]:
    """Describe the bytes that came and how the connection ended, "FIN", "RST" or "open"."""
    answer: dict[str, Any] = {"records": []}
    if received[:1] == b"\x80":
        answer["sslv2_bytes"] = received[:SSLV2_ERROR_SIZE].hex()
        received = received[SSLV2_ERROR_SIZE:]
    records, messages = RecordReader(rules=ANY_VERSION), MessageReader()
    records.feed(received)
    try:
        while isinstance(record := records.next(), Record):
            version = _version(record.record_version)
            answer["records"].append([record.content_type, version, _content(record, messages, answer)])
    except PeerFault as fault:
        answer["unreadable"] = fault.detail
    if left := len(records.buffered) + len(messages.buffered):
        answer["incomplete_bytes"] = left
    answer["end"] = end
    return answer


def _content(record: Record, messages: MessageReader, answer: dict[str, Any]) -> list[Any]:
    if record.content_type == ContentType.ALERT:
        alert = pull_alert(record.fragment)
        return [_level(alert.level), alert.description]
    if record.content_type != ContentType.HANDSHAKE:
        return [f"{len(record.fragment)} bytes"]
    messages.feed(record.fragment)
    names = []
    while (message := messages.next()) is not None:
        names.append(message_name(message.handshake_type))
        _describe_message(message, answer)
    return names


def _describe_message(message: HandshakeMessage, answer: dict[str, Any]) -> None:
    if message.handshake_type == HandshakeType.SERVER_HELLO:
        hello = pull_server_hello(message.body)
        answer["server_hello"] = {
            "version": _version(hello.legacy_version),
            "suite": f"{hello.cipher_suite:04x}",
            "session_id_length": len(hello.session_id),
            "compression": hello.compression_method,
            "extension_block": hello.extensions is not None,
            "extensions": [
                [f"{each.extension_type:04x}", each.body.hex()] for each in hello.extensions or ()
            ],
        }
    elif message.handshake_type == HandshakeType.SERVER_KEY_EXCHANGE:
        suite = int(answer["server_hello"]["suite"], 16)
        answer["server_key_exchange"] = _describe_key_exchange(suite, message.body)


def _describe_key_exchange(suite: int, body: bytes) -> dict[str, Any]:
    exchange = suite_parameters(suite).key_exchange
    if exchange in _EPHEMERAL_EC:
        named_curve = pull_ecdh_parameters(Reader(body)).named_group
        return {"kind": "ECDHE", "curve_type": body[0], "named_curve": named_curve}
    if exchange is KeyExchange.RSA_EXPORT:
        modulus = pull_rsa_parameters(Reader(body)).modulus
        return {"kind": "RSA_EXPORT", "modulus_bits": modulus.bit_length()}
    return {"kind": "DHE", "prime_bits": pull_dh_parameters(Reader(body)).p.bit_length()}


def differences(first: Answer, second: Answer) -> list[str]:
    """Name each fact the two answers do not agree on, as a path ("server_hello.suite"); empty if they do."""
    return list(_differing("", first, second))


def _differing(path: str, first: Any, second: Any) -> Iterator[str]:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in dict.fromkeys((*first, *second)):
            yield from _differing(f"{path}.{key}" if path else key, first.get(key), second.get(key))
    elif first != second:
        yield path


def in_words(answer: Answer) -> str:
    """Say the answer in a line: "fatal handshake_failure [3.1]; FIN"; record versions are in brackets."""
    if "records" not in answer:
        return "; ".join(f"{key.replace('_', ' ')}: {_listed(value)}" for key, value in answer.items())
    parts = [f"SSLv2 bytes {answer['sslv2_bytes']}"] if "sslv2_bytes" in answer else []
    for content_type, version, content in answer["records"]:
        if content_type == ContentType.ALERT:
            parts.append(f"{content[0]} {alert_name(content[1])} [{version}]")
        else:
            parts.append(f"{'+'.join(content)} [{version}]")
    for key in ("unreadable", "incomplete_bytes"):
        if key in answer:
            parts.append(f"{key}: {answer[key]}")
    facts = ", ".join(_facts(answer))
    said = (", ".join(parts) or "nothing") + (f" ({facts})" if facts else "")
    return f"{said}; {answer['end']}"


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _facts(answer: Answer) -> Iterator[str]:
    if hello := answer.get("server_hello"):
        yield f"version {hello['version']}"
        yield cipher_suite_name(int(hello["suite"], 16))
        if hello["session_id_length"] != 32:
            yield f"session id of {hello['session_id_length']} bytes"
        if hello["compression"]:
            yield f"compression {hello['compression']}"
        if hello["extension_block"]:
            names = [
                f"{extension_name(int(code, 16))}={body or 'empty'}" for code, body in hello["extensions"]
            ]
            yield f"extensions {' '.join(names) or 'none'}"
    if exchange := answer.get("server_key_exchange"):
        size = exchange.get("prime_bits") or exchange.get("modulus_bits")
        curve = group_name(exchange["named_curve"]) if "named_curve" in exchange else f"{size} bits"
        yield f"{exchange['kind']} {curve}"


def _version(version: int) -> str:
    return f"{version >> 8}.{version & 0xFF}"


def _level(level: int) -> str:
    names = {int(member): member.name.lower() for member in AlertLevel}
    return names.get(level, str(level))
