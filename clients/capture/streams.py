"""The TCP connections of a capture, told apart: segments in, hellos out. Pure.

Only what may still begin a hello is kept, and of that the hello and what answers it. Everything kept has one
budget; where a capture exceeds it, the oldest connections are ended with what is known of them by then. So a
capture of any size, made by whomever, takes the same memory.
"""

from clients.capture.beginning import is_certainly_hello
from clients.capture.captured_hello import CapturedHello, captured_hello
from clients.capture.segment import Endpoint, Segment
from clients.capture.stream import State, Stream, is_answer_to_opening, is_opening
from clients.genuine.secrets import Secrets, read_key_log

BUDGET_BYTES = 50_000_000
"""For connections under way."""
MAX_HELLOS = 10_000
"""That are kept; more are counted."""
MAX_HELLO_BYTES_IN_ALL = 40_000_000
"""Of the hellos that are kept."""


class Streams:
    """All connections of one capture; `key_log` are lines that open their records, added to while it is read.

    `left_out` is how many hellos were found beyond the bounds; `weight` is about the bytes of memory that the
    connections under way take.
    """

    def __init__(self, key_log: list[str] | None = None) -> None:
        self.left_out = 0
        self._key_log = [] if key_log is None else key_log
        self._key_log_read = 0
        self._secrets: Secrets = {}
        self._sides: dict[tuple[Endpoint, Endpoint], tuple[Stream, bool]] = {}
        self._weights: dict[Stream, int] = {}
        self.weight = 0
        self._found: list[CapturedHello] = []
        self._found_bytes = 0
        self._now = 0.0

    def take(self, segment: Segment) -> None:
        """Take the next segment of the capture."""
        known = self._sides.get((segment.source, segment.target))
        if known is None:
            known = self._begin(segment)
            if known is None:
                return
        elif is_opening(segment) and self._is_another(segment, *known):
            self._end(known[0])
            known = self._begin(segment)
            assert known is not None
        stream, is_clients = known
        self._now = segment.time
        if stream.take(segment, is_clients=is_clients) in (State.GIVEN_UP, State.OVER):
            self._end(stream)
            return
        if not segment.payload:
            return
        weight = stream.weight
        self.weight += weight - self._weights[stream]
        self._weights[stream] = weight
        while self.weight > BUDGET_BYTES:
            self._end(next(iter(self._weights)))

    def hellos(self) -> list[CapturedHello]:
        """All hellos, in the order in which they were said; the capture has ended."""
        for stream in list(self._weights):
            self._end(stream)
        ordered = sorted(self._found, key=lambda hello: hello.time or 0.0)
        return [hello.numbered(number) for number, hello in enumerate(ordered, start=1)]

    def _begin(self, segment: Segment) -> tuple[Stream, bool] | None:
        """Begin a connection with this segment; None where it is no beginning."""
        is_clients = not is_answer_to_opening(segment)
        if is_clients and not is_opening(segment) and not is_certainly_hello(segment.payload):
            return None
        ends = (segment.source, segment.target) if is_clients else (segment.target, segment.source)
        stream = Stream(*ends, segment.sequence if is_opening(segment) else None)
        self._sides[ends] = (stream, True)
        self._sides[ends[1], ends[0]] = (stream, False)
        self._weights[stream] = stream.weight
        self.weight += self._weights[stream]
        return stream, is_clients

    def _is_another(self, segment: Segment, stream: Stream, is_clients: bool) -> bool:
        """Whether an opening between the same ends is a new connection, and not the same packet again."""
        return not is_clients or stream.opening != segment.sequence

    def _end(self, stream: Stream) -> None:
        self.weight -= self._weights.pop(stream)
        del self._sides[stream.client, stream.server]
        self._sides.pop((stream.server, stream.client), None)
        if stream.hello is None:
            return
        size = len(stream.hello.wire)
        if len(self._found) >= MAX_HELLOS or self._found_bytes + size > MAX_HELLO_BYTES_IN_ALL:
            self.left_out += 1
            return
        self._found_bytes += size
        now = stream.last if stream.state is State.OVER else self._now
        self._found.append(captured_hello(stream, self._known_secrets(), now))

    def _known_secrets(self) -> Secrets:
        if len(self._key_log) != self._key_log_read:
            self._key_log_read = len(self._key_log)
            self._secrets = read_key_log(self._key_log)
        return self._secrets
