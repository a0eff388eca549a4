"""Cells in which a twin differs, explained and put right: the server minds something that no question asks
for.

All hellos of the row are trials already, so a cause needs few more. It becomes an intolerance of the twin,
which fires behind the ServerHello where the live server fails there. Pure.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from handshake.features import features_of
from handshake.hello_template import HelloTemplate
from handshake.reason import Reason
from matrix.explain.hypotheses import Hypothesis, Joint
from matrix.explain.search import Search
from matrix.explain.trial import Answer, Choice, Trials
from matrix.twin.draft import Draft
from matrix.twin.inquiry import Asking
from matrix.twin.reply import Reply, is_of_server, message_before
from matrix.twin.row import Row, RowCell, differing

_MOST_NAMED = 3
MOST_PROBES = 40
"""Connections that one cause may cost beside the hellos of the row."""


class Difference(Struct, frozen=True):
    """A hello that the live server refuses for `reason`, and its twin does not."""

    hello: HelloTemplate
    reason: Reason
    clients: tuple[str, ...]


def differences(live: Row, twin: Row) -> list[Difference]:
    """What the live server refuses and the twin does not, one for each reason, with the clients it meets."""
    found: dict[Reason, list[tuple[str, HelloTemplate]]] = {}
    for name in differing(live, twin):
        refused = {(each.hello, each.reason) for each in twin[name].failed}
        for failed in live[name].failed:
            if (failed.hello, failed.reason) not in refused and is_of_server(failed.reason.cause):
                found.setdefault(failed.reason, []).append((name, failed.hello))
                break
    return [
        Difference(about[0][1], reason, tuple(name for name, _ in about)) for reason, about in found.items()
    ]


def explain(difference: Difference, live: Row, most: int) -> Asking[tuple[Hypothesis, ...]]:
    """Find what the server minds of the hello: the likeliest first, where several are left; nothing where
    nothing is found.
    """
    failing = difference.hello
    passing = _nearest(failing, live)
    if passing is None:
        return ()
    trials = Trials(Answer(False, str(difference.reason)))
    for template, answer in _trials(live):
        trials.add(template, answer)
    search = Search(failing, passing, trials, len(trials) + most)
    searching = search.run()
    try:
        templates = next(searching)
        while True:
            answers = []
            for template in templates:
                reply = yield from Draft().ask(template)
                answers.append(_answer(reply))
            templates = searching.send(answers)
    except StopIteration as end:
        causes = end.value.causes
    return tuple(alike[0] for alike in causes)


def amend(draft: Draft, difference: Difference, causes: Sequence[Hypothesis]) -> None:
    """Write the likeliest cause into the draft as an intolerance; the others stand in the notes."""
    cause, *others = causes
    if others:
        named = "; ".join(each.name for each in others[:_MOST_NAMED])
        draft.note(f"{difference.reason} may be due to {cause.name}, and as well to {named}")
    features = [cause.name] if cause.joint is Joint.ALL else [part.name for part in cause.parts]
    after = message_before(difference.reason.phase)
    more = {} if after is None else {"after": after}
    draft.intolerance(features, difference.reason.cause, first=True, **more)


def _trials(live: Row) -> Iterator[tuple[HelloTemplate, Answer]]:
    """Each hello of the row once, with what became of it."""
    seen = set()
    for cell in live.values():
        for template, answer in _answers(cell):
            if template not in seen:
                seen.add(template)
                yield template, answer


def _answers(cell: RowCell) -> Iterator[tuple[HelloTemplate, Answer]]:
    for failed in cell.failed:
        if is_of_server(failed.reason.cause):
            yield failed.hello, Answer(False, str(failed.reason))
    if cell.passed is not None:
        yield cell.passed, Answer(True)


def _nearest(failing: HelloTemplate, live: Row) -> HelloTemplate | None:
    """The hello that gets through and has most in common with this one."""
    mine = set(features_of(failing))
    passing = dict.fromkeys(cell.passed for cell in live.values() if cell.passed is not None)
    return min(passing, key=lambda hello: len(mine ^ set(features_of(hello))), default=None)


def _answer(reply: Reply) -> Answer:
    failure = reply.failure
    choice = None if reply.hello is None else Choice(reply.version, reply.hello.cipher_suite, reply.group)
    if failure is None or not is_of_server(failure.cause):
        return Answer(True, "", choice)
    return Answer(False, str(failure), choice)
