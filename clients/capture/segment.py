"""A TCP segment as the rest of this package knows it: read from packets in `link`, put in order in `half`."""

from typing import NamedTuple

Endpoint = tuple[bytes, int]
"""An address as it stands in the packet (4 or 16 bytes), and a port."""

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
"""The flags that are looked at (RFC 9293 section 3.1)."""


class Segment(NamedTuple):
    """A TCP segment. `payload` is what was captured of its `length` bytes."""

    time: float
    source: Endpoint
    target: Endpoint
    sequence: int
    flags: int
    payload: bytes
    length: int
