"""What a server answered, described so that two answers can be compared; pure.

The form is that of tests/vectors/jsse-first-flights.json: `records` (content type, record version, and the
names of the messages that end in it or the level and code of an alert), `server_hello`,
`server_key_exchange`, `sslv2_bytes` in front of the records, and `end` (FIN, RST or open). What differs from
connection to connection (random, session id, keys, signatures) is left out, its length is not; nor is whether
random and session id begin with the time.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from handshake.connection import message_name
from handshake.crypto.suite_parameters import KeyExchange, suite_parameters
from handshake.errors import PeerFault
from handshake.hello_random import TIME_SIZE, Beginning
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


CLOCK_TOLERANCE_SECONDS = 60
BEGINNINGS = ("random_begins_with", "session_id_begins_with")


def describe_answer(received: bytes, end: str, now: float | None = None) -> dict[str, Any]:
    """Describe the bytes that came and how the connection ended, "FIN", "RST" or "open".

    `now` is the time in seconds since 1970; without it what random and session id begin with is left out.
    """
    answer: dict[str, Any] = {"records": []}
    if received[:1] == b"\x80":
        answer["sslv2_bytes"] = received[:SSLV2_ERROR_SIZE].hex()
        received = received[SSLV2_ERROR_SIZE:]
    records, messages = RecordReader(rules=ANY_VERSION), MessageReader()
    records.feed(received)
    try:
        while isinstance(record := records.next(), Record):
            version = _version(record.record_version)
            answer["records"].append([record.content_type, version, _content(record, messages, answer, now)])
    except PeerFault as fault:
        answer["unreadable"] = fault.detail
    if left := len(records.buffered) + len(messages.buffered):
        answer["incomplete_bytes"] = left
    answer["end"] = end
    return answer


def _content(record: Record, messages: MessageReader, answer: dict[str, Any], now: float | None) -> list[Any]:
    if record.content_type == ContentType.ALERT:
        alert = pull_alert(record.fragment)
        return [_level(alert.level), alert.description]
    if record.content_type != ContentType.HANDSHAKE:
        return [f"{len(record.fragment)} bytes"]
    messages.feed(record.fragment)
    names = []
    while (message := messages.next()) is not None:
        names.append(message_name(message.handshake_type))
        _describe_message(message, answer, now)
    return names


def _describe_message(message: HandshakeMessage, answer: dict[str, Any], now: float | None) -> None:
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
        if now is not None:
            begins = (_beginning(fresh, now) for fresh in (hello.random, hello.session_id))
            answer["server_hello"] |= zip(BEGINNINGS, begins, strict=True)
    elif message.handshake_type == HandshakeType.SERVER_KEY_EXCHANGE:
        suite = int(answer["server_hello"]["suite"], 16)
        answer["server_key_exchange"] = _describe_key_exchange(suite, message.body)


def _beginning(fresh: bytes, now: float) -> str | None:
    """What fresh bytes begin with, None for no bytes. Random ones pass for the time once in 36 million."""
    if not fresh:
        return None
    is_time = abs(int.from_bytes(fresh[:TIME_SIZE], "big") - now) <= CLOCK_TOLERANCE_SECONDS
    return (Beginning.GMT_UNIX_TIME if is_time else Beginning.RANDOM_BYTES).value


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
        for name in BEGINNINGS:
            if hello.get(name) == Beginning.GMT_UNIX_TIME:
                yield f"{name.partition('_begins')[0].replace('_', ' ')} begins with the time"
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
