"""What haproxy does about the name in a hello: with strict-sni it refuses another, and none; else it does not
look.
"""

import pytest
from msgspec.structs import replace

from clients.destination import Destination
from clients.exchange import Exchange, Visit
from clients.player import PlayedHello, Player
from handshake.hello_template import ExtensionTemplate, Fill
from handshake.wire.registry import ExtensionType
from servers.credentials import SUBJECT
from servers.running import RunningServer
from tests.servers.asking import DEADLINE, hello
from tests.servers.questions import ECDHE_RSA, IN_TLS_1_3, TLS_1_2, TLS_1_3, how_it_went
from tests.servers.real_servers import REQUEST
from tests.servers.started import Variants

NAME = ExtensionTemplate(ExtensionType.SERVER_NAME, fill=Fill.SERVER_NAME)
REFUSED = "server-hello:alert-unrecognized_name"


def ask_for(server: RunningServer, name: str | None, version: int) -> str:
    written = hello(version, ECDHE_RSA if version == TLS_1_2 else IN_TLS_1_3)
    template = replace(written, extensions=(NAME, *(written.extensions or ())))
    visit = Visit(Destination(server.host, server.port, name), DEADLINE, REQUEST)
    return how_it_went(Exchange(Player((PlayedHello(template),)), template, visit).run())


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_name_is_required_where_it_is_strict(variants: Variants, version: int) -> None:
    strict = variants.start("haproxy@system,server-name=strict")
    assert ask_for(strict, SUBJECT, version) == "works"
    assert ask_for(strict, "another.example.test", version) == REFUSED
    assert ask_for(strict, None, version) == REFUSED


def test_any_name_will_do_elsewhere(variants: Variants) -> None:
    server = variants.start("haproxy@system")
    assert ask_for(server, "another.example.test", TLS_1_3) == ask_for(server, None, TLS_1_2) == "works"
