"""A client in the words of the renegotiation vectors: the hellos they name, how they are cut, what is heard.

The words are those of tests/vectors/jsse-renegotiation.json and jsse-server-initiated.json (SOURCES.md beside
them says what each means). The client does no I/O: it is asked over TCP here, and in memory by the tests.
"""

import os
from typing import Any

from handshake.client.connection import ClientConnection
from handshake.client.hello import FilledHello
from handshake.events import (
    AlertReceived,
    ApplicationData,
    Event,
    HandshakeCompleted,
    PeerClosed,
    RenegotiationRequested,
)
from handshake.hello_template import ClientLimits, ClientPolicy, ExtensionTemplate, HelloTemplate
from handshake.renegotiation import Renegotiation
from handshake.wire.extensions import push_renegotiation_info
from handshake.wire.registry import (
    AlertLevel,
    ContentType,
    ExtensionType,
    HandshakeType,
    ProtocolVersion,
    alert_name,
)

VERSIONS = {
    "3.0": ProtocolVersion.SSL_3_0,
    "3.1": ProtocolVersion.TLS_1_0,
    "3.3": ProtocolVersion.TLS_1_2,
}
TLS_RSA_WITH_AES_128_CBC_SHA = 0x002F
SCSV = 0x00FF
UNKNOWN_EXTENSION = 0x7777
KEY_EXCHANGE_CUT_SHORT = bytes((HandshakeType.CLIENT_KEY_EXCHANGE, 0, 0, 2, 0, 48))  # announces 48 bytes more
CUTS = ("split_in_two_records", "split_in_header", "extra_handshake_bytes_in_same_record")
_WILLING = ClientPolicy(renegotiation=Renegotiation.LEGACY, hello_request="ignore")


def hello(version: int, carries: str, verify_data: bytes = b"") -> HelloTemplate:
    """A hello for AES-128 that carries what the word says; `verify_data` is the client's Finished before."""
    bodies = {
        "RI": [push_renegotiation_info(b"")],
        "good": [push_renegotiation_info(verify_data)],
        "good+SCSV": [push_renegotiation_info(verify_data)],
        "empty": [push_renegotiation_info(b"")],
        "zero_len": [b""],
        "wrong": [push_renegotiation_info(bytes(len(verify_data)))],
        "wrong_len": [push_renegotiation_info(verify_data[:-1])],
    }.get(carries, [])
    extensions = [ExtensionTemplate(ExtensionType.RENEGOTIATION_INFO, body) for body in bodies]
    if carries == "none+unknown_empty_last":
        extensions.append(ExtensionTemplate(UNKNOWN_EXTENSION))
    suites = (TLS_RSA_WITH_AES_128_CBC_SHA, *((SCSV,) if "SCSV" in carries else ()))
    return HelloTemplate(version, suites, record_version=version, extensions=tuple(extensions) or None)


class CuttingClient(ClientConnection):
    """A client that may cut its second hello or put more behind it: one of CUTS."""

    cut: str | None = None

    def write_hello(self, hello: FilledHello) -> None:
        """Write the hello in the fragments that the cut asks for."""
        message = hello.message
        middle = len(message) // 2
        fragments = {
            "split_in_two_records": [message[:middle], message[middle:]],
            "split_in_header": [message[:2], message[2:]],
            "extra_handshake_bytes_in_same_record": [message + KEY_EXCHANGE_CUT_SHORT],
        }.get(self.cut or "", [message])
        for fragment in fragments:
            self.records.write(ContentType.HANDSHAKE, fragment, self.now)


def willing_client(version: int, initial: str) -> CuttingClient:
    """A client that renegotiates when told to, whatever the server has signalled."""
    return CuttingClient(
        hello(version, initial),
        server_name=None,
        limits=ClientLimits(),
        policy=_WILLING,
        entropy=os.urandom,
    )


def event_word(event: Event) -> str | None:
    """What the vectors call an event; None for those they leave out."""
    match event:
        case AlertReceived(level, description):
            return f"{AlertLevel(level).name.lower()} {alert_name(description)}({description})"
        case ApplicationData():
            return "application_data"
        case RenegotiationRequested():
            return "HelloRequest"
        case HandshakeCompleted(negotiated):
            return "completed (abbreviated)" if negotiated.is_resumed else "completed"
        case PeerClosed(close_notify=False):
            return "FIN"
    return None


def second_server_hello(client: ClientConnection) -> dict[str, Any]:
    """What the vectors keep of the second ServerHello."""
    handshake = client.handshake
    body = handshake.server_extensions.get(ExtensionType.RENEGOTIATION_INFO)
    assert handshake.previous is not None, "only asked for after a renegotiation"
    both = handshake.previous.client_verify_data + handshake.previous.server_verify_data
    is_expected = body == push_renegotiation_info(both)
    return {
        "second_version": f"{handshake.version >> 8}.{handshake.version & 0xFF}",
        "second_renegotiation_info": "client+server verify_data"
        if is_expected
        else body.hex()
        if body is not None
        else None,
        "same_session": handshake.is_resumed,
    }
