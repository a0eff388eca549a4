"""A server that answers encrypted_client_hello with its configurations, and clients whose extension has no
meaning: they read the answer and go on without it (RFC 9849 sections 6.2 and 7.1).
"""

import pytest

from handshake.features import parse_feature
from handshake.hello_template import ExtensionTemplate, HelloTemplate
from handshake.wire.encrypted_client_hello import pull_ech_config_contents, pull_ech_config_list
from handshake.wire.registry import ExtensionType, NamedGroup, ProtocolVersion
from tests.handshake.modern import OPENSSL_4, replaced
from tests.handshake.peers import Ours, client, exchange, pump, server

TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
ECH = ExtensionType.ENCRYPTED_CLIENT_HELLO
ASKING = parse_feature("extension:encrypted_client_hello").with_(OPENSSL_4)


def answer_of(hello: HelloTemplate, version: int = TLS_1_3, **quirks: object) -> bytes | None:
    suites = (0x1301,) if version == TLS_1_3 else (0xC02F,)
    ours, theirs = Ours(client(hello)), Ours(server(version, *suites, **quirks))
    exchange(ours, theirs)
    handshake = ours.connection.handshake
    assert ECH not in handshake.server_extensions
    return handshake.encrypted_extensions.get(ECH)


@pytest.mark.parametrize("count", [1, 16])
def test_a_client_that_asks_gets_configurations_that_can_be_read(count: int) -> None:
    body = answer_of(ASKING, ech_retry_configs=count)
    assert body is not None
    configs = pull_ech_config_list(body)
    assert len({config.contents for config in configs}) == count, "each key is drawn"
    assert pull_ech_config_contents(configs[0].contents).public_name == b"public.example.test"


def test_nobody_else_does() -> None:
    assert answer_of(ASKING) is None
    assert answer_of(OPENSSL_4, ech_retry_configs=1) is None, "it has not asked"
    assert answer_of(ASKING, TLS_1_2, ech_retry_configs=1) is None, "it is for TLS 1.3"
    inner = replaced(ASKING, ExtensionTemplate(ECH, b"\x01"))
    assert answer_of(inner, ech_retry_configs=1) is None, "the inner hello is no offer to be refused"


def test_after_a_hello_retry_request_too() -> None:
    ours = Ours(client(ASKING))
    theirs = Ours(server(TLS_1_3, 0x1301, named_groups=(NamedGroup.SECP384R1,), ech_retry_configs=1))
    first = ours.connection.handshake.sent.extension(ECH)
    exchange(ours, theirs)
    assert ours.connection.handshake.hello_retried
    assert ECH in ours.connection.handshake.encrypted_extensions
    assert theirs.connection.handshake.client_hello.extension(ECH) == first, "the second has it unchanged"
    pump(ours, theirs)
