"""Odd messages after an accepted first flight, and how records are split: replayed at every level (research
note on JSSE sections 7 and 9).
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from handshake.events import ApplicationData
from handshake.server import ServerConnection
from handshake.wire.messages import pull_alert
from handshake.wire.record import Record, RecordReader
from handshake.wire.registry import AlertLevel, ContentType, alert_name
from tests.servers.emulated.answers import (
    FIRST_FLIGHTS,
    JAVA_7_LEVELS,
    LEVELS,
    VECTORS,
    answer_to,
    at_level,
    connection_to,
    describe,
    measured_server,
    stock_server,
)
from tests.servers.emulated.hellos import PLAIN, flight
from tests.servers.emulated.rsa_client import REQUEST, Continuation, establish, events

HELLOS = {
    "3.1": bytes.fromhex(FIRST_FLIGHTS["plain_noext"]["hex"]),
    "3.0": bytes.fromhex(FIRST_FLIGHTS["ver_3_0"]["hex"]),
}
HELLO = HELLOS["3.1"]
SPLITTING_LEVELS = ("6u29", "6u45", "7u25", "7u85")
CLOSE_NOTIFY = b"\x01\x00"
ALERTS = json.loads((VECTORS / "jsse-alerts.json").read_text())["cases"]
SPLITTING = json.loads((VECTORS / "jsse-splitting.json").read_text())


def flipped(record: bytes, position: int) -> bytes:
    """The record with one bit of its fragment changed."""
    index = position % len(record)
    return record[:index] + bytes((record[index] ^ 1,)) + record[index + 1 :]


def requests(client: Continuation) -> bytes:
    return client.protected(ContentType.APPLICATION_DATA, REQUEST)


def warning(description: int) -> Callable[[Continuation], bytes]:
    return lambda client: client.protected(ContentType.ALERT, bytes((1, description))) + requests(client)


AFTER_THE_HANDSHAKE: dict[str, Callable[[Continuation], bytes]] = {
    "application record with a flipped first ciphertext byte (bad MAC)": lambda client: flipped(
        requests(client), 5
    ),
    "application record with a flipped last ciphertext byte (bad padding)": lambda client: flipped(
        requests(client), -1
    ),
    "close_notify after handshake": lambda client: client.protected(ContentType.ALERT, CLOSE_NOTIFY),
    "ChangeCipherSpec after handshake": lambda client: client.protected(
        ContentType.CHANGE_CIPHER_SPEC, b"\x01"
    ),
    "empty application record, then request": lambda client: (
        client.protected(ContentType.APPLICATION_DATA, b"") + requests(client)
    ),
    "warning alert 41 after handshake, then request": warning(41),
    "warning alert 90 after handshake, then request": warning(90),
    "warning alert 100 after handshake, then request": warning(100),
    "warning alert 112 after handshake, then request": warning(112),
}
INSTEAD_OF_THE_SECOND_FLIGHT: dict[str, Callable[[Continuation], bytes]] = {
    "close_notify after ServerHelloDone": lambda client: client.plain(ContentType.ALERT, CLOSE_NOTIFY),
    "handshake: ok": lambda client: client.whole,
    "handshake: rsa_garbage": lambda client: (
        flipped(client.key_exchange, -1) + client.change_cipher_spec + client.finished()
    ),
    "handshake: finished_wrong_verify_data": lambda client: (
        client.key_exchange + client.change_cipher_spec + client.finished(wrong=bytes(4))
    ),
    "handshake: finished_bad_mac": lambda client: (
        client.key_exchange + client.change_cipher_spec + flipped(client.finished(), 5)
    ),
    "handshake: finished_bad_padding": lambda client: (
        client.key_exchange + client.change_cipher_spec + flipped(client.finished(), -1)
    ),
    "handshake: finished_without_cke": lambda client: client.change_cipher_spec + client.finished(),
    "handshake: second_client_hello_instead_of_cke": lambda _: HELLO,
    "handshake: appdata_instead_of_finished": lambda client: (
        client.key_exchange + client.change_cipher_spec + requests(client)
    ),
}
PREMASTER_VERSIONS = {"handshake: pms_version_3.0": 0x0300, "handshake: pms_version_3.3": 0x0303}


def seen(connection: ServerConnection, client: Continuation | None) -> list[str]:
    """What the server sent, in the words of the vectors; with a client, decrypted."""
    words = []
    served = ApplicationData(REQUEST) in events(connection)
    if client is None:
        for content_type, _, content in describe(connection)["records"]:
            if content_type == ContentType.ALERT:
                words.append(f"{content[0]} {alert_name(content[1])}({content[1]})")
            else:
                words += content
    else:
        for content_type, content in client.unprotected(connection.data_to_send()):
            assert content_type == ContentType.ALERT
            alert = pull_alert(content)
            level = AlertLevel(alert.level).name.lower()
            words.append(f"{level} {alert_name(alert.description)}({alert.description}) [encrypted]")
    return [*words, *(["200 OK"] if served else []), "FIN" if connection.is_ended else "timeout"]


def replay(server_id: str, case: str, hello: bytes) -> list[str]:
    connection = connection_to(server_id)
    if case in AFTER_THE_HANDSHAKE:
        client = establish(connection, hello)
        connection.receive_data(AFTER_THE_HANDSHAKE[case](client), 0.0)
        return seen(connection, client)
    connection.receive_data(hello, 0.0)
    flight = connection.data_to_send()
    client = Continuation(hello, flight, pre_master_version=PREMASTER_VERSIONS.get(case))
    choose = INSTEAD_OF_THE_SECOND_FLIGHT.get(case, lambda client: client.whole)
    connection.receive_data(choose(client), 0.0)
    if connection.is_connected:
        return ["ChangeCipherSpec", "Finished", "timeout"]
    return seen(connection, None)


@pytest.mark.parametrize("case", ALERTS, ids=[f"{case['version']}-{case['case']}" for case in ALERTS])
@pytest.mark.parametrize("level", LEVELS)
def test_odd_messages_are_answered_as_measured(level: str, case: dict[str, Any]) -> None:
    expected = at_level(case["server"], level)
    assert replay(measured_server(level), case["case"], HELLOS[case["version"]]) == expected


def test_every_case_is_played() -> None:
    named = {case["case"] for case in ALERTS}
    assert named == {*AFTER_THE_HANDSHAKE, *INSTEAD_OF_THE_SECOND_FLIGHT, *PREMASTER_VERSIONS}


SUITES = {"AES128-CBC": 0x002F, "RC4": 0x0005}
VERSIONS = {"3.0": 0x0300, "3.1": 0x0301}
WRITES = {"default": (38, 5), "jsse.enableCBCProtection=false": (38, 5), "default, 20 kB body": (42, 20005)}
SPLIT = [case for case in SPLITTING["cases"] if "renegotiation" not in case]


def responses(server_id: str, hello: bytes, writes: tuple[int, ...]) -> list[list[list[int]]]:
    """Lengths of the records of three responses, each a list of writes: of the content and on the wire."""
    connection = connection_to(server_id)
    client = establish(connection, hello)

    def respond() -> list[list[int]]:
        for length in writes:
            connection.send_application_data(bytes(length), 0.0)
        data = connection.data_to_send()
        reader = RecordReader()
        reader.feed(data)
        wire = []
        while isinstance(record := reader.next(), Record):
            wire.append(len(record.fragment))
        contents = [len(content) for _, content in client.unprotected(data)]
        return [[*pair] for pair in zip(contents, wire, strict=True)]

    return [respond() for _ in range(3)]


@pytest.mark.parametrize(
    "case", SPLIT, ids=[f"{case['version']}-{case['cipher']}-{case['settings']}" for case in SPLIT]
)
@pytest.mark.parametrize("level", LEVELS)
def test_application_data_is_split_as_measured(level: str, case: dict[str, Any]) -> None:
    measured = at_level(case["responses"], level)
    hello = flight(
        replace(PLAIN, legacy_version=VERSIONS[case["version"]], cipher_suites=(SUITES[case["cipher"]],))
    )
    server = measured_server(level)
    if measured is None:
        assert "server_hello" not in answer_to(server, hello)
        return
    if case["settings"].startswith("jsse.enableCBCProtection") and level in SPLITTING_LEVELS:
        server += ",cbc-protection=no"
    assert responses(server, hello, WRITES[case["settings"]]) == SPLITTING["responses"][measured]


@pytest.mark.parametrize("level", JAVA_7_LEVELS)
@pytest.mark.parametrize("version", [0x0302, 0x0303])
def test_nothing_is_split_from_tls_1_1_on(level: str, version: int) -> None:
    hello = flight(replace(PLAIN, legacy_version=version))
    lengths = [
        [length for length, _ in response] for response in responses(stock_server(level), hello, (38, 5))
    ]
    assert lengths == [[38, 5]] * 3
