"""What is planned, before anything runs."""

from clients.profile import load_profiles
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions


def test_clients_outside_the_default_grid_come_with_a_pattern() -> None:
    assert "java-6u18" not in clients_of(RunOptions())
    assert clients_of(RunOptions(client=("java-6u*",))) == {"java-6u18", "java-6u21", "java-6u22"}
    assert clients_of(RunOptions(client=("*",))) == load_profiles().keys()


def clients_of(options: RunOptions) -> set[str]:
    return {planned.cell.client for planned in make_plan(options).cells}
