"""Recorded hellos: the bytes that profiles claim to send, and whether they do.

`evidence = "testssl/ie_7_vista"` is the hello of that name in `evidence/testssl.json`, in the folder
`evidence` beside the profile, else in `clients/evidence`. Such a file has one line a hello: its bytes in hex,
which of them differ on every connection (`mutable`), and what the client draws anew (`drawn`).
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

from msgspec import Struct
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from clients.canonical import canonical
from clients.fields import HexBody, Listed
from definitions.fault import Mistakes, UnusableFile
from definitions.reading import read_json
from handshake.client.hello import fill_hello
from handshake.hello_template import HelloTemplate
from handshake.wire.client_hello import ClientHello, pull_hello_flight
from handshake.wire.handshake_message import HandshakeMessage, push_handshake_message
from handshake.wire.hello_places import place_in_hello
from handshake.wire.record import Record, push_record
from handshake.wire.registry import ContentType, HandshakeType

EVIDENCE = "evidence"
BUNDLED_EVIDENCE = Path(__file__).parent / EVIDENCE


class RecordedError(UnusableFile):
    """A file of recorded hellos that cannot be used: one line a fault."""


class Mutable(NamedTuple):
    """Bytes that differ on every connection, counted from the first byte of the record."""

    what: str
    offset: int
    length: int


def _as_mutable(value: object) -> object:
    return Mutable(*value) if isinstance(value, list) and len(value) == 3 else value


class RecordedHello(BaseModel):
    """One recorded hello; `wire` is whole records."""

    model_config = ConfigDict(defer_build=True, strict=True, frozen=True, extra="forbid")

    name: str
    source: str
    kind: Literal["captured", "synthesised"] = Field(
        description="a synthesised one was put together from documents and is no capture"
    )
    confidence: str
    server_name: str | None = Field(description="the host name in it")
    mutable: Annotated[tuple[Annotated[Mutable, BeforeValidator(_as_mutable)], ...], Listed]
    drawn: Annotated[tuple[Literal["order", "grease", "ech"], ...], Listed] = ()
    wire: HexBody

    @model_validator(mode="after")
    def _varies_within_its_bytes(self) -> Self:
        for index, (what, offset, length) in enumerate(self.mutable):
            if offset < 0 or length < 1 or offset + length > len(self.wire):
                wrong = f"{what}: has {length} bytes from {offset} on, and wire has {len(self.wire)}"
                raise Mistakes([(("mutable", index), f"{wrong}: write an offset and a length within them")])
        return self

    def differences(self, template: HelloTemplate, sent: bytes) -> "Differences":
        """Where `sent`, a hello that `template` has made, is not what was recorded.

        Where the client draws an order, values or sizes, everything drawn is put to one value in both before.
        """
        if not self.drawn:
            free = {i for each in self.mutable for i in range(each.offset, each.offset + each.length)}
            fixed = tuple(i for i in _differing(self.wire, sent) if i not in free)
            return Differences(self.wire, sent, fixed)
        recorded, made = (_canonical_record(wire, template) for wire in (self.wire, sent))
        return Differences(recorded, made, tuple(_differing(recorded, made)))

    def differences_of(self, template: HelloTemplate) -> "Differences":
        """The same of a hello that is made here, with the host name of the recorded one."""
        return self.differences(template, fill_hello(template, self.server_name, bytes).wire)


class Differences(Struct, frozen=True):
    """The offsets at which two hellos differ, in order; both are whole records."""

    recorded: bytes
    sent: bytes
    offsets: tuple[int, ...]

    def __str__(self) -> str:
        """The first one in words, e.g. `at byte 52, cipher_suites[1]: recorded 13 02, sent 13 03`."""
        if not self.offsets:
            return "none"
        first = self.offsets[0]
        is_longer = first >= len(self.recorded)
        place = "behind its end" if is_longer else place_in_hello(self.recorded, first)
        more = f" ({len(self.offsets)} bytes differ)" if len(self.offsets) > 1 else ""
        recorded, sent = self._around(self.recorded), self._around(self.sent)
        return f"at byte {first}, {place}: recorded {recorded}, sent {sent}{more}"

    def _around(self, wire: bytes) -> str:
        first = self.offsets[0]
        return wire[first : first + 4].hex(" ") or "nothing"


class RecordedHellos(BaseModel):
    """A file of recorded hellos, by name."""

    model_config = ConfigDict(defer_build=True, strict=True, frozen=True, extra="forbid")

    about: str = ""
    hellos: dict[str, RecordedHello]


def recorded_hello(name: str, profile: Path | None = None) -> RecordedHello | None:
    """The recorded hello of that name, looked for beside the profile first; None where there is none.

    Raises RecordedError for a file that cannot be read.
    """
    return next((hellos[name] for hellos in _files_of(name, profile) if name in hellos), None)


def names_like(name: str, profile: Path | None = None) -> list[str]:
    """The names in the files where a hello of this name would be; none where there is no such file."""
    return [each for hellos in _files_of(name, profile) for each in hellos]


def _files_of(name: str, profile: Path | None) -> Iterator[dict[str, RecordedHello]]:
    """The files that a name is of, that beside the profile first."""
    folders = [BUNDLED_EVIDENCE] if profile is None else [profile.parent / EVIDENCE, BUNDLED_EVIDENCE]
    for folder in folders:
        if (path := folder / f"{name.partition('/')[0]}.json").is_file():
            yield load_recorded(path)


@lru_cache(maxsize=16)
def load_recorded(path: Path) -> dict[str, RecordedHello]:
    """The hellos of one file; cached, because many profiles name the same. Raises RecordedError."""
    return read_json(path, RecordedHellos, RecordedError).hellos


def _differing(one: bytes, other: bytes) -> list[int]:
    size = max(len(one), len(other))
    return [i for i in range(size) if one[i : i + 1] != other[i : i + 1]]


def _canonical_record(wire: bytes, template: HelloTemplate) -> bytes:
    """A hello in one record of the version that it came in, everything drawn put to one value."""
    hello = pull_hello_flight(wire)
    if not isinstance(hello, ClientHello):
        return wire
    version = int.from_bytes(wire[1:3], "big")
    message = push_handshake_message(HandshakeMessage(HandshakeType.CLIENT_HELLO, canonical(hello, template)))
    return push_record(Record(ContentType.HANDSHAKE, version, message))
