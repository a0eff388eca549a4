"""`tls-matrix stacks`: what it lists, and how it ends when something cannot be had."""

import json
import os
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from matrix.cli import application
from servers.stacks.catalogue import stacks, unpacked


def tls_matrix(*arguments: str) -> Result:
    return CliRunner().invoke(application, arguments, catch_exceptions=False)


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder and a pip without any index."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return tmp_path / "tls-matrix" / "stacks"


def test_list_says_the_same_as_lines_and_as_json(empty_cache: Path) -> None:
    rows = json.loads(tls_matrix("stacks", "list", "--json").stdout)
    assert {row["id"]: row["folder"] for row in rows} == dict.fromkeys(stacks())
    lines = [line.split("\t") for line in tls_matrix("stacks", "list").stdout.splitlines()]
    assert [line[0] for line in lines] == [row["id"] for row in rows]
    assert {line[3] for line in lines} == {"-"}
    assert dict(line[:3:2] for line in lines)["openssl-1.0.1u"] == "4.5 MB"
    assert {row["id"]: row["size"] for row in rows}["openssl-1.0.1u"] == 4526210


def test_list_says_what_is_fetched(empty_cache: Path) -> None:
    stack = stacks()["jsse-17"]
    folder = unpacked(stack, stack.files_for())
    folder.mkdir(parents=True)
    rows = {row["id"]: row["folder"] for row in json.loads(tls_matrix("stacks", "list", "--json").stdout)}
    assert {identity for identity, found in rows.items() if found} == {"jsse-17"}
    assert rows["jsse-17"] == str(folder)


def test_unknown_id_is_one_line_that_helps_and_2() -> None:
    result = tls_matrix("stacks", "fetch", "jsse-16")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "near it: jsse-" in result.stderr
    assert "`stacks list`" in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the stacks are pinned for Linux")
def test_what_cannot_be_fetched_is_named_and_3(empty_cache: Path) -> None:
    result = tls_matrix("stacks", "fetch", "jsse-2*")
    assert result.exit_code == 3
    failed = [line for line in result.stderr.splitlines() if line.startswith("tls-matrix: ")]
    named = [line.split(": ")[1] for line in failed]
    assert named == ["jpype", "jsse-21", "jsse-25"], "each is tried, and what it needs first"
    assert result.stdout == ""
    assert list(empty_cache.iterdir()) == []
