"""What the readers of captures give: packets with their time, and why a capture cannot be read."""

from typing import NamedTuple


class CaptureError(Exception):
    """A capture that cannot be read; the text says what is wrong, where, and what to do. Whoever knows the
    file's name puts it in front.
    """


class Packet(NamedTuple):
    """One packet as it was captured: `time` in POSIX seconds, `link_type` a LINKTYPE number of libpcap,
    `data` from the link layer's header on, cut where the capture's snap length cut it.
    """

    time: float
    link_type: int
    data: bytes
