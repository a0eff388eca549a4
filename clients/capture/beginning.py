"""Where in what a client has sent its hello begins, and what was spoken before it. Pure.

A hello begins the connection, or a turn: what a client says first after its server has spoken. There its
first six bytes are enough. Elsewhere, and in a connection whose beginning is not in the capture, it takes all
that its record, its message and its version agree in.
"""

import re
from enum import Enum

from clients.starttls import PROTOCOLS
from handshake.clear_text import Framing

MAX_PRELUDE_BYTES = 16_384
"""Of a client's words before TLS; whoever says more will not begin it."""
UNKNOWN_PRELUDE = "unknown"
"""Words before TLS that are of none of the protocols in `clients.starttls`."""

_TLS_HELLO = re.compile(rb"\x16\x03[\x00-\x04]..\x01\x00..\x03[\x00-\x04]", re.DOTALL)
"""Record header, message header, client_version (RFC 8446 sections 4, 4.1.2 and 5.1)."""
_SSLV2_HELLO = re.compile(rb"[\x80-\x8f].\x01(?:\x00\x02|\x03[\x00-\x04])(..)(..)(..)", re.DOTALL)
"""Record header, message type, version and three lengths (RFC 5246 appendix E.2)."""
_TLS_START = b"\x16\x03"
_SSLV2_FIXED = 9
CERTAIN_BYTES = 11
"""How many bytes `is_certainly_hello` wants."""


class Look(Enum):
    """Whether bytes begin a hello."""

    YES = "yes"
    NO = "no"
    MORE = "more bytes are needed"


def look(data: bytes) -> Look:
    """Whether bytes at the beginning of a turn begin a hello."""
    if not data:
        return Look.MORE
    if data[0] == _TLS_START[0]:
        if len(data) < 6:
            return Look.MORE if _TLS_START.startswith(data[:2]) else Look.NO
        return Look.YES if data[1] == 3 and data[2] <= 4 and data[5] == 1 else Look.NO
    if data[0] & 0xF0 == 0x80:
        if len(data) < CERTAIN_BYTES:
            return Look.MORE if data[2:3] in (b"", b"\x01") else Look.NO
        return Look.YES if _SSLV2_HELLO.match(data) else Look.NO
    return Look.NO


def is_certainly_hello(data: bytes) -> bool:
    """Whether bytes of which nothing else is known begin a hello."""
    if data[:1] == _TLS_START[:1]:
        return _TLS_HELLO.match(data) is not None
    return data[:1] >= b"\x80" and _is_whole_sslv2(data, 0)


def find(data: bytes | bytearray, start: int = 0) -> int | None:
    """Where in the client's bytes from `start` on a hello begins that is no turn's beginning."""
    found = _TLS_HELLO.search(data, start)
    offsets = [] if found is None else [found.start()]
    begins = (each.start() for each in _SSLV2_HELLO.finditer(data, start))
    offsets += [offset for offset in begins if _is_whole_sslv2(data, offset)][:1]
    return min(offsets, default=None)


def prelude_of(said: bytes) -> str:
    """The protocol in which a client has said this before TLS: an id of `clients.starttls`, UNKNOWN_PRELUDE,
    or "" for nothing.
    """
    if not said:
        return ""
    return next((name for name, each in PROTOCOLS.items() if each.asks.search(said)), UNKNOWN_PRELUDE)


def framed_prelude(data: bytes) -> str:
    """The protocol that frames the handshake, where a client's first bytes say so (TDS); else ""."""
    framed = (each for each in PROTOCOLS.values() if each.framing is not Framing)
    return next((each.id for each in framed if each.asks.match(data)), "")


def _is_whole_sslv2(data: bytes | bytearray, offset: int) -> bool:
    """Whether the lengths of an SSLv2-format hello are those that its record has."""
    found = _SSLV2_HELLO.match(data, offset)
    if found is None:
        return False
    specs, session_id, challenge = (int.from_bytes(each, "big") for each in found.groups())
    record = int.from_bytes(data[offset : offset + 2], "big") & 0x7FFF
    is_form = specs and specs % 3 == 0 and session_id <= 32 and 16 <= challenge <= 32
    return bool(is_form) and record == _SSLV2_FIXED + specs + session_id + challenge
