"""What in bench/ is started with --help says what it is, and measures nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STARTED = 'if __name__ == "__main__":'
PROGRAMS = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")
    for path in (ROOT / "bench").rglob("*.py")
    if STARTED in path.read_text(encoding="utf-8")
)


@pytest.mark.long(but=["bench.twin", "bench.audit"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_help_is_shown(program: str) -> None:
    command = [sys.executable, "-m", program, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    first, _, described = done.stdout.partition("\n\n")
    assert first.startswith("usage: ")
    assert described.strip()
