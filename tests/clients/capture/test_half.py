"""However a direction is cut, repeated, overlapped and shuffled: its bytes come out once and in order."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.capture.half import MAX_WAITING_SEGMENTS, Half

DATA = bytes(range(200))


def said(half: Half, start: int, *segments: tuple[int, int]) -> bytes:
    """What comes of segments, each given as its first byte and the one behind its last."""
    return b"".join(
        piece
        for first, end in segments
        for piece in half.take((start + first) % 2**32, DATA[first:end], end - first)
    )


@pytest.mark.parametrize(
    "segments",
    [
        [(0, 10), (10, 20)],
        [(0, 10), (0, 10), (10, 20), (10, 20)],
        [(0, 10), (15, 20), (10, 15)],
        [(0, 10), (5, 20)],
        [(0, 10), (12, 20), (11, 13), (10, 12)],
        [(0, 20), (5, 10)],
        [(0, 1), (19, 20), (1, 19)],
    ],
    ids=["in-order", "twice", "shuffled", "overlap", "overlapping-ahead", "within", "ends-first"],
)
@pytest.mark.parametrize("start", [0, 2**32 - 5])
def test_bytes_come_once_and_in_order(segments: list[tuple[int, int]], start: int) -> None:
    assert said(Half(start), start, *segments) == DATA[:20]


@given(
    st.lists(st.integers(1, 199), max_size=20), st.randoms(use_true_random=False), st.integers(0, 2**32 - 1)
)
def test_any_cut_in_any_order(cuts: list[int], random, start: int) -> None:  # type: ignore[no-untyped-def]
    places = sorted({0, *cuts, len(DATA)})
    segments = [(first, end) for first, end in pairwise(places)]
    segments += [(max(first - 3, 0), min(end + 3, len(DATA))) for first, end in segments]
    random.shuffle(segments)
    assert said(Half(start), start, *segments) == DATA


def test_the_first_bytes_count_where_they_differ() -> None:
    half = Half(0)
    pieces = [*half.take(0, b"abc", 3), *half.take(1, b"XYZ", 3)]
    assert b"".join(pieces) == b"abcZ"


def test_without_a_beginning_the_first_segment_is_one() -> None:
    assert said(Half(), 700, (50, 60), (60, 70)) == DATA[50:70]


def test_a_gap_is_told_and_nothing_behind_it_comes() -> None:
    half = Half(0)
    assert said(half, 0, (0, 10), (15, 20)) == DATA[:10]
    assert (half.has_gap, half.gap()) == (True, 5)


def test_a_segment_that_was_cut_ends_what_can_be_read() -> None:
    half = Half(0)
    assert b"".join(half.take(0, b"abc", 10)) == b"abc"
    assert half.take(10, b"more", 4) == []
    assert half.gap() == 7


def test_what_waits_is_bounded() -> None:
    half = Half(0)
    for number in range(MAX_WAITING_SEGMENTS + 2):
        half.take(10 + 2 * number, b"x", 1)
    assert half.waiting_bytes == 0
    assert half.gap() == 10


def test_a_fin_counts_once_what_is_before_it_has_come() -> None:
    half = Half(0)
    half.end(10)
    assert not half.check_over()
    said(half, 0, (0, 10))
    assert half.check_over()
    assert not half.check_over()
