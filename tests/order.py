"""`--order SEED`: the tests in another order, the same one for the same seed.

Modules are shuffled, and the tests in each module. Those of a module stay together, because they share what
is costly to make. No package is used for it, because those that there are reorder a grid under pytest, too.
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
