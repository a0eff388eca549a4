"""Bytes that somebody has pasted as text: hex dumps, a hex stream, what `openssl s_client -msg` prints. Pure.

Each form is a function that gives the chunks of bytes in a text, or none where the text has another form. A
chunk has a side where the form tells one. How many bytes a line of a dump has is what the next line's offset
says, since the characters beside them may look like bytes.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from msgspec import Struct

from clients.capture.beginning import is_certainly_hello
from handshake.errors import LocalError
from handshake.wire.record import MAJOR_VERSION, Record, SSLv2Record, push_record, push_sslv2_record
from handshake.wire.registry import ContentType, ProtocolVersion

FORMS = (
    "a hex dump (xxd, hexdump -C, Wireshark, tcpdump -X), a hex stream, or what openssl s_client -msg prints"
)
MAX_CHUNKS = 10_000
MIN_BYTES = 11
"""Fewer bytes hold no hello, and words like `deaf` are no hex stream."""


class Chunk(Struct, frozen=True):
    """Bytes that stand together; `is_clients` None where the text does not tell whose they are."""

    data: bytes
    is_clients: bool | None = None


def chunks_of(text: str) -> list[Chunk]:
    """The bytes in a text; none where it has no form that is known."""
    forms: tuple[Callable[[str], list[Chunk]], ...] = (_messages, _dumps, _literals, _streams)
    found: list[Chunk] = next((chunks for form in forms if (chunks := form(text))), [])
    return found[:MAX_CHUNKS]


# openssl s_client -msg: a line that says what it is, then the bytes (apps/lib/s_cb.c, msg_cb). OpenSSL before
# 1.1.0 prints no record headers; of protected records 1.1.1 and later print the plain messages too.
_HEADING = re.compile(
    r"^(>>>|<<<) (?:(SSL|TLS) (\d\.\d)|\?\?\?|[^\[]*?),? ?"
    r"(RecordHeader|InnerContent|Inner Content|ChangeCipherSpec|Alert|Handshake|Heartbeat)? ?"
    r"\[length ([0-9a-fA-F]+)\]"
)
_HEX_LINE = re.compile(r"^ +((?:[0-9a-fA-F]{2} ?)+)(?:\.\.\.)?\s*$")
_CONTENT_TYPES = {
    "ChangeCipherSpec": ContentType.CHANGE_CIPHER_SPEC,
    "Alert": ContentType.ALERT,
    "Handshake": ContentType.HANDSHAKE,
}
_VERSIONS = {
    ("SSL", "2.0"): ProtocolVersion.SSL_2_0,
    ("SSL", "3.0"): ProtocolVersion.SSL_3_0,
    ("TLS", "1.0"): ProtocolVersion.TLS_1_0,
    ("TLS", "1.1"): ProtocolVersion.TLS_1_1,
}
_HEADER_BYTES = 5


def _messages(text: str) -> list[Chunk]:
    chunks: list[Chunk] = []
    header: bytes | None = None
    for heading, data in _under_headings(text):
        side, family, number, kind, _ = heading.groups()
        is_clients = side == ">>>"
        if kind == "RecordHeader" or (kind is None and _is_record_header(data)):
            header = data
            continue
        version: int = _VERSIONS.get((family, number), ProtocolVersion.TLS_1_2)
        try:
            if kind is None and version == ProtocolVersion.SSL_2_0:
                chunks.append(Chunk(push_sslv2_record(SSLv2Record(data)), is_clients))
            elif kind in _CONTENT_TYPES:
                if header is not None:
                    version = int.from_bytes(header[1:3], "big")
                chunks.append(Chunk(push_record(Record(_CONTENT_TYPES[kind], version, data)), is_clients))
        except LocalError:
            continue  # more than a record holds: a chain of certificates, which tells nothing here
        header = None
    return chunks


def _is_record_header(data: bytes) -> bool:
    return len(data) == _HEADER_BYTES and data[0] in list(ContentType) and data[1] == MAJOR_VERSION


def _under_headings(text: str) -> Iterator[tuple[re.Match[str], bytes]]:
    """Each heading of -msg with the bytes under it, as many as it announces."""
    heading, data = None, bytearray()
    for line in text.splitlines():
        found, digits = _HEADING.match(line), _HEX_LINE.match(line)
        if found is not None:
            if heading is not None:
                yield heading, bytes(data[: int(heading[5], 16)])
            heading, data = found, bytearray()
        elif heading is not None and digits is not None:
            data += bytes.fromhex(digits[1])
    if heading is not None:
        yield heading, bytes(data[: int(heading[5], 16)])


# A line of a dump: where it stands, then bytes in groups, then perhaps the same as characters.
_DUMP_LINE = re.compile(r"^(\s*)(?:0x)?([0-9a-fA-F]{3,16})(:?)(?:\s+(\S.*))?$")
_GROUP = re.compile(r"(?:[0-9a-fA-F]{2})+")
_SQUEEZED = "*"
_XXD_GAP, _GAP = re.compile(r"\s{2,}"), re.compile(r"\s{3,}|\|")
"""Between bytes and characters: of xxd and tcpdump, whose offsets have a colon, and of the others, which have
a gap of two in the middle of the bytes. A full line may have less, and then its width counts.
"""
_WIDTH = 16
MAX_SQUEEZED = 65_536
"""Bytes that `*` may stand for: lines like the one before (hexdump)."""


@dataclass(slots=True)
class _Line:
    indent: int
    offset: int
    groups: list[str]
    has_colon: bool
    repeats: bool = False


def _dumps(text: str) -> list[Chunk]:
    lines = list(_dump_lines(text))
    if not _is_dump(lines):
        return []
    # "Follow TCP Stream" of Wireshark and tshark: what the server says stands further in.
    indents = {line.indent for line in lines}
    has_sides = len(indents) == 2 and 0 in indents
    chunks: list[Chunk] = []
    data, last, side, width = bytearray(), b"", lines[0].indent, _WIDTH
    ends: dict[int, int] = {}
    for number, line in enumerate(lines):
        gap = line.offset - ends.get(line.indent, line.offset)
        if line.repeats and last and 0 < gap <= MAX_SQUEEZED and line.indent == side:
            data += (last * (gap // len(last) + 1))[:gap]
        elif data and (line.indent != side or gap or not line.offset):
            chunks.append(Chunk(bytes(data), side == 0 if has_sides else None))
            data = bytearray()
        side = line.indent
        following = lines[number + 1] if number + 1 < len(lines) else line
        if following.indent == side and not following.repeats and following.offset > line.offset:
            width = following.offset - line.offset
        last = _bytes_of(line) if line.has_colon else _bytes_of(line)[:width]
        data += last
        ends[side] = line.offset + len(last)
    chunks.append(Chunk(bytes(data), side == 0 if has_sides else None))
    return [chunk for chunk in chunks if chunk.data]


def _is_dump(lines: Sequence[_Line]) -> bool:
    """Whether what looks like offsets are some: one is 0, or one goes on where the line before ends."""
    has_bytes = any(line.groups for line in lines)
    is_first = any(line.offset == 0 for line in lines)
    goes_on = any(after.offset == line.offset + len(_bytes_of(line)) for line, after in pairwise(lines))
    return has_bytes and (is_first or goes_on)


def _dump_lines(text: str) -> Iterator[_Line]:
    repeats = False
    for written in text.expandtabs().splitlines():
        if written.strip() == _SQUEEZED:
            repeats = True
            continue
        found = _DUMP_LINE.match(written)
        if found is None:
            continue
        groups = _groups(found[4] or "", _XXD_GAP if found[3] else _GAP)
        if not groups and found[4]:
            continue
        yield _Line(len(found[1]), int(found[2], 16), groups, bool(found[3]), repeats)
        repeats = False


def _groups(rest: str, gap: re.Pattern[str]) -> list[str]:
    """The groups of digits of a line, without the characters beside them as far as a gap tells."""
    groups = []
    for word in gap.split(rest, maxsplit=1)[0].split():
        if _GROUP.fullmatch(word) is None:
            break
        groups.append(word)
    return groups


def _bytes_of(line: _Line) -> bytes:
    words = line.groups
    if not line.has_colon and words and all(len(word) == 4 for word in words):
        words = [
            word[2:] + word[:2] for word in words
        ]  # plain hexdump: numbers of 16 bits, the low byte first
    return bytes.fromhex("".join(words))


def _literals(text: str) -> list[Chunk]:
    r"""Bytes as programs write them: 0x16, 0x03 or \x16\x03."""
    for pattern in (r"\b0x([0-9a-fA-F]{2})\b", r"\\x([0-9a-fA-F]{2})"):
        found = re.findall(pattern, text)
        if len(found) >= MIN_BYTES:
            return [Chunk(bytes.fromhex("".join(found)))]
    return []


def _streams(text: str) -> list[Chunk]:
    """Digits alone, with colons or spaces in between: a line each, or all lines together."""
    lines = [re.sub(r"[\s:,\"']", "", line) for line in text.splitlines()]
    lines = [line for line in lines if line]
    if not all(re.fullmatch(r"[0-9a-fA-F]+", line) for line in lines):
        return []
    whole = "".join(lines)
    if len(whole) % 2 or len(whole) < 2 * MIN_BYTES:
        return []
    each: Sequence[bytes] = [bytes.fromhex(line) for line in lines if len(line) % 2 == 0]
    if len(each) == len(lines) and all(map(is_certainly_hello, each)):
        return [Chunk(data) for data in each]
    return [Chunk(bytes.fromhex(whole))]
