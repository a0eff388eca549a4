"""What an engine sends of a program's output, taken apart."""

import io
import struct

from hypothesis import given
from hypothesis import strategies as st

from servers.containers.attached import STDERR, output
from servers.containers.container import Lines
from servers.running import MAX_LINE_BYTES

PIECES = st.lists(st.tuples(st.sampled_from([1, STDERR]), st.binary(min_size=1, max_size=200)))


def sent(pieces: list[tuple[int, bytes]]) -> bytes:
    return b"".join(struct.pack(">BxxxL", kind, len(content)) + content for kind, content in pieces)


@given(PIECES)
def test_pieces_come_with_their_stream(pieces: list[tuple[int, bytes]]) -> None:
    assert list(output(io.BytesIO(sent(pieces)))) == pieces


def test_a_large_piece_is_given_in_parts_and_a_broken_one_as_far_as_it_goes() -> None:
    content = bytes(100_000)
    parts = list(output(io.BytesIO(sent([(1, content)]))))
    assert len(parts) == 2
    assert b"".join(part for _, part in parts) == content
    assert list(output(io.BytesIO(sent([(1, b"abc")])[:-1] + b""))) == [(1, b"ab")]
    assert list(output(io.BytesIO(b"\1\0\0"))) == []


@given(st.binary(max_size=300), st.lists(st.integers(0, 50)))
def test_lines_however_they_are_cut(text: bytes, cuts: list[int]) -> None:
    lines, got, position = Lines(), [], 0
    for size in [*cuts, len(text)]:
        got += lines.feed(text[position : position + size])
        position += size
    got += lines.rest()
    assert b"\n".join(got) == text.removesuffix(b"\n")


def test_a_line_without_end_is_not_kept() -> None:
    lines = Lines()
    assert lines.feed(b"x" * MAX_LINE_BYTES) == []
    assert len(lines.feed(b"x")[0]) == MAX_LINE_BYTES + 1
    assert lines.rest() == []
