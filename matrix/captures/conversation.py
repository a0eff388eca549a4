"""A connection's transcript as the TCP packets that carried it. Pure.

What went over the wire is known: which bytes, in which direction and when. One segment is made of what went
in one direction at one moment, cut at the segment size; a hello that was sent in segments is in those. The
rest follows from TCP (RFC 9293): the connection is opened at its start, each segment acknowledges what came
before it, and the end that the failure names closes or resets. Acknowledgements without data are not made up.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

import dpkt
from msgspec import Struct

from clients.exchange import UNFINISHED
from clients.observation import Ends
from handshake.reason import Kind, saved_reason
from matrix.results.evidence import ConnectionSeen, Entry

SYN, ACK, PUSH, FIN, RESET = (
    dpkt.tcp.TH_SYN,
    dpkt.tcp.TH_ACK,
    dpkt.tcp.TH_PUSH,
    dpkt.tcp.TH_FIN,
    dpkt.tcp.TH_RST,
)
SEGMENT_SIZE = 1460
"""The most bytes of a segment where it is not known: Ethernet's 1500 without the headers (RFC 879)."""
UNKNOWN = Ends("192.0.2.1", 49152, "192.0.2.2", 443)
"""The ends of a connection whose own are not known (addresses for documentation, RFC 5737)."""
_CARRIES = ("record", "sslv2-record", "clear", UNFINISHED)
_SEGMENT = "segment"
_SENT = "sent"
_SERVER_ENDS = {Kind.FIN: FIN | ACK, Kind.CLOSE_NOTIFY: FIN | ACK, Kind.RESET: RESET | ACK}
_NOBODY = {Kind.REFUSED: RESET | ACK}


class Packet(Struct, frozen=True):
    """One TCP segment. `time` is in seconds since the epoch; `comment` is for whoever reads the file."""

    time: float
    is_clients: bool
    ends: Ends
    sequence: int
    acknowledgment: int
    flags: int
    data: bytes = b""
    comment: str = ""


class _Conversation:
    """Both ends of a connection, as far as they have come."""

    def __init__(self, ends: Ends) -> None:
        self._ends = ends
        self._next = {True: 0, False: 0}

    def packet(
        self, time: float, is_clients: bool, flags: int, data: bytes = b"", comment: str = ""
    ) -> Packet:
        acknowledged = self._next[not is_clients] if flags & ACK else 0
        made = Packet(
            time, is_clients, self._ends, self._next[is_clients], acknowledged, flags, data, comment
        )
        self._next[is_clients] += len(data) + bool(flags & SYN) + bool(flags & FIN)
        return made


def packets(connection: ConnectionSeen, comment: str) -> Iterator[Packet]:
    """The packets of a connection, in order; the first has the comment."""
    conversation = _Conversation(connection.ends or UNKNOWN)
    started = _seconds(connection.started)
    opened = started + (connection.first_entry_after or 0.0)
    ended = max(started + connection.seconds, opened)
    failure = None if connection.reason is None else saved_reason(connection.reason)
    yield conversation.packet(started, True, SYN, comment=comment)
    if connection.client_port is None:
        if failure is not None and failure.kind in _NOBODY:
            yield conversation.packet(ended, False, _NOBODY[failure.kind])
        return
    yield conversation.packet(opened, False, SYN | ACK)
    yield conversation.packet(opened, True, ACK)
    size = connection.segment_size or SEGMENT_SIZE
    for time, is_clients, data, left_out in segments(connection):
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            yield conversation.packet(opened + time, is_clients, PUSH | ACK, piece, left_out)
            left_out = ""
    flags = None if failure is None else _SERVER_ENDS.get(failure.kind)
    if flags is not None:
        yield conversation.packet(ended, False, flags)
    if flags is None or flags & FIN:
        yield conversation.packet(ended, True, FIN | ACK)
    if flags is None:
        yield conversation.packet(ended, False, FIN | ACK)


def segments(connection: ConnectionSeen) -> Iterator[tuple[float, bool, bytes, str]]:
    """What went in one direction at one moment: the seconds since the first entry, whether the client sent
    it, the bytes, and what is missing before it, in words.
    """
    entries = connection.transcript
    left_out = connection.left_out
    if left_out is None:
        yield from _runs(entries)
        return
    yield from _runs(entries[: left_out.after])
    said = f"{left_out.entries} records and messages ({left_out.wire_bytes} bytes) before this were not kept"
    for time, is_clients, data, _ in _runs(entries[left_out.after :]):
        yield time, is_clients, data, said
        said = ""


def _runs(entries: Sequence[Entry]) -> Iterator[tuple[float, bool, bytes, str]]:
    carried = [entry for entry in _without_what_segments_repeat(entries) if entry.wire]
    for (time, direction, _), together in groupby(
        carried, key=lambda entry: (entry.time, entry.direction, entry.name if entry.kind == _SEGMENT else "")
    ):
        yield time, direction == _SENT, b"".join(entry.wire for entry in together), ""


def _without_what_segments_repeat(entries: Sequence[Entry]) -> Iterator[Entry]:
    """What carries bytes; records that were sent in segments, which are noted after them, are left out."""
    carrying = [entry for entry in entries if entry.kind in _CARRIES or entry.kind == _SEGMENT]
    segmented = sum(len(entry.wire) for entry in carrying if entry.kind == _SEGMENT)
    for entry in carrying:
        if segmented > 0 and entry.kind in _CARRIES and entry.kind != "clear" and entry.direction == _SENT:
            segmented -= len(entry.wire)
            continue
        yield entry


def _seconds(moment: datetime) -> float:
    return moment.timestamp()
