"""The client's hello changed in how it is delivered, or in its size: what a server is asked with.

What is changed is the way of the bytes and a padding extension (RFC 7685), never what the hello offers.
"""

from msgspec import Struct
from msgspec.structs import replace

from handshake.features import flight_of
from handshake.hello_template import ExtensionTemplate, HelloFormat, HelloTemplate
from handshake.wire.registry import ExtensionType

PAUSE_SECONDS = 0.25
"""Between two segments: for a program that reads once to have read, also on a busy machine."""
RECORD_HEADER = 5
MAX_RECORD = 2**14
"""The most bytes that a record holds (RFC 8446 section 5.1)."""
DRAWN_BYTES = 1024
"""How much longer a hello may be on a connection than as written: its server name, and what is drawn."""
LEAST_PADDING = 128
"""With so much more a hello has a padding extension on nearly every connection."""


class Variant(Struct, frozen=True):
    """A changed hello; `words` say how it is changed, to go behind "a hello"."""

    words: str
    hello: HelloTemplate


def length_of(hello: HelloTemplate) -> int:
    """The bytes of a hello's message as it is written, header included."""
    return flight_of(hello).length


def in_two_segments(hello: HelloTemplate) -> Variant:
    """The hello in two halves, one of which has arrived before the other is sent."""
    half = sum(flight_of(hello).segments) // 2
    return Variant("in two segments", replace(hello, segments=(half,), pause_seconds=PAUSE_SECONDS))


def with_first_record(hello: HelloTemplate, size: int) -> Variant:
    """The hello in two records and one segment; the first record has so many bytes."""
    changed = replace(hello, records=(size,), segments=())
    return Variant(f"whose first record has {counted_bytes(size)}", changed)


def in_records_of(hello: HelloTemplate, size: int) -> Variant:
    """The hello in records of so many bytes each, but for the last one, and one segment."""
    count = (length_of(hello) + DRAWN_BYTES) // size
    changed = replace(hello, records=(size,) * count, segments=())
    return Variant(f"in records of {counted_bytes(size)}", changed)


def padded(hello: HelloTemplate, length: int) -> Variant:
    """The hello with so many bytes, its header included, in as few records as hold them."""
    return Variant(f"of {counted_bytes(length)}", replace(hello, length=length))


def with_padding_extension(hello: HelloTemplate) -> Variant:
    """The hello with the least padding extension, in the place where `padded` has it."""
    others = (e for e in hello.extensions or () if e.extension_type != ExtensionType.PADDING)
    padding = ExtensionTemplate(ExtensionType.PADDING, b"\x00")
    return Variant("with a padding extension", replace(hello, extensions=(*others, padding)))


def has_padding_extension(hello: HelloTemplate) -> bool:
    """Whether the client sends one anyway."""
    return ExtensionType.PADDING in flight_of(hello).extension_types


def can_be_padded(hello: HelloTemplate) -> bool:
    """Whether it has an extension block, in which a padding extension can stand."""
    return hello.format is HelloFormat.RECORD and hello.extensions is not None


def records_of(length: int) -> int:
    """How many records a message of so many bytes needs."""
    return -(-length // MAX_RECORD)


def on_the_wire(length: int) -> int:
    """The bytes of such a message with the headers of its records."""
    return length + RECORD_HEADER * records_of(length)


def counted_bytes(count: int) -> str:
    """A number of bytes for people, e.g. `1 byte`, `16,384 bytes`."""
    return f"{count:,} byte{'' if count == 1 else 's'}"
