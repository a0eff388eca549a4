"""The OCSP response beside a certificate: OpenSSL gets what the server has for it, where it asks."""

import pytest
from OpenSSL import SSL

from handshake.wire.registry import ProtocolVersion
from tests.handshake.peers import OpenSSLPeer, Ours, exchange, openssl_context, server

RESPONSE = b"\x30\x03\x0a\x01\x01"
"""An OCSPResponse without content: malformedRequest (RFC 6960 section 4.2.1)."""
CASES = [
    (ProtocolVersion.TLS_1_0, 0x0033, "DHE-RSA-AES128-SHA"),
    (ProtocolVersion.TLS_1_2, 0x009C, "AES128-GCM-SHA256"),
    (ProtocolVersion.TLS_1_3, 0x1301, "TLS_AES_128_GCM_SHA256"),
]


def told(version: int, suite: int, ciphers: str, *, asks: bool, response: bytes) -> list[bytes]:
    """What OpenSSL's callback is told; it is not called where nothing was asked for."""
    context, responses = openssl_context(version, ciphers), list[bytes]()

    def callback(connection: SSL.Connection, data: bytes, extra: object) -> bool:
        responses.append(data)
        return True

    context.set_ocsp_client_callback(callback)
    connection = SSL.Connection(context, None)
    if asks:
        connection.request_ocsp()
    client = OpenSSLPeer(context, "client", connection=connection)
    exchange(client, Ours(server(version, suite, ocsp_response=response)))
    return responses


@pytest.mark.parametrize(("version", "suite", "ciphers"), CASES)
def test_who_asks_gets_it(version: int, suite: int, ciphers: str) -> None:
    assert told(version, suite, ciphers, asks=True, response=RESPONSE) == [RESPONSE]
    assert told(version, suite, ciphers, asks=True, response=b"") == [b""]
    assert told(version, suite, ciphers, asks=False, response=RESPONSE) in ([], [b""])
