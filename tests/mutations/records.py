"""The records of a peer, altered before they are protected, so that the other side can read what is wrong
with them.

An alteration is named and says of one record what is written in its place; `AlteredRecords` does so with the
record of a number. What the altering side itself thinks of its handshake stays as it was.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from handshake.record_layer import RecordLayer
from handshake.wire.registry import ContentType, HandshakeType

_HEADER_SIZE = 4


class Written(NamedTuple):
    """A record before its protection."""

    content_type: int
    fragment: bytes


class Alteration(NamedTuple):
    """What is written in the place of a record. `is_late` writes the record behind the next one as well.

    `is_harmless`: the RFCs let a peer send it so, at least in some versions.
    """

    replace: Callable[[Written], tuple[Written, ...]]
    is_late: bool = False
    is_harmless: bool = False


CLOSE_NOTIFY = Written(ContentType.ALERT, b"\x01\x00")
FATAL = Written(ContentType.ALERT, b"\x02\x50")
WARNING = Written(ContentType.ALERT, b"\x01\x70")
HELLO_REQUEST = Written(ContentType.HANDSHAKE, bytes(4))
CHANGE_CIPHER_SPEC = Written(ContentType.CHANGE_CIPHER_SPEC, b"\x01")
KEY_UPDATE = Written(ContentType.HANDSHAKE, bytes((HandshakeType.KEY_UPDATE, 0, 0, 1, 1)))
UNKNOWN_MESSAGE = 99
UNKNOWN_TYPE = 99


def _with(change: Callable[[bytes], bytes]) -> Alteration:
    return Alteration(lambda written: (Written(written.content_type, change(written.fragment)),))


def _as_type(content_type: int) -> Alteration:
    return Alteration(lambda written: (Written(content_type, written.fragment),))


def _behind(*before: Written, is_harmless: bool = False) -> Alteration:
    return Alteration(lambda written: (*before, written), is_harmless=is_harmless)


def _ahead_of(*after: Written) -> Alteration:
    return Alteration(lambda written: (written, *after), is_harmless=True)


def _claiming(difference: int) -> Callable[[bytes], bytes]:
    def change(fragment: bytes) -> bytes:
        length = int.from_bytes(fragment[1:_HEADER_SIZE], "big") + difference
        return fragment[:1] + (length % 2**24).to_bytes(3, "big") + fragment[_HEADER_SIZE:]

    return change


def _with_body(change: Callable[[bytes], bytes]) -> Alteration:
    """Another body behind a header that says its length."""

    def replace(fragment: bytes) -> bytes:
        body = change(fragment[_HEADER_SIZE:])
        return fragment[:1] + len(body).to_bytes(3, "big") + body

    return _with(replace)


def _flipped(place: float) -> Callable[[bytes], bytes]:
    def change(body: bytes) -> bytes:
        at = int(place * (len(body) - 1))
        return body[:at] + bytes(byte ^ 0x01 for byte in body[at : at + 1]) + body[at + 1 :]

    return change


def _one_by_one(written: Written) -> tuple[Written, ...]:
    return tuple(Written(written.content_type, bytes((byte,))) for byte in written.fragment)


ALTERATIONS: Mapping[str, Alteration] = MappingProxyType(
    {
        "twice": Alteration(lambda written: (written, written)),
        "left out": Alteration(lambda written: ()),
        "late": Alteration(lambda written: (), is_late=True),
        "again, late": Alteration(lambda written: (written,), is_late=True),
        "first half": _with(lambda fragment: fragment[: len(fragment) // 2]),
        "without its last byte": _with(lambda fragment: fragment[:-1]),
        "half a body": _with_body(lambda body: body[: len(body) // 2]),
        "a body without its last byte": _with_body(lambda body: body[:-1]),
        "no body": _with_body(lambda body: b""),
        "a longer body": _with_body(lambda body: body + b"\x00"),
        "zeros for a body": _with_body(lambda body: bytes(len(body))),
        "ones for a body": _with_body(lambda body: b"\xff" * len(body)),
        "flipped first": _with_body(_flipped(0)),
        "flipped early": _with_body(_flipped(0.1)),
        "flipped in the middle": _with_body(_flipped(0.5)),
        "flipped last": _with_body(_flipped(1)),
        "claiming one more": _with(_claiming(1)),
        "claiming one less": _with(_claiming(-1)),
        "claiming none": _with(lambda fragment: fragment[:1] + bytes(3) + fragment[_HEADER_SIZE:]),
        "claiming 16 MB": _with(lambda fragment: fragment[:1] + b"\xff\xff\xff" + fragment[_HEADER_SIZE:]),
        "another message": _with(lambda fragment: bytes((fragment[0] ^ 1,)) + fragment[1:]),
        "an unknown message": _with(lambda fragment: bytes((UNKNOWN_MESSAGE,)) + fragment[1:]),
        "as alert": _as_type(ContentType.ALERT),
        "as handshake": _as_type(ContentType.HANDSHAKE),
        "as change of cipher": _as_type(ContentType.CHANGE_CIPHER_SPEC),
        "as application data": _as_type(ContentType.APPLICATION_DATA),
        "as nothing known": _as_type(UNKNOWN_TYPE),
        "behind an empty handshake record": _behind(Written(ContentType.HANDSHAKE, b""), is_harmless=True),
        "behind an empty record of data": _behind(Written(ContentType.APPLICATION_DATA, b"")),
        "behind an empty alert": _behind(Written(ContentType.ALERT, b"")),
        "behind half an alert": _behind(Written(ContentType.ALERT, b"\x01")),
        "behind a warning": _behind(WARNING, is_harmless=True),
        "behind a HelloRequest": _behind(HELLO_REQUEST, is_harmless=True),
        "behind a KeyUpdate": _behind(KEY_UPDATE),
        "behind a ChangeCipherSpec": _behind(CHANGE_CIPHER_SPEC, is_harmless=True),
        "behind a close_notify": _behind(CLOSE_NOTIFY),
        "behind a fatal alert": _behind(FATAL),
        "ahead of a close_notify": _ahead_of(CLOSE_NOTIFY),
        "ahead of a fatal alert": _ahead_of(FATAL),
        "byte by byte": Alteration(_one_by_one, is_harmless=True),
    }
)
"""By name; a harmless one may be refused all the same."""


class AlteredRecords(RecordLayer):
    """The record layer of a connection from here on; `number` is the record that is altered, the first is 0.

    `written` counts the records that the connection has meant to write.
    """

    def __init__(self, records: RecordLayer, alteration: Alteration, number: int) -> None:
        vars(self).update(vars(records))  # it goes on where the other one is
        self.meant: list[Written] = []
        self._alteration, self._number = alteration, number
        self._late: Written | None = None

    def write_record(self, content_type: int, fragment: bytes, now: float) -> None:
        """Write a record, or what stands for it."""
        meant = Written(content_type, fragment)
        pieces: tuple[Written, ...] = (meant,)
        if len(self.meant) == self._number:
            pieces = self._alteration.replace(meant)
            self._late = meant if self._alteration.is_late else None
        elif self._late is not None:
            pieces, self._late = (meant, self._late), None
        self.meant.append(meant)
        for piece in pieces:
            super().write_record(*piece, now)
