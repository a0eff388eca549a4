"""A Go server with h2 alone: a client that offers http/1.1 alone counts as one that offers nothing."""

from handshake.wire.registry import ExtensionType
from tests.servers.asking import extension, hello
from tests.servers.questions import IN_TLS_1_3, TLS_1_3, how_it_went, visit, with_
from tests.servers.started import Variants

OFFERS = {"http/1.1": "works", "h2": "works", "foo": "server-hello:alert-no_application_protocol"}


def test_http_1_1_alone_is_no_offer_to_a_server_with_h2(variants: Variants) -> None:
    server = variants.start("go@1.27,alpn=h2")
    for name, expected in OFFERS.items():
        listed = bytes([len(name)]) + name.encode()
        body = (len(listed).to_bytes(2) + listed).hex()
        offered = extension(ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION, body)
        attempt, _ = visit(server, with_(hello(TLS_1_3, IN_TLS_1_3), offered))
        assert how_it_went(attempt) == expected, name
