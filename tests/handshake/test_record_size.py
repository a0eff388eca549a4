"""record_size_limit (RFC 8449) and max_fragment_length (RFC 6066) between two ends of our own: what each
sends and takes. Beside every limit is the same exchange without it.
"""

import os

import pytest

from handshake.accepts import Accepts, Answer
from handshake.client.connection import ClientConnection
from handshake.events import AlertReceived, PeerFaulted
from handshake.hello_template import ClientLimits, ClientPolicy, ExtensionTemplate
from handshake.server.strictness import AnsweredExtension, Body
from handshake.wire.buffer import pack_uint
from handshake.wire.registry import AlertDescription, ExtensionType, ProtocolVersion
from tests.handshake.modern import replaced
from tests.handshake.peers import Ours, exchange, pump, server, template

TLS_1_2, TLS_1_3 = ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_3
SUITES = {TLS_1_2: 0xC02F, TLS_1_3: 0x1301}
LIMIT = 512
LONG = bytes(3000)
VERSIONS = pytest.mark.parametrize("version", SUITES)


def client(version: int, code: int = 0, body: bytes = b"", policy: ClientPolicy | None = None) -> Ours:
    hello = template(version, SUITES[version])
    if code:
        hello = replaced(hello, ExtensionTemplate(code, body))
    connection = ClientConnection(
        hello,
        server_name="server.example.test",
        limits=ClientLimits(),
        policy=policy or ClientPolicy(),
        entropy=os.urandom,
    )
    connection.start(0.0)
    return Ours(connection)


def longest(side: Ours, direction: str) -> int:
    """Of the records with application data."""
    return max(
        len(entry.decrypted)
        for entry in side.connection.transcript
        if entry.kind == "record" and entry.name == "application_data" and entry.direction == direction
    )


def after_long_data(ours: Ours, theirs: Ours) -> None:
    exchange(ours, theirs, LONG)
    ours.send(LONG)
    pump(ours, theirs)
    assert bytes(theirs.received).endswith(LONG)


@pytest.mark.parametrize("own", [64, LIMIT, 2**14, 2**14 + 1])
@pytest.mark.parametrize("servers", [64, LIMIT, 2**14 + 1, None])
@VERSIONS
def test_each_end_sends_what_the_other_takes(version: int, servers: int | None, own: int) -> None:
    ours = client(version, ExtensionType.RECORD_SIZE_LIMIT, pack_uint(2, own))
    theirs = Ours(server(version, SUITES[version], record_size_limit=servers))
    after_long_data(ours, theirs)
    counted = version == TLS_1_3  # the content type is in it
    sent = len(LONG) if servers is None else min(servers - counted, len(LONG))
    received = len(LONG) if servers is None else min(own - counted, len(LONG))
    assert (longest(ours, "sent"), longest(ours, "received")) == (sent, received)


@VERSIONS
def test_a_client_that_does_not_ask_is_not_told(version: int) -> None:
    ours, theirs = client(version), Ours(server(version, SUITES[version], record_size_limit=LIMIT))
    after_long_data(ours, theirs)
    assert longest(ours, "sent") == len(LONG)


@pytest.mark.parametrize("breaks", [True, False])
@VERSIONS
def test_a_record_above_the_limit_is_refused(version: int, breaks: bool) -> None:
    ours = client(version, ExtensionType.RECORD_SIZE_LIMIT, pack_uint(2, LIMIT))
    theirs = Ours(server(version, SUITES[version], record_size_limit=LIMIT))
    exchange(ours, theirs)
    length = LIMIT - (version == TLS_1_3) + breaks
    for sender, receiver in ((ours, theirs), (theirs, ours)):
        if breaks and sender is theirs:
            return
        sender.connection.records.max_plaintext = 2**14
        sender.send(bytes(length))
        pump(ours, theirs)
        faults = [event.what for event in receiver.events if isinstance(event, PeerFaulted)]
        assert faults == (["record-overflow"] if breaks else [])
        alerts = [event.description for event in sender.events if isinstance(event, AlertReceived)]
        assert alerts == ([AlertDescription.RECORD_OVERFLOW] if breaks else [])


@VERSIONS
def test_a_limit_that_is_too_low_is_refused(version: int) -> None:
    ours = client(version, ExtensionType.RECORD_SIZE_LIMIT, pack_uint(2, 63))
    theirs = Ours(server(version, SUITES[version], record_size_limit=LIMIT))
    pump(ours, theirs)
    assert [event.what for event in theirs.events if isinstance(event, PeerFaulted)] == ["illegal-parameter"]


@pytest.mark.parametrize("limit", [64, 511, 512])
@VERSIONS
def test_a_stack_may_take_no_small_limit(version: int, limit: int) -> None:
    """GnuTLS 3.7.9, measured with 64 and 512 in TLS 1.3."""
    minds = Accepts({"record-size-limit-below-512": Answer(alert=AlertDescription.ILLEGAL_PARAMETER)})
    for policy, is_refused in ((ClientPolicy(accepts=minds), limit < 512), (ClientPolicy(), False)):
        ours = client(version, ExtensionType.RECORD_SIZE_LIMIT, pack_uint(2, LIMIT), policy)
        pump(ours, Ours(server(version, SUITES[version], record_size_limit=limit)))
        assert ours.is_connected is not is_refused


@pytest.mark.parametrize("code", [1, 2, 3, 4])
def test_max_fragment_length_is_one_bound_for_both(code: int) -> None:
    rules = (AnsweredExtension(ExtensionType.MAX_FRAGMENT_LENGTH, Body.ECHO),)
    ours = client(TLS_1_2, ExtensionType.MAX_FRAGMENT_LENGTH, bytes((code,)))
    settings = {"answered_extensions": rules, "extended_master_secret": False, "renegotiation_info": False}
    theirs = Ours(server(TLS_1_2, SUITES[TLS_1_2], **settings))
    after_long_data(ours, theirs)
    bound = min(1 << (8 + code), len(LONG))
    assert (longest(ours, "sent"), longest(ours, "received")) == (bound, bound)
