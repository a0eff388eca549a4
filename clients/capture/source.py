"""Finds the hellos in a file, whatever form it has: a capture, text, or the bytes themselves.

The first bytes tell the form. A capture is read as a stream, everything else as a whole, bounded.
"""

import codecs
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct, field

from clients.capture.beginning import Look, find, is_certainly_hello, look
from clients.capture.captured_hello import CapturedHello, captured_hello
from clients.capture.link import LINK_LAYERS, segment_of
from clients.capture.packet import CaptureError, Packet
from clients.capture.pcap import PCAP_MAGICS, SECTION, Reader
from clients.capture.segment import Segment
from clients.capture.stream import Stream
from clients.capture.streams import Streams
from clients.capture.text import FORMS, Chunk, chunks_of
from definitions.fault import UnusableFile

STANDARD_INPUT = "-"
MAX_TEXT_BYTES = 16_777_216
_HEAD_BYTES = 4
_COMPRESSED = {
    b"\x1f\x8b": ("gzip", "zcat"),
    b"\x28\xb5\x2f\xfd": ("zstd", "zstdcat"),
    b"\xfd\x37\x7a\x58": ("xz", "xzcat"),
    b"\x42\x5a\x68": ("bzip2", "bzcat"),
}
_NOWHERE = (bytes(4), 0)
_FRAMES = (1, 113, 276, 101, 0)
"""The link types as which pasted bytes are tried: Ethernet, Linux cooked, raw IP, BSD loopback."""


class Capture(Struct, frozen=True):
    """The hellos of a file, in the order in which they were said. `notes` say what could not be read, a
    sentence each without the file's name; `left_out` is how many more hellos there are than are kept.
    """

    hellos: tuple[CapturedHello, ...]
    notes: tuple[str, ...] = field(default=())
    left_out: int = 0


def read_capture(source: str) -> Capture:
    """The hellos of a file, or of standard input ("-"). Raises UnusableFile where it cannot be read."""
    name = "standard input" if source == STANDARD_INPUT else source
    try:
        with _opened(source) as file:
            return capture_of(file)
    except CaptureError as error:
        raise UnusableFile(f"{name}: {error}") from error
    except OSError as error:
        raise UnusableFile(f"{name}: {error.strerror}; name a file with a capture or a hello") from error


def capture_of(file: BinaryIO) -> Capture:
    """The hellos in a stream of bytes. Raises CaptureError."""
    head = file.read(_HEAD_BYTES)
    for magic, (what, program) in _COMPRESSED.items():
        if head.startswith(magic):
            raise CaptureError(f"is compressed with {what}: run {program} FILE | tls-matrix hello import -")
    if head in PCAP_MAGICS or head == SECTION:
        return _of_packets(Reader(head, file))
    data = head + file.read(MAX_TEXT_BYTES - len(head) + 1)
    if not data:
        raise CaptureError("is empty")
    return _of_chunks(_chunks(data))


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    if source == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    with Path(source).open("rb") as file:
        yield file


def _of_packets(reader: Reader) -> Capture:
    streams = Streams(reader.key_log)
    unread: Counter[int] = Counter()
    has_packets = False
    for packet in reader:
        if packet.link_type not in LINK_LAYERS:
            unread[packet.link_type] += 1
            continue
        has_packets = True
        segment = segment_of(packet)
        if segment is not None:
            streams.take(segment)
    notes = list(reader.notes)
    if unread:
        known = ", ".join(sorted({layer.name for layer in LINK_LAYERS.values()}))
        types = ", ".join(map(str, sorted(unread)))
        said = f"packets of link type {types}, which is not read: capture on an interface of one of {known}"
        if not has_packets:
            raise CaptureError(f"has only {said}")
        notes.append(f"has {unread.total()} {said}")
    return Capture(tuple(streams.hellos()), tuple(notes), streams.left_out)


def _chunks(data: bytes) -> list[Chunk]:
    """The bytes that a file holds as text, or itself. Raises CaptureError where it holds none."""
    if len(data) > MAX_TEXT_BYTES:
        raise CaptureError(
            f"is neither pcap nor pcapng, and text of more than {MAX_TEXT_BYTES} bytes is not read"
        )
    text = _text(data)
    chunks = [] if text is None else chunks_of(text)
    if not chunks and text is None and (look(data) is Look.YES or find(data) is not None):
        return [Chunk(data)]
    if not chunks:
        raise CaptureError(f"is no capture (pcap, pcapng) and no text with the bytes of a hello: {FORMS}")
    return chunks


def _text(data: bytes) -> str | None:
    """The file as text; None where it is none. PowerShell writes UTF-16."""
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _of_chunks(chunks: Iterable[Chunk]) -> Capture:
    """The hellos in bytes without packets, or in packets that somebody has pasted."""
    streams, alone = Streams(), list[CapturedHello]()
    under_way: Stream | None = None
    for chunk in chunks:
        segment = None if _begins_hello(chunk.data) else _pasted_segment(chunk.data)
        if segment is not None:
            streams.take(segment)
            continue
        if under_way is None or (chunk.is_clients is not False and _begins_hello(chunk.data)):
            alone += _ended(under_way)
            under_way = Stream(_NOWHERE, _NOWHERE)
        # Where it is not told whose bytes they are, those that go on with a hello are the client's.
        is_open = under_way.hello is None or not under_way.hello.is_ended
        if chunk.is_clients is not None or is_open:
            under_way.says(0.0, chunk.data, is_clients=chunk.is_clients is not False)
    alone += _ended(under_way)
    hellos = (*alone, *streams.hellos())
    return Capture(tuple(hello.numbered(number) for number, hello in enumerate(hellos, start=1)))


def _begins_hello(data: bytes) -> bool:
    return look(data) is Look.YES and (data[0] == 0x16 or is_certainly_hello(data))


def _pasted_segment(data: bytes) -> Segment | None:
    segments = (segment_of(Packet(0.0, link_type, data)) for link_type in _FRAMES)
    return next((each for each in segments if each is not None), None)


def _ended(stream: Stream | None) -> list[CapturedHello]:
    if stream is None or stream.hello is None:
        return []
    hello = captured_hello(stream, {}, 0.0)
    return [hello.without_ends()]
