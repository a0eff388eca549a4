"""The order of a run: each client goes round all servers."""

from matrix.grid.task import tasks_of
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions


def test_each_client_goes_round_servers_and_targets_before_the_next() -> None:
    targets = ("a=127.0.0.1:1", "b=127.0.0.1:2")
    asked = RunOptions(server=("jsse6@6u45",), target=targets, client=("java-7", "java-8"))
    cells = [(task.cell.server, task.cell.client) for task in tasks_of(make_plan(asked))]
    assert cells == [
        (server, client) for client in ("java-7", "java-8") for server in ("a", "b", "jsse6@6u45")
    ]
