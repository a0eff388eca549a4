"""Asking one question after the other, until all are answered or the budget is spent."""

from collections.abc import Callable

from msgspec import Struct

from handshake.hello_template import HelloTemplate
from matrix.twin.asking import BudgetSpent, Interviewer
from matrix.twin.draft import Draft
from matrix.twin.inquiry import Asking, Inquiry, Question, Result

CONTROL = 2
"""Connections that are kept to see that the server still answers."""
REPEATS = 10
"""How often one hello is asked to see whether the server answers it always alike."""
_MOST_LOST = 1
"""Of them: a connection may be lost without anybody's fault."""


class Flaky(Exception):
    """The server answers the same hello in different ways; the text says how often."""


class Learned(Struct, frozen=True):
    """What a question cost, in connections."""

    question: str
    asked: int


def learn(
    draft: Draft,
    questions: tuple[Question, ...],
    interviewer: Interviewer,
    tell: Callable[[str], None] = lambda line: None,
) -> list[Learned]:
    """Ask the questions and write the answers into the draft; what the budget leaves out stands in its notes.

    Raises Unreachable, and Flaky where the server's answers cannot be learned.
    """
    interviewer.budget -= CONTROL
    learned = []
    for index, question in enumerate(questions):
        tell(f"asks {question.title}")
        before = interviewer.asked
        try:
            hold(question.ask(draft), interviewer)
        except BudgetSpent:
            left = ", ".join(each.name for each in questions[index:])
            enough = interviewer.budget + CONTROL
            draft.note(f"{enough} connections were not enough to ask for: {left}")
            break
        finally:
            learned.append(Learned(question.name, interviewer.asked - before))
        if not draft.hellos:
            break
        if index == 0:
            _check_steadiness(draft, interviewer)
    interviewer.budget += CONTROL
    if draft.hellos:
        _control(draft, interviewer)
    return learned


def _check_steadiness(draft: Draft, interviewer: Interviewer) -> None:
    hello = Inquiry(_usual_hello(draft))
    times = min(REPEATS, interviewer.left)
    lost = sum(interviewer.ask_once(hello).hello is None for _ in range(times))
    if lost > _MOST_LOST:
        raise Flaky(
            f"{interviewer.destination.address}: is flaky: of {times} times the same hello failed {lost}; "
            "what it does by chance cannot be learned, and no twin is written"
        )


def _usual_hello(draft: Draft) -> HelloTemplate:
    """A hello that gets through."""
    return draft.hellos[draft.versions[0]] if draft.versions else next(iter(draft.hellos.values()))


def _control(draft: Draft, interviewer: Interviewer) -> None:
    """Ask again what was answered first: a server that has changed, or bans who asks much, is noticed."""
    reply = interviewer.ask(Inquiry(_usual_hello(draft)))
    if reply.hello is None:
        draft.note(
            f"at the end the server refused a hello that it had answered before ({reply.failure}): it may "
            "have changed, or refuse whoever connects so often"
        )


def hold(asking: Asking[Result], interviewer: Interviewer) -> Result:
    """Hold a conversation with the server. Raises BudgetSpent, Unreachable."""
    try:
        inquiry = next(asking)
        while True:
            inquiry = asking.send(interviewer.ask(inquiry))
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        asking.close()
