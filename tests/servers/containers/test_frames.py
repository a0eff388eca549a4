"""The codec of frames: what was pushed comes out again however it is cut, and nothing else does."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.containers.frames import (
    MAX_PAYLOAD,
    Bound,
    Connect,
    Data,
    End,
    Frame,
    FrameError,
    FrameReader,
    Reset,
    push_frame,
)

PORTS = st.integers(0, 0xFFFF)
FRAMES = st.one_of(
    st.builds(Bound, PORTS),
    st.builds(Connect, PORTS),
    st.builds(Data, st.binary(max_size=300)),
    st.just(End()),
    st.just(Reset()),
)


@given(st.lists(FRAMES), st.lists(st.integers(0, 400)))
def test_frames_come_out_as_they_went_in_however_they_are_cut(frames: list[Frame], cuts: list[int]) -> None:
    sent = b"".join(map(push_frame, frames))
    reader, read, position = FrameReader(), [], 0
    for size in [*cuts, len(sent)]:
        read += reader.feed(sent[position : position + size])
        position += size
    assert read == frames


@given(st.binary(max_size=200))
def test_whatever_arrives_is_frames_or_an_error(received: bytes) -> None:
    reader, read = FrameReader(), []
    with suppress(FrameError):
        read += reader.feed(received)
    assert received.startswith(b"".join(map(push_frame, read)))


def test_the_largest_payload_and_no_larger() -> None:
    largest = Data(bytes(MAX_PAYLOAD))
    assert list(FrameReader().feed(push_frame(largest))) == [largest]
    header = push_frame(Data(bytes(MAX_PAYLOAD + 1)))[:5]  # refused before any of it is there
    with pytest.raises(FrameError, match=f"more than {MAX_PAYLOAD}"):
        list(FrameReader().feed(header))


@pytest.mark.parametrize(
    "received", ["0000000000", "0600000000", "0100000001aa", "0400000001aa", "0200000000"]
)
def test_a_kind_or_length_that_does_not_exist(received: str) -> None:
    with pytest.raises(FrameError, match="no frame is of kind"):
        list(FrameReader().feed(bytes.fromhex(received)))
