"""The fuzzers: each reader has one, what is found is told once, and a short search finds nothing."""

import json
import subprocess
import sys
from pathlib import Path

from bench.fuzz.__main__ import NAMES
from bench.fuzz.budget import Budget, Found
from tests.hostile.readers import READERS
from tests.matrix.test_run import ROOT


def test_each_reader_has_a_fuzzer() -> None:
    assert set(NAMES) == set(READERS)


def test_a_fault_is_told_once_and_kept(tmp_path: Path) -> None:
    found = Found(Budget("run", 1.0, 0, tmp_path / "kept"), "random")
    for text in ("nothing", "7x"):
        try:
            int(text)
        except ValueError as error:
            found.add(error, text.encode(), "--seed 1")
    (fault,) = found.to_json(1.0)["faults"]
    assert fault["times"] == 2
    assert fault["error"].startswith("ValueError: ")
    assert fault["at"][-1].startswith("tests/bench/test_fuzz.py:")
    assert [path.read_bytes() for path in (tmp_path / "kept").iterdir()] == [b"nothing"]


def test_a_short_search() -> None:
    command = [sys.executable, "-m", "bench.fuzz", "history", "--seconds", "0.2", "--without-coverage"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["runs"] > 0
    assert told["faults"] == []
    assert done.stderr == ""
