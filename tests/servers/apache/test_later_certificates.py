"""A certificate that Apache asks for at one path: in a renegotiation, in TLS 1.3 by post-handshake
authentication.
"""

import pytest
from msgspec.structs import replace

from clients.destination import Destination
from clients.exchange import Exchange, Visit
from clients.player import PlayedHello, Player
from handshake.crypto.credentials import Credential
from handshake.hello_template import ExtensionTemplate
from handshake.wire.registry import ExtensionType
from servers.credentials import SUBJECT
from servers.running import RunningServer
from tests.servers.asking import DEADLINE, hello
from tests.servers.questions import ECDHE_RSA, IN_TLS_1_3, TLS_1_2, TLS_1_3
from tests.servers.started import CLIENTS, Variants

SERVER = "apache@system,client-certificate=require-later"
OWN = {"rsa": Credential.from_pem(CLIENTS["rsa"].private_key, CLIENTS["rsa"].chain)}
MISSING = {
    TLS_1_2: "renegotiation:alert-handshake_failure",
    TLS_1_3: "application-data:alert-certificate_required",
}
ASKS_LATER = ExtensionTemplate(ExtensionType.POST_HANDSHAKE_AUTH)


def ask(
    server: RunningServer, path: str, version: int, credentials: dict[str, Credential]
) -> tuple[bytes, str]:
    """How the answer begins, and the failure."""
    template = hello(version, ECDHE_RSA if version == TLS_1_2 else IN_TLS_1_3)
    if version == TLS_1_3:
        template = replace(template, extensions=(*(template.extensions or ()), ASKS_LATER))
    request = f"GET {path} HTTP/1.0\r\nHost: {SUBJECT}\r\n\r\n".encode()
    destination = Destination(server.host, server.port, SUBJECT)
    visit = Visit(destination, DEADLINE, request, credentials=credentials)
    exchange = Exchange(Player((PlayedHello(template),)), template, visit)
    attempt = exchange.run()
    return bytes(exchange.answer.data)[9:12], str(attempt.failure)


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_is_asked_for_at_that_path_alone(variants: Variants, version: int) -> None:
    server = variants.start(SERVER)
    assert ask(server, "/", version, {}) == (b"200", "None"), "the control: nobody is asked elsewhere"
    assert ask(server, "/reneg", version, OWN) == (b"200", "None")
    assert ask(server, "/reneg", version, {}) == (b"", MISSING[version])
