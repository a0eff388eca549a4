"""A long transcript keeps its beginning and its end and says what is missing."""

import pytest

from handshake.events import TranscriptEntry
from handshake.transcript import FIRST_KEPT, LAST_KEPT, LeftOut, Transcript


def entry(number: int) -> TranscriptEntry:
    return TranscriptEntry("received", "record", str(number), float(number), b"ab", b"")


@pytest.mark.parametrize("more", [-1, 0, 1, 1000])
def test_what_is_kept(more: int) -> None:
    transcript = Transcript()
    total = FIRST_KEPT + LAST_KEPT + more
    for number in range(total):
        transcript.append(entry(number))
    names = [int(each.name) for each in transcript]
    missing = max(more, 0)
    assert names == [*range(FIRST_KEPT), *range(FIRST_KEPT + missing, total)]
    assert len(transcript) == len(names)
    assert transcript[-1] == entry(total - 1)
    assert transcript.left_out == (LeftOut(FIRST_KEPT, missing, 2 * missing) if missing else None)
