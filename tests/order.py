"""`--order SEED`: the tests in another order, which is the same wherever the seed is the same.

Modules are shuffled, and the tests in each module. A module's tests stay together, because they share what is
costly to make. No package is used for it: those that there are shuffle the cells of a grid under pytest as well.
"""

import random

import pytest


def shuffle(items: list[pytest.Item], seed: int) -> None:
    """Reorder the tests in place."""
    by_module: dict[str, list[pytest.Item]] = {}
    for item in items:
        by_module.setdefault(item.nodeid.partition("::")[0], []).append(item)
    drawn = random.Random(seed)
    modules = list(by_module)
    drawn.shuffle(modules)
    for module in modules:
        drawn.shuffle(by_module[module])
    items[:] = [item for module in modules for item in by_module[module]]
