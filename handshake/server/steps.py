"""What a server is about to write, as values: a flight is a list of steps, and this writes them.

A flight is everything between two moments in which the server waits: the answer to a hello with its changes
of keys, what ends the handshake, what follows it. As a list it can be looked at and rewritten whole before a
byte of it is in a record (`handshake.server.departures`).
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from handshake.crypto.record_protection import Protection, Protection13
from handshake.record_layer import RecordLayer
from handshake.wire.registry import ContentType


class Flight(Enum):
    """The flights of a server. `AFTER` is what follows a completed handshake, `CERTIFICATE_REQUEST` one that
    comes later, `CLOSE` its own end of the connection.
    """

    ANSWER = "answer"
    RETRY = "retry"
    FINISH = "finish"
    AFTER = "after"
    KEY_UPDATE = "key-update"
    HELLO_REQUEST = "hello-request"
    CERTIFICATE_REQUEST = "certificate-request"
    CLOSE = "close"


class Sent(Struct, frozen=True):
    """A handshake message with its header; how it is laid into records is the configuration's business."""

    handshake_type: int
    wire: bytes


class Fragment(Struct, frozen=True):
    """One fragment of a record. `is_clear` writes it without protection, `version` is what the header says
    where that is not the connection's, `is_oversized` leaves a fragment of any length in one record.
    """

    content_type: int
    content: bytes
    is_clear: bool = False
    version: int | None = None
    is_oversized: bool = False


class ChangeKeys(Struct, frozen=True):
    """What follows is written with other keys."""

    protection: Protection | Protection13 | None


Step = Sent | Fragment | ChangeKeys
Steps = tuple[Step, ...]

CHANGE_CIPHER_SPEC = Fragment(ContentType.CHANGE_CIPHER_SPEC, b"\x01")


def write_steps(records: RecordLayer, steps: Sequence[Step], now: float, *, one_record: bool) -> None:
    """Write a flight; messages that follow each other share records where `one_record` says so."""
    for step in _joined(steps) if one_record else steps:
        match step:
            case Sent(_, wire):
                records.write(ContentType.HANDSHAKE, wire, now)
            case Fragment():
                _write_fragment(records, step, now)
            case ChangeKeys(protection):
                records.write_protection = protection


def up_to(steps: Steps, handshake_type: int | None) -> Steps:
    """The steps up to the first message of this type, and what is no message behind it; all without one."""
    kept: list[Step] = []
    is_past = False
    for step in steps:
        if is_past and isinstance(step, Sent):
            break
        kept.append(step)
        is_past = is_past or (isinstance(step, Sent) and step.handshake_type == handshake_type)
    return tuple(kept)


def in_fragments(step: Sent, *sizes: int) -> Iterator[Fragment]:
    """Cut a message into fragments of these sizes; what is left is in one more."""
    rest = step.wire
    for size in sizes:
        yield Fragment(ContentType.HANDSHAKE, rest[:size])
        rest = rest[size:]
    if rest:
        yield Fragment(ContentType.HANDSHAKE, rest)


def in_clear(step: Step) -> Step:
    """The same without protection; a change of keys stays."""
    match step:
        case Sent(_, wire):
            return Fragment(ContentType.HANDSHAKE, wire, is_clear=True)
        case Fragment():
            return replace(step, is_clear=True)
        case _:
            return step


def _joined(steps: Iterable[Step]) -> Iterator[Step]:
    for is_message, group in groupby(steps, lambda step: isinstance(step, Sent)):
        if is_message:
            yield Sent(-1, b"".join(step.wire for step in group if isinstance(step, Sent)))
        else:
            yield from group


def _write_fragment(records: RecordLayer, step: Fragment, now: float) -> None:
    protection, version = records.write_protection, records.record_version
    if step.is_clear:
        records.write_protection = None
    if step.version is not None:
        records.record_version = step.version
    if step.is_oversized:
        records.write_record(step.content_type, step.content, now)
    else:
        records.write(step.content_type, step.content, now)
    records.write_protection, records.record_version = protection, version
