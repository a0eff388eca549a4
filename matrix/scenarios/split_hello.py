"""The client's hello, cut into TCP segments and into TLS records: which cuts does the server mind?

TLS lets a message be cut into records in any way (RFC 8446 section 5.1), and TCP knows no messages. A hello
of today's clients, with a share of ML-KEM, is longer than a segment on most paths, so that it arrives in two.
"""

from handshake.hello_template import HelloFormat, HelloTemplate
from handshake.reason import Reason
from matrix.scenarios.probing import (
    Blame,
    Probing,
    Search,
    Step,
    boundary,
    carry_out_with,
    predict_with,
)
from matrix.scenarios.scenario import Scenario
from matrix.scenarios.variants import (
    MAX_RECORD,
    PAUSE_SECONDS,
    RECORD_HEADER,
    Variant,
    can_be_padded,
    counted_bytes,
    in_records_of,
    in_two_segments,
    length_of,
    padded,
    with_first_record,
)

MESSAGE_HEADER = 4
"""The bytes of a handshake message's header (RFC 8446 section 4)."""


def _search(hello: HelloTemplate) -> Search:
    found = [(yield from _segments(hello))]
    if hello.format is HelloFormat.RECORD:  # one in the format of SSLv2 cannot be cut into records
        found.append((yield from _records(hello)))
    return [blame for blame in found if blame is not None]


def _segments(hello: HelloTemplate) -> Step:
    halves = in_two_segments(hello)
    answer = yield halves
    if answer.is_answered:
        return None
    words = f"does not answer a hello that arrives in two segments, {PAUSE_SECONDS:g} s apart; in one it does"
    return Blame(words, halves, answer.reason)


def _records(hello: HelloTemplate) -> Step:
    cut = with_first_record(hello, MESSAGE_HEADER)
    answer = yield cut
    if answer.is_answered:
        return (yield from _short_records(hello))
    most = length_of(hello) * 3 // 4
    long = with_first_record(hello, most)
    answer_to_long = yield long
    if not answer_to_long.is_answered:
        words = "does not answer a hello in two records; in one record it does"
        return Blame(words, long, answer_to_long.reason)
    return (yield from _first_record(hello, most, cut, MESSAGE_HEADER, answer.reason))


def _short_records(hello: HelloTemplate) -> Step:
    """Records of one byte each, where a first record of four bytes is answered."""
    ones = in_records_of(hello, 1)
    answer = yield ones
    if answer.is_answered:
        return None
    as_long = (RECORD_HEADER + 1) * length_of(hello) - RECORD_HEADER
    if can_be_padded(hello) and as_long <= MAX_RECORD:
        whole = padded(hello, as_long)
        answer_to_whole = yield whole
        if not answer_to_whole.is_answered:
            size = counted_bytes(as_long)
            words = f"does not answer a hello in records of 1 byte; nor one as long in one record, of {size}"
            return Blame(words, whole, answer_to_whole.reason)
    first = with_first_record(hello, 1)
    answer_to_first = yield first
    if not answer_to_first.is_answered:
        return (yield from _first_record(hello, MESSAGE_HEADER, first, 1, answer_to_first.reason))
    length = length_of(hello)
    answered, unanswered = yield from boundary(length, 1, lambda size: in_records_of(hello, size))
    words = f"answers a hello in {_records_of(length, answered)}, not in {_records_of(length, unanswered)}"
    return Blame(words, ones, answer.reason)


def _first_record(
    hello: HelloTemplate, answered: int, cut: Variant, unanswered: int, reason: Reason | None
) -> Step:
    """The shortest first record that the server takes; of `unanswered` bytes, as in `cut`, it takes none."""
    answered, unanswered = yield from boundary(
        answered, unanswered, lambda size: with_first_record(hello, size)
    )
    sizes = counted_bytes(answered), counted_bytes(unanswered)
    words = "answers a hello whose first record has {}, not one whose first record has {}".format(*sizes)
    return Blame(words, cut, reason)


def _records_of(length: int, size: int) -> str:
    count = -(-length // size)
    return f"{count:,} record{'' if count == 1 else 's'} of {counted_bytes(size)}"


PROBING = Probing(_search)
SCENARIO = Scenario(
    id="split-hello",
    title="connect, then once more with the hello in two segments, cut after four bytes, in 1-byte records",
    carry_out=carry_out_with(PROBING),
    predict=predict_with(PROBING),
    makes_probes=True,
)
