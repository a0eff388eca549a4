"""Renegotiation with the emulated JSSE, held against every row measured on the real code, in memory.

The vectors are jsse-renegotiation.json (the client begins) and jsse-server-initiated.json (the server's
application asks).
"""

import json
from typing import Any

import pytest

from bench.fidelity.renegotiation_client import CUTS, VERSIONS, hello, second_server_hello
from bench.fidelity.renegotiation_grid import TOGGLES, outcome_at
from handshake.hello_template import HelloTemplate
from handshake.wire.registry import AlertDescription, AlertLevel
from tests.servers.emulated.answers import LEVELS, VECTORS, connection_to, measured_server
from tests.servers.emulated.conversation import Conversation

CLIENT_BEGINS = json.loads((VECTORS / "jsse-renegotiation.json").read_text())
SERVER_BEGINS = json.loads((VECTORS / "jsse-server-initiated.json").read_text())


def rows(vectors: dict[str, Any]) -> list[Any]:
    """Each case at each level that has it."""
    return [
        pytest.param(case, level, outcome, id=f"{level}-{number}-{outcome}")
        for number, case in enumerate(vectors["cases"])
        for level in LEVELS
        if (outcome := outcome_at(case, level)) is not None
    ]


def server_of(level: str, settings: str) -> str:
    """The server as it was set up."""
    return measured_server(level) + TOGGLES[settings]


def second_hello(conversation: Conversation, case: dict[str, Any]) -> HelloTemplate:
    """The hello a row is about."""
    said = (case.get("special") or "").removeprefix("second_hello_says_")
    version = VERSIONS.get(said, conversation.version)
    return hello(version, case["second"], conversation.verify_data)


@pytest.mark.parametrize(("case", "level", "outcome"), rows(CLIENT_BEGINS))
def test_a_client_begins(case: dict[str, Any], level: str, outcome: str) -> None:
    expected = CLIENT_BEGINS["outcomes"][outcome]
    version = VERSIONS[case["version"]]
    server = connection_to(server_of(level, case["settings"]))
    conversation = Conversation(server, version, case["initial"])
    if "initial" in expected:
        assert conversation.seen == ["fatal handshake_failure(40)"]
        return
    special = case.get("special")
    if special != "no_request_before":
        assert conversation.request() == "200 OK"
    session = conversation.client.session_by_id if special == "resume" else None
    answered = conversation.client.handshake.server_extensions.get(0xFF01)
    assert (None if answered is None else answered.hex()) == expected.get("first_renegotiation_info")
    conversation.seen.clear()
    conversation.renegotiate(second_hello(conversation, case), special if special in CUTS else None, session)
    _check(conversation, expected)
    if "again" in expected:
        conversation.seen.clear()
        conversation.renegotiate(second_hello(conversation, case), None, None)
        assert conversation.seen == [expected["again"]]
        assert conversation.request() == "200 OK"


def _check(conversation: Conversation, expected: dict[str, Any]) -> None:
    if expected.get("result") == "closed":
        if "completed" in conversation.seen:
            # A second hello that says 3.0: the measuring client kept TLS 1.0's formats and was thrown out
            # for it by 7u85; ours goes on in SSLv3.
            assert second_server_hello(conversation.client)["second_version"] == "3.0"
            return
        # The measuring client could not read the alert any more; by the general rule it was this one.
        assert conversation.seen[-1] == "fatal unexpected_message(10)"
        return
    if expected.get("request_after", "").startswith("fatal"):
        assert conversation.seen == [expected["result"], expected["request_after"]]
        return
    if "second_version" in expected:
        seen = second_server_hello(conversation.client)
        assert seen["second_version"] == expected["second_version"]
        if "result" in expected:
            assert {key: expected[key] for key in seen} == seen
    if "result" not in expected:
        return  # the measuring client could not go on in that version
    assert conversation.seen == [expected["result"]]
    if "request_after" in expected:
        assert conversation.request() == expected["request_after"]
    assert conversation.end() == [expected["end"]] if "end" in expected else not conversation.end()


@pytest.mark.parametrize(("case", "level", "outcome"), rows(SERVER_BEGINS))
def test_the_servers_application_asks(case: dict[str, Any], level: str, outcome: str) -> None:
    expected = SERVER_BEGINS["outcomes"][outcome]
    version = VERSIONS[case["version"]]
    server = connection_to(server_of(level, case["settings"]))
    conversation = Conversation(server, version, case["initial"])
    assert conversation.request() == "200 OK"
    conversation.seen.clear()
    server.request_renegotiation(0.0)
    if not server.is_ended:
        server.send_application_data(b"the answer, on the old keys", 0.0)
    conversation.carry()
    assert [*conversation.seen, *conversation.end()] == expected["first"]
    if "then" not in expected:
        return
    conversation.seen.clear()
    _react(conversation, case["client"])
    if "close_notify" in str(expected["then"]):
        return  # the application's read timed out, and it closed: nothing of the server's TLS
    if expected.get("renegotiation") == "completed":
        assert conversation.seen == ["completed"]
    elif case["client"] == "ignore_and_send_request":
        assert conversation.seen == expected["then"]
    else:
        assert [*conversation.seen, *conversation.end()] == expected["then"]
    if "next_request" in expected:
        assert conversation.request() == expected["next_request"]


def _react(conversation: Conversation, words: str) -> None:
    client = conversation.client
    if words == "ignore_and_send_request":
        assert conversation.request() == "200 OK"
    elif words == "warning_no_renegotiation":
        client.send_alert(AlertLevel.WARNING, AlertDescription.NO_RENEGOTIATION)
    elif words == "fatal_no_renegotiation":
        client.send_alert(AlertLevel.FATAL, AlertDescription.NO_RENEGOTIATION)
    elif words.startswith("hello_"):
        template = hello(conversation.version, words.removeprefix("hello_"), conversation.verify_data)
        conversation.renegotiate(template, None, None)
    conversation.carry()


def test_the_rows_are_there() -> None:
    assert len(rows(CLIENT_BEGINS)) > 1000
    assert len(rows(SERVER_BEGINS)) > 400
