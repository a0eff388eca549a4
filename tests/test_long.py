"""Long tests: left out unless they are asked for, and never without a word."""

from pathlib import Path

import pytest

from tests.own_tests import own_tests

MODULES = {
    "test_some": """
import pytest

def test_short():
    pass

@pytest.mark.long
def test_slow():
    pass

@pytest.mark.long(but=["b*"])
@pytest.mark.parametrize("letter", ["aa", "ba", "bb", "ca"])
def test_of_many(letter):
    pass
""",
    "test_more": "import pytest\npytestmark = pytest.mark.long\ndef test_slow_too():\n    pass\n",
}
LEFT_OUT = "4 long tests were left out; --long runs them too\n"


@pytest.mark.parametrize("workers", ["0", "2"])
def test_they_are_left_out_and_counted(tmp_path: Path, workers: str) -> None:
    done = own_tests(tmp_path, MODULES, "-n", workers)
    assert done.returncode == 0, done.stdout
    assert LEFT_OUT in done.stdout
    assert "3 passed" in done.stdout


def test_they_run_when_they_are_asked_for(tmp_path: Path) -> None:
    done = own_tests(tmp_path, MODULES, "-n", "0", "--long")
    assert "7 passed" in done.stdout
    assert "left out" not in done.stdout


@pytest.mark.parametrize(
    ("named", "passed", "is_told"),
    [
        ("tests/test_more.py", "1 passed", False),
        ("tests/test_some.py::test_slow", "1 passed", False),
        ("tests/test_some.py::test_of_many[ca]", "1 passed", False),
        ("tests/test_some.py", "6 passed", False),
        ("tests/../tests", "3 passed", True),
    ],
)
def test_what_is_named_is_run(tmp_path: Path, named: str, passed: str, is_told: bool) -> None:
    done = own_tests(tmp_path, MODULES, "-n", "0", chosen=(named,))
    assert passed in done.stdout
    assert (LEFT_OUT in done.stdout) == is_told


def test_an_exception_that_no_parameters_match_is_an_error(tmp_path: Path) -> None:
    wrong = {"test_some": MODULES["test_some"].replace("b*", "d*")}
    done = own_tests(tmp_path, wrong, "-n", "0", "--long")
    assert done.returncode == 4
    assert "test_some.py::test_of_many: the mark long excepts 'd*', and no parameters match it" in done.stderr
