"""Runs tests beside a conftest.py that has what tests/conftest.py has."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
COPIED = ("__init__.py", "conftest.py", "long.py", "order.py", "skips.py", "allowed_skips.toml")


def own_tests(
    folder: Path, modules: Mapping[str, str], *options: str, chosen: tuple[str, ...] = ("tests",)
) -> subprocess.CompletedProcess[str]:
    """Run the modules, by their names, with options of pytest, in a folder that is still empty."""
    tests = folder / "tests"
    if not tests.exists():
        tests.mkdir()
        for name in COPIED:
            shutil.copy(HERE / name, tests)
        (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\nmarkers = long(but=[...])\n")
    for name, program in modules.items():
        (tests / f"{name}.py").write_text(program)
    command = [sys.executable, "-P", "-m", "pytest", "-p", "no:cacheprovider", "--import-mode=importlib"]
    return subprocess.run(
        [*command, *chosen, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )
