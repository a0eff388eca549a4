"""Asking one question after the other, until all are answered or the budget is spent."""

from collections.abc import Callable
from dataclasses import dataclass

from matrix.twin.asking import BudgetSpent, Interviewer
from matrix.twin.draft import Draft
from matrix.twin.inquiry import Asking, Inquiry, Question, Result

CONTROL = 2
"""Connections that are kept to see that the server still answers."""


@dataclass(frozen=True, slots=True)
class Learned:
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

    Raises Unreachable.
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
    interviewer.budget += CONTROL
    if draft.hellos:
        _control(draft, interviewer)
    return learned


def _control(draft: Draft, interviewer: Interviewer) -> None:
    """Ask again what was answered first: a server that has changed, or bans who asks much, is noticed."""
    hello = draft.hellos[draft.versions[0]] if draft.versions else next(iter(draft.hellos.values()))
    reply = interviewer.ask(Inquiry(hello))
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
