"""The engine in both roles under BoringSSL's test runner, and the list of tests that it is not held to."""

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.bogo.disabled import LIST, REASONS, disabled_tests
from tests.bogo.runner import PROGRAM, ROLES, VARIABLE, Result, run, share_passed

MOST_ENTRIES = 200
LEAST_TESTS = 3200
LEAST_SHARE = 0.98


def test_each_entry_has_one_of_the_reasons_and_says_why() -> None:
    entries = disabled_tests(LIST.read_text())
    assert 0 < len(entries) <= MOST_ENTRIES
    for entry in entries:
        assert entry.reason in REASONS
        assert entry.why
        assert entry.pattern.strip("*-")
    assert not disabled_tests('["other feature"]\n"A*" = "why"\n')[0].covers("BA")
    assert disabled_tests('["other feature"]\n"A*" = "why"\n')[0].covers("AB")


def test_shares_are_counted_by_role() -> None:
    results = [Result("a", "client", True), Result("b", "client", False), Result("c", "server", True)]
    assert share_passed(results) == {"client": 0.5, "server": 1.0}


def test_the_runner_finds_nothing_wrong_that_is_taken_and_not_on_the_list(tmp_path: Path) -> None:
    folder = os.environ.get(VARIABLE)
    if not folder:
        pytest.skip(f"{VARIABLE} does not name the folder of a built ssl/test/runner")
    assert (Path(folder) / PROGRAM).is_file(), f"{VARIABLE}: there is no {PROGRAM} in {folder}"
    results = run(Path(folder), tmp_path)
    entries = disabled_tests(LIST.read_text())
    assert len(results) >= LEAST_TESTS
    covered = {result.test: [entry for entry in entries if entry.covers(result.test)] for result in results}
    held_to = [result for result in results if not covered[result.test]]
    failed = sorted(result.test for result in held_to if not result.passed)
    shares = share_passed(held_to)
    assert set(shares) == set(ROLES)
    assert min(shares.values()) >= LEAST_SHARE, (shares, failed)
    failures: Counter[str] = Counter()
    for result in results:
        failures.update(entry.pattern for entry in covered[result.test] if not result.passed)
    assert [entry.pattern for entry in entries if not failures[entry.pattern]] == [], "they pass"
    assert [result.test for result in held_to if result.took_what_is_wrong] == []
