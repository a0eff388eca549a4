"""Asking one question after the other, until all are answered or the budget is spent."""

from collections.abc import Callable
from dataclasses import dataclass

from matrix.twin.asking import BudgetSpent, Interviewer
from matrix.twin.draft import Draft
from matrix.twin.inquiry import Asking, Question, Result


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
    learned = []
    for index, question in enumerate(questions):
        tell(f"asks {question.title}")
        before = interviewer.asked
        try:
            hold(question.ask(draft), interviewer)
        except BudgetSpent:
            left = ", ".join(each.name for each in questions[index:])
            draft.note(f"{interviewer.budget} connections were not enough to ask for: {left}")
        learned.append(Learned(question.name, interviewer.asked - before))
        if not draft.hellos or interviewer.left <= 0:
            break
    return learned


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
