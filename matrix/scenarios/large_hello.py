"""The client's hello, padded to sizes that today's and tomorrow's clients have: from which on does the server
mind, and is it the size?

A hello of one share of ML-KEM has 1,500 to 2,000 bytes; larger keys and a session ticket come on top. A large
hello also arrives in several segments, and from 16 kB on in several records; so where it is not answered, the
ordinary hello is sent in as many of these before the size is blamed.

Where the client's own hello is not answered, it is made smaller (`smaller`), and the first that is answered
takes the place of the ordinary one, padded to the size of the client's own at most.
"""

from msgspec.structs import replace

from handshake.hello_template import HelloTemplate
from handshake.reason import Reason, Rule
from matrix.scenarios.probing import (
    ORDINARY,
    Answer,
    Blame,
    Downwards,
    Probing,
    Search,
    Step,
    boundary,
    carry_out_with,
    predict_with,
)
from matrix.scenarios.scenario import Scenario
from matrix.scenarios.smaller import smaller_hellos
from matrix.scenarios.variants import (
    LEAST_PADDING,
    Variant,
    can_be_padded,
    counted_bytes,
    has_padding_extension,
    in_records_of,
    in_two_segments,
    length_of,
    on_the_wire,
    padded,
    records_of,
    with_padding_extension,
)

SIZES = (1536, 4096, 16384, 40960)
"""1.5 kB is a hello with one share of ML-KEM and does not fit a segment of Ethernet; 16 kB is the most that
one record holds; 40 kB takes three.
"""


_ITSELF, _SMALLER = "the ordinary one", "the smaller one"


def _search(hello: HelloTemplate) -> Search:
    answered = None
    for size in SIZES:
        if size < length_of(hello) + LEAST_PADDING:
            continue
        answer = yield padded(hello, size)
        if not answer.is_answered:
            blame = yield from _blame(Variant(_ITSELF, hello), answered, size, answer)
            return [] if blame is None else [blame]
        answered = size
    return []


def _search_downwards(hello: HelloTemplate, size: int, smaller: Variant) -> Search:
    """What it is that the client's own hello of this size has and the smaller one has not."""
    answer = yield padded(smaller.hello, size)
    if answer.is_answered:
        words = f"answers a hello {smaller.words}, also of {counted_bytes(size)}: it does not mind the size"
        return [Blame(words, Variant(ORDINARY, hello), None)]
    answered = None
    if not has_padding_extension(hello):
        least = yield with_padding_extension(smaller.hello)
        if not least.is_answered:
            return []  # nothing can be learnt by padding
        answered = length_of(smaller.hello)
    blame = yield from _blame(Variant(_SMALLER, smaller.hello), answered, size, answer)
    return [] if blame is None else [replace(blame, words=f"{blame.words}; asked {smaller.words}")]


def _blame(plain: Variant, answered: int | None, size: int, answer: Answer) -> Step:
    """What it is about a hello of this size that the server minds; `answered` is the size before it. The
    words of `plain`, which is answered, are what it is called.
    """
    return (
        (yield from _segments(plain, size, answer.segment_size))
        or (yield from _records(plain, size))
        or (yield from _size(plain.hello, answered, size, answer.reason))
    )


def _segments(plain: Variant, size: int, segment_size: int | None) -> Step:
    if segment_size is None or on_the_wire(size) <= segment_size:
        return None
    halves = in_two_segments(plain.hello)
    answer = yield halves
    if answer.is_answered:
        return None
    words = (
        f"does not answer a hello of {counted_bytes(size)}, which does not fit one segment of "
        f"{counted_bytes(segment_size)}; nor {plain.words} in two segments: it minds the segments"
    )
    return Blame(words, halves, answer.reason)


def _records(plain: Variant, size: int) -> Step:
    count = records_of(size)
    if count == 1:
        return None
    cut = in_records_of(plain.hello, -(-length_of(plain.hello) // count))
    answer = yield cut
    if answer.is_answered:
        return None
    words = (
        f"does not answer a hello of {counted_bytes(size)}, which needs {count} records; nor {plain.words} "
        f"in {count} records: it minds the records"
    )
    return Blame(words, cut, answer.reason)


def _size(hello: HelloTemplate, answered: int | None, size: int, reason: Reason | None) -> Step:
    blamed = padded(hello, size)
    if answered is None:
        answered = length_of(hello)
        if not has_padding_extension(hello):
            least = with_padding_extension(hello)
            answer = yield least
            if not answer.is_answered:
                return Blame("does not answer a hello with a padding extension", least, answer.reason)
    answered, unanswered = yield from boundary(answered, size, lambda length: padded(hello, length))
    words = f"answers a hello of {counted_bytes(answered)}, not one of {counted_bytes(unanswered)}"
    return Blame(words, blamed, reason)


def _why_not(hello: HelloTemplate) -> Rule | None:
    return None if can_be_padded(hello) else Rule.NO_EXTENSION_BLOCK


PROBING = Probing(_search, _why_not, Downwards(smaller_hellos, _search_downwards))
SCENARIO = Scenario(
    id="large-hello",
    title="connect, then once more with the hello padded to 1.5, 4, 16 and 40 kB (RFC 7685)",
    carry_out=carry_out_with(PROBING),
    predict=predict_with(PROBING),
    makes_probes=True,
)
