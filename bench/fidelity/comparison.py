"""An emulation held against what it emulates: two sources of answers to the same questions."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.fidelity.answers import BEGINNINGS, Answer, differences, in_words
from bench.fidelity.questions import HASTY, PATIENT, Address, Question, ask_all
from bench.fidelity.renegotiation_grid import in_recorded_terms
from bench.fidelity.stacks.running import Running

FEW_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One question, what was sent and both answers, in words; `facts` are the paths at which they differ."""

    question: str
    sent: str
    facts: tuple[str, ...]
    expected: str
    emulated: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One emulated server; `against` is what it was held against, in words, `note` what its definition says
    of itself.
    """

    server: str
    against: str
    total: int
    disagreements: tuple[Disagreement, ...]
    note: str = ""

    @property
    def agreeing(self) -> int:
        """How many answers were the same."""
        return self.total - len(self.disagreements)


def compare_with_measured(
    server: str, address: Address, questions: Sequence[Question], measured: Mapping[str, Answer]
) -> Comparison:
    """Ask the emulation and hold its answers against recorded ones."""
    emulated = _in_measured_terms(ask_all(questions, address, HASTY), measured)
    unsure = [each for each in questions if differences(measured[each.name], emulated[each.name])]
    emulated |= _in_measured_terms(ask_all(unsure, _quiet(address), PATIENT), measured)
    return _compare(server, "the measured answers", questions, measured, emulated)


def _in_measured_terms(answers: Mapping[str, Answer], measured: Mapping[str, Answer]) -> dict[str, Answer]:
    """The answers without what nobody has measured: what random and session id begin with."""
    known = {name: answer.get("server_hello", {}) for name, answer in measured.items()}
    return {name: _without(answer, set(BEGINNINGS) - set(known[name])) for name, answer in answers.items()}


def _without(answer: Answer, facts: set[str]) -> Answer:
    if "server_hello" not in answer:
        return answer
    hello = {fact: value for fact, value in answer["server_hello"].items() if fact not in facts}
    return {**answer, "server_hello": hello}


def compare_with_recorded(
    server: str, address: Address, questions: Sequence[Question], recorded: Mapping[str, Answer]
) -> Comparison:
    """Ask the emulation about renegotiation, and hold what was recorded of it against the answers."""
    emulated = ask_all(questions, address, HASTY)
    emulated = {name: in_recorded_terms(answer, recorded[name]) for name, answer in emulated.items()}
    return _compare(server, "the measured renegotiations", questions, recorded, emulated)


def compare_with_stack(
    server: str, address: Address, questions: Sequence[Question], stack: Running
) -> Comparison:
    """Ask the emulation and the stack it emulates, and again where the two differ."""
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(ask_all, questions, stack.address, HASTY)
        emulated = ask_all(questions, address, HASTY)
        expected = asked.result()
    unsure = [each for each in questions if differences(expected[each.name], emulated[each.name])]
    expected |= ask_all(unsure, _quiet(stack.address), PATIENT)
    emulated |= ask_all(unsure, _quiet(address), PATIENT)
    return _compare(server, stack.description, questions, expected, emulated)


def _quiet(address: Address) -> Address:
    return Address(address.host, address.ports, min(address.at_once, FEW_AT_ONCE))


def _compare(
    server: str,
    against: str,
    questions: Sequence[Question],
    expected: Mapping[str, Answer],
    emulated: Mapping[str, Answer],
) -> Comparison:
    found = []
    for question in questions:
        first, second = expected[question.name], emulated[question.name]
        if facts := differences(first, second):
            words = in_words(first), in_words(second)
            found.append(Disagreement(question.name, question.description, tuple(facts), *words))
    return Comparison(server, against, len(questions), tuple(found))
