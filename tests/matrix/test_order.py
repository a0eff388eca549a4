"""The order of a run: servers of our own one after the other, targets round and round."""

from clients.destination import parse_target
from matrix.grid.task import tasks_of
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions


def test_each_client_goes_round_the_targets_before_the_next() -> None:
    targets = ("a=127.0.0.1:1", "b=127.0.0.1:2")
    assert parse_target(targets[0]).name == "a"
    asked = RunOptions(server=("jsse6@6u45",), target=targets, client=("java-7", "java-8"))
    cells = [(task.cell.server, task.cell.client) for task in tasks_of(make_plan(asked))]
    own = [("jsse6@6u45", "java-7"), ("jsse6@6u45", "java-8")]
    assert cells == [*own, ("a", "java-7"), ("b", "java-7"), ("a", "java-8"), ("b", "java-8")]
