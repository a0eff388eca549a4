"""The incident: for each hypothesis about webMethods 8.0.1 the trigger is named, to each client that it
stops.
"""

from collections.abc import Iterator

import pytest

from matrix.explain.result import Kind
from matrix.explain.words import sentence
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.processes.start import start_servers
from servers.running import RunningServer, RunningServers
from servers.variant import parse_server_id
from tests.matrix.explain.asked import causes_of, explained

SERVER = "webmethods-8.0.1@core-fix-19"
EITHER = "extension:supported_groups or extension:ec_point_formats"
TRIGGERS = {
    "supported_groups-or-ec_point_formats": ("biztalk-ws2008", EITHER),
    "ec-cipher-suite": ("biztalk-ws2008", "ec-cipher-suite"),
    "server_name": ("biztalk-ws2008", "extension:server_name"),
    "renegotiation_info": ("ie8-winxp-ms10-049", "extension:renegotiation_info"),
    "non-empty-extension": ("biztalk-ws2008", "non-empty-extension"),
    "extension-block": ("biztalk-ws2008", "extension-block"),
}
MOST_FOR_A_SINGLE_CAUSE = 40
MOST_FOR_A_PAIR = 120


def server_of(trigger: str) -> str:
    return SERVER if trigger == "supported_groups-or-ec_point_formats" else f"{SERVER},trigger={trigger}"


@pytest.fixture(scope="module")
def running() -> Iterator[RunningServers]:
    definitions = load_definitions()
    variants = [parse_server_id(server_of(trigger), definitions) for trigger in TRIGGERS]
    with start_servers(variants, make_credentials()) as servers:
        yield servers


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_the_trigger_is_named(running: RunningServers, trigger: str) -> None:
    client, cause = TRIGGERS[trigger]
    server = running[server_of(trigger)]
    assert isinstance(server, RunningServer), server
    found = explained(server.port, client)
    assert found.kind is Kind.ONE
    assert causes_of(found)[0][0] == cause
    assert found.probes <= (MOST_FOR_A_PAIR if " or " in cause else MOST_FOR_A_SINGLE_CAUSE)
    assert found.proof is not None
    assert found.proof.repeats == 3


def test_a_modern_client_is_told_the_same(running: RunningServers) -> None:
    """Though it would not go on with TLS 1.0 itself: its own rules do not hide what the server minds."""
    server = running[SERVER]
    assert isinstance(server, RunningServer), server
    assert causes_of(explained(server.port, "chrome-101"))[0][0] == EITHER


def test_the_sentence_is_plain(running: RunningServers) -> None:
    server = running[server_of("renegotiation_info")]
    assert isinstance(server, RunningServer), server
    said = sentence(explained(server.port, "ie8-winxp-ms10-049"), "webmethods", "ie8")
    assert said == (
        "webmethods refuses (alert unexpected_message) any hello with the extension renegotiation_info; "
        "the SCSV is accepted"
    )
