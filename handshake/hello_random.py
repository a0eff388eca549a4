"""Fresh bytes of a hello, its random or a session id: nothing but random ones, or the time and then random
ones.

RFC 5246 section 7.4.1.2 calls the first four bytes of random gmt_unix_time. Most stacks put the time there
until about 2014; scanners read it as the host's clock. RFC 8446 has no such field.
"""

from collections.abc import Callable
from enum import StrEnum

TIME_SIZE = 4

Clock = Callable[[], float]
"""The time in seconds since 1970-01-01 00:00 UTC."""


class Beginning(StrEnum):
    """What fresh bytes begin with: "gmt_unix_time" is the time, in four bytes; "random-bytes" nothing else
    than what follows.
    """

    RANDOM_BYTES = "random-bytes"
    GMT_UNIX_TIME = "gmt_unix_time"


def fresh_bytes(
    size: int, beginning: Beginning, entropy: Callable[[int], bytes], clock: Clock | None
) -> bytes:
    """Make `size` fresh bytes. Without a clock, and where the time does not fit, all of them are random."""
    if beginning is Beginning.RANDOM_BYTES or clock is None or size < TIME_SIZE:
        return entropy(size)
    return (int(clock()) % 2**32).to_bytes(TIME_SIZE, "big") + entropy(size - TIME_SIZE)
