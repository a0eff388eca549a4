"""Connections of our own two roles in memory, as evidence has them."""

from dataclasses import replace
from datetime import UTC, datetime

from clients.observation import Attempt, Ends, Observation
from matrix.results.evidence import ConnectionSeen, Evidence, evidence_of
from tests.handshake.peers import Ours

STARTED = datetime(2012, 11, 26, 9, 30, tzinfo=UTC)
HTTP_ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"


def attempt(ours: Ours, port: int, **changes: object) -> Attempt:
    """What an exchange would have told of a connection from this port."""
    connection = ours.connection
    made = Attempt(
        hello_version=0,
        sslv2_format=False,
        failure=None,
        negotiated=connection.negotiated if connection.is_connected else None,
        transcript=tuple(connection.transcript),
        started=STARTED,
        seconds=0.25,
        client_port=port,
        key_log=tuple(connection.key_log),
        segment_size=1460,
        ends=Ends("192.0.2.7", port, "192.0.2.8", 8443),
        first_entry_after=0.125,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the fields of an Attempt


def evidence(*attempts: Attempt) -> Evidence:
    """The evidence of a cell that made these connections."""
    seen = evidence_of(Observation(attempts, None, b""), [""] * len(attempts))
    return replace(seen, cell="a@1/b/connect", verdict="passed")


def connection(one: Attempt) -> ConnectionSeen:
    return evidence(one).attempts[0]
