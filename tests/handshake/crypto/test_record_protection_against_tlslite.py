"""Records exchanged with tlslite-ng's record layer, both directions, for every shape of suite it has."""

from collections.abc import Iterator

import pytest

from handshake.crypto.record_protection import Protection, Protection13, traffic_protection
from handshake.crypto.suite_parameters import BulkAlgorithm, CipherKind, KeyExchange, suite_parameters
from tests.handshake.crypto.independent import CipherSuite, Message, recordlayer
from tests.handshake.crypto.test_record_protection import (
    ALL,
    APPLICATION_DATA,
    CLIENT_RANDOM,
    CODES_13,
    MASTER,
    SERVER_RANDOM,
    SSL_3_0,
    TLS_1_3,
    entropy,
    named,
    pair,
)


class Wire:
    """The socket tlslite's record layer is given: bytes kept in memory."""

    def __init__(self) -> None:
        self.data = bytearray()

    def send(self, data: bytes) -> int:
        self.data += data
        return len(data)

    def recv(self, length: int) -> bytes:
        taken = bytes(self.data[:length])
        del self.data[:length]
        return taken


def tlslite_layer(version: int, *, client: bool) -> tuple[Wire, "recordlayer.RecordLayer"]:
    wire = Wire()
    layer = recordlayer.RecordLayer(wire)
    layer.client = client
    layer.version = divmod(version, 256)
    return wire, layer


def exchange_with_tlslite(
    wire: Wire,
    layer: "recordlayer.RecordLayer",
    writer: Protection | Protection13,
    reader: Protection | Protection13,
) -> None:
    version = min(layer.version, (3, 3))
    for size in (0, 1, 15, 16, 17, 700, 0, 5):  # tlslite's own 3DES is slow
        content = bytes(range(256)) * (size // 256) + bytes(size % 256)
        fragment = writer.protect(APPLICATION_DATA, version[0] << 8 | version[1], content)
        wire.data += bytes((APPLICATION_DATA, *version)) + len(fragment).to_bytes(2, "big") + fragment
        header, parser = next(layer.recvRecord())
        assert (header.type, bytes(parser.bytes)) == (APPLICATION_DATA, content)
        for _ in layer.sendRecord(Message(APPLICATION_DATA, bytearray(content))):
            pass
        received = bytes(wire.data)
        wire.data.clear()
        content_type, record_version = received[0], int.from_bytes(received[1:3], "big")
        expected = (APPLICATION_DATA, content) if layer.version == (3, 4) else content
        assert reader.unprotect(content_type, record_version, received[5:]) == expected


def shapes_of_tlslite() -> Iterator[tuple[int, int]]:
    theirs = {BulkAlgorithm.RC4, BulkAlgorithm.TRIPLE_DES, BulkAlgorithm.AES, BulkAlgorithm.NULL}
    seen = set()
    for code, version in ALL:
        parameters = suite_parameters(code)
        known = parameters.cipher.algorithm in theirs or parameters.mac is None
        shape = (parameters.cipher.name, parameters.mac, version)
        if (
            known
            and not parameters.is_export
            and code in CipherSuite.ietfNames
            and parameters.key_exchange is not KeyExchange.DHE_DSS
            and shape not in seen
        ):
            seen.add(shape)
            yield code, version


@pytest.mark.parametrize("encrypt_then_mac", [False, True])
@pytest.mark.parametrize(("code", "version"), list(shapes_of_tlslite()), ids=named)
def test_records_are_exchanged_with_tlslite(code, version, encrypt_then_mac):
    is_negotiable = suite_parameters(code).cipher.kind is CipherKind.BLOCK and version > SSL_3_0
    encrypt_then_mac = encrypt_then_mac and is_negotiable
    wire, layer = tlslite_layer(version, client=False)
    layer.calcPendingStates(
        code, bytearray(MASTER), bytearray(CLIENT_RANDOM), bytearray(SERVER_RANDOM), ["python"]
    )
    layer.encryptThenMAC = encrypt_then_mac
    layer.changeReadState()
    layer.changeWriteState()
    writer, reader = pair(code, version, encrypt_then_mac=encrypt_then_mac)
    exchange_with_tlslite(wire, layer, writer, reader)


@pytest.mark.parametrize("code", CODES_13, ids=named)
def test_tls13_records_are_exchanged_with_tlslite(code):
    parameters = suite_parameters(code)
    client_secret, server_secret = entropy(48), entropy(48)
    wire, layer = tlslite_layer(TLS_1_3, client=False)
    layer.tls13record = True
    layer.calcTLS1_3PendingState(code, bytearray(client_secret), bytearray(server_secret), ["python"])
    layer.changeReadState()
    layer.changeWriteState()
    exchange_with_tlslite(
        wire,
        layer,
        traffic_protection(parameters, client_secret),
        traffic_protection(parameters, server_secret),
    )
