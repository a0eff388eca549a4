"""One direction of a TCP connection put in order: segments in, the bytes that they add out. Pure.

Bytes that came twice count once, the first ones; what came ahead waits, up to a bound. A gap that nothing
fills, and a segment that the capture has cut, end what can be read of the direction.
"""

MAX_WAITING_BYTES = 262_144
MAX_WAITING_SEGMENTS = 256
_SPACE = 1 << 32


class Half:
    """One direction. `sequence` is the number of the next byte, None until one is known; `missing` is how
    many bytes are known to have been sent and are not in the capture, 0 while all are there; `waiting_bytes`
    is what has come ahead.
    """

    __slots__ = ("_fin", "_waiting", "is_over", "missing", "sequence", "waiting_bytes")

    def __init__(self, sequence: int | None = None) -> None:
        self.sequence = sequence
        self.missing = 0
        self.is_over = False
        self._waiting: dict[int, tuple[bytes, int]] = {}
        self.waiting_bytes = 0
        self._fin: int | None = None

    @property
    def has_gap(self) -> bool:
        """Whether bytes have come behind others that have not."""
        return bool(self._waiting)

    def take(self, sequence: int, payload: bytes, length: int) -> list[bytes]:
        """Take what a segment has captured of its `length` bytes; what is now in order, as it was cut into
        segments.
        """
        if self.missing or not length:
            return []
        if self.sequence is None:
            self.sequence = sequence
        ahead = _distance(self.sequence, sequence)
        if ahead > 0:
            self._wait(sequence, payload, length)
            return []
        added = [self._append(ahead, payload, length)]
        while self._waiting and not self.missing:
            due = [each for each in self._waiting if _distance(self.sequence, each) <= 0]
            if not due:
                break
            waiting, whole = self._waiting.pop(due[0])
            self.waiting_bytes -= len(waiting)
            added.append(self._append(_distance(self.sequence, due[0]), waiting, whole))
        return [each for each in added if each]

    def end(self, sequence: int) -> None:
        """A FIN stands behind the byte before `sequence`."""
        self._fin = sequence

    def check_over(self) -> bool:
        """Whether the direction ends with what is there by now; true once."""
        if self.is_over or self._fin is None:
            return False
        if self.sequence is not None and _distance(self.sequence, self._fin) > 0 and not self.missing:
            return False
        self.is_over = True
        return True

    def gap(self) -> int:
        """How many bytes are missing where something has come behind them; else those cut off."""
        if self.missing or not self._waiting or self.sequence is None:
            return self.missing
        return min(_distance(self.sequence, each) for each in self._waiting)

    def _append(self, ahead: int, payload: bytes, length: int) -> bytes:
        """The new bytes of a segment that begins `ahead` (0 or less) of the next byte."""
        assert self.sequence is not None
        if -ahead >= length:
            return b""
        new = payload[-ahead:]
        self.sequence = (self.sequence + len(new)) % _SPACE
        if len(payload) < length:
            self.missing = length - max(len(payload), -ahead)
        return new

    def _wait(self, sequence: int, payload: bytes, length: int) -> None:
        known = self._waiting.get(sequence)
        if known is not None and len(known[0]) >= len(payload):
            return
        is_full = len(self._waiting) >= MAX_WAITING_SEGMENTS
        if is_full or self.waiting_bytes + len(payload) > MAX_WAITING_BYTES:
            self.missing = self.gap()
            self._waiting.clear()
            self.waiting_bytes = 0
            return
        self.waiting_bytes += len(payload) - (0 if known is None else len(known[0]))
        self._waiting[sequence] = (payload, length)


def _distance(first: int, second: int) -> int:
    """How far the second number is behind the first, modulo 2**32 (RFC 9293 section 3.4)."""
    return (second - first + (_SPACE >> 1)) % _SPACE - (_SPACE >> 1)
