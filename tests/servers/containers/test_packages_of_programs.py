"""The packages of an image are all that the engine and the emulated servers' program import."""

import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from servers.containers.packages import PACKAGES
from tests.test_imports import OURS, imported

ROOT = Path(__file__).parents[3]
PROGRAMS = ("handshake", "servers/emulated")


def test_whatever_the_programs_import_is_in_an_image() -> None:
    sources = [path for folder in PROGRAMS for path in (ROOT / folder).rglob("*.py")]
    tops = {name.partition(".")[0] for path in sources for name in imported(path.read_text(encoding="utf-8"))}
    others = tops - set(sys.stdlib_module_names) - set(OURS)
    assert "cryptography" in others
    distributions = packages_distributions()
    wanted = {name.lower() for top in others for name in distributions[top]}
    assert wanted <= set(PACKAGES)
