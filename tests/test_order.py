"""`--order SEED`: another order, the same one for a seed, with the tests of a module together."""

import re
from itertools import groupby
from pathlib import Path

import pytest

from tests.own_tests import own_tests

MODULES = {
    f"test_{letter}": "".join(f"def test_{number}():\n    pass\n" for number in range(6)) for letter in "abcd"
}


def order(folder: Path, *options: str) -> list[tuple[str, str]]:
    done = own_tests(folder, MODULES, "-v", "-n", "0", *options)
    assert done.returncode == 0, done.stdout
    return re.findall(r"^tests/(test_\w+)\.py::(test_\d) PASSED", done.stdout, re.MULTILINE)


@pytest.fixture
def written(tmp_path: Path) -> list[tuple[str, str]]:
    return order(tmp_path)


def test_a_seed_is_an_order(tmp_path: Path, written: list[tuple[str, str]]) -> None:
    first, again, other = (order(tmp_path, f"--order={seed}") for seed in (1, 1, 2))
    assert first == again
    assert len({tuple(each) for each in (written, first, other)}) == 3
    for shuffled in (first, other):
        assert sorted(shuffled) == written
        modules = [module for module, _ in shuffled]
        assert len([*groupby(modules)]) == len(MODULES)
