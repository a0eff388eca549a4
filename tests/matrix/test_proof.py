"""Which results of a server that no longer answers still stand."""

from datetime import UTC, datetime, timedelta

import pytest

from matrix.grid.proof import Conversation, unproved

START = datetime(2012, 2, 29, tzinfo=UTC)


def cell(name: str, began: float, ended: float, answered: bool = False, told: bool = False) -> Conversation:
    moment = START + timedelta(seconds=began)
    return Conversation(name, moment, START + timedelta(seconds=ended), answered, (moment,) if told else ())


@pytest.mark.parametrize(
    ("cells", "unsure"),
    [
        ([], set()),
        ([cell("a", 0, 1)], {"a"}),
        ([cell("a", 0, 1, answered=True)], set()),
        ([cell("a", 0, 1), cell("b", 1, 2, answered=True)], set()),
        ([cell("a", 0, 1), cell("b", 0.5, 2, answered=True)], {"a"}),
        ([cell("a", 0, 1), cell("b", 1, 2, told=True), cell("c", 2, 3)], {"b", "c"}),
        ([cell("a", 0, 1, told=True)], {"a"}),
    ],
    ids=[
        "none",
        "nothing proves it",
        "an answer",
        "answered later",
        "began before",
        "told later",
        "told itself",
    ],
)
def test_a_result_stands_if_the_server_lived_after_it(cells: list[Conversation], unsure: set[str]) -> None:
    assert unproved(cells) == unsure
    assert unproved(reversed(cells)) == unsure
