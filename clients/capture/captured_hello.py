"""A hello out of a capture, as one value: who said it to whom, its bytes, and what became of it. Pure."""

import ipaddress
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from clients.capture.answer import Answer, read_answer
from clients.capture.hello_bytes import HelloBytes, decode
from clients.capture.segment import Endpoint
from clients.capture.stream import MAX_PIECES, Stream
from clients.genuine.secrets import Secrets
from handshake.errors import DecodeError
from handshake.features import FirstFlight
from handshake.wire import hello_versions
from handshake.wire.extensions import pull_server_name
from handshake.wire.registry import ExtensionType

_FIRST_TIME, _LAST_TIME = -62_135_596_800.0, 253_402_300_799.0
"""The years 1 to 9999, of which dates are written. A damaged capture has other times too."""


class CapturedHello(Struct, frozen=True):
    """A hello and what the capture says of it.

    `stream` is its number in the listing, from 1; `time` in POSIX seconds, None where it is not known;
    `client` and `server` are endpoints, None for a hello that came without packets. `prelude` is what was
    spoken before TLS (`beginning.prelude_of`). `wire` are the records that hold it, `segments` the bytes of
    it in each TCP segment, none where those are not known. `problem` says why it cannot be read, empty where
    it can.
    """

    stream: int
    wire: bytes
    answer: Answer
    time: float | None = None
    client: Endpoint | None = None
    server: Endpoint | None = None
    prelude: str = ""
    segments: tuple[int, ...] = ()
    problem: str = ""

    @property
    def flight(self) -> FirstFlight | None:
        """The hello decoded; None where it cannot be read."""
        decoded = "" if self.problem else decode(self.wire)
        return decoded if isinstance(decoded, FirstFlight) else None

    @property
    def server_name(self) -> str | None:
        """The host name in it, as printable ASCII; None without one."""
        flight = self.flight
        body = None if flight is None else flight.hello.extension(ExtensionType.SERVER_NAME)
        if not body:
            return None
        try:
            names = pull_server_name(body)
        except DecodeError:
            return None
        return names[0][1].decode("ascii", "backslashreplace") if names else None

    def numbered(self, stream: int) -> Self:
        """The same with another number."""
        return replace(self, stream=stream)

    def without_ends(self) -> Self:
        """The same, where nothing is known of who said it to whom, and when."""
        return replace(self, time=None, client=None, server=None, segments=())


def highest_version(flight: FirstFlight) -> int:
    """The highest version that a hello offers, GREASE aside."""
    return hello_versions.highest_version(flight.hello) if flight.sslv2 is None else flight.sslv2.version


def endpoint_text(endpoint: Endpoint) -> str:
    """An endpoint as a person writes it: `192.0.2.1:443`, `[2001:db8::1]:443`."""
    address = ipaddress.ip_address(endpoint[0])
    return f"[{address}]:{endpoint[1]}" if address.version == 6 else f"{address}:{endpoint[1]}"


def captured_hello(stream: Stream, secrets: Secrets, now: float) -> CapturedHello:
    """The hello of a connection that has one; `now` is the time of the capture's last packet."""
    hello = stream.hello
    assert hello is not None
    wire = hello.wire
    return CapturedHello(
        stream=0,
        wire=wire,
        answer=read_answer(stream.moves, secrets, heard_server=stream.heard_server, now=now),
        time=_time(stream.began),
        client=stream.client,
        server=stream.server,
        prelude=stream.prelude,
        segments=tuple(hello.segments),
        problem=hello.problem or _problem(stream, hello, wire),
    )


def _time(began: float) -> float | None:
    """When a connection began; None where no time is given, or one that is in no calendar."""
    return began if began and _FIRST_TIME <= began < _LAST_TIME else None


def _problem(stream: Stream, hello: HelloBytes, wire: bytes) -> str:
    """Why a hello cannot be read; empty where it can."""
    if not hello.is_whole:
        return _missing(stream, hello)
    decoded = decode(wire)
    return decoded if isinstance(decoded, str) else ""


def _missing(stream: Stream, hello: HelloBytes) -> str:
    """Why a hello is not whole."""
    gap = stream.halves[True].gap()
    if len(stream.moves) > MAX_PIECES:
        return f"it comes in more than {MAX_PIECES} pieces"
    is_cut = stream.halves[True].missing > 0
    said = hello.progress()
    if is_cut:
        return f"{said}; the capture has cut its packets, capture whole ones (tcpdump -s 0)"
    if gap:
        return f"{said}; a segment of it is missing in the capture, which has lost packets"
    return f"{said}; the capture, or the client, ends within it"
