"""A cache folder and registries of the tests' own, and nothing else that pip and npm could reach."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stacks.registries import NpmRegistry, folder_of_wheels, npm_registry


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tls-matrix" / "stacks"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder that pip finds anything in."""
    return folder_of_wheels(tmp_path, monkeypatch)


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NpmRegistry]:
    """The only registry that npm asks."""
    with npm_registry(tmp_path, monkeypatch) as registry:
        yield registry
