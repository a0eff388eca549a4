"""The stacks: read, fetched, unpacked; a registry is a folder of files here, and pip is the real one."""

import dataclasses
import hashlib
import os
import stat
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from servers.definition import load_definitions
from servers.stacks import catalogue, fetch
from servers.stacks.catalogue import Stack, StackFile, stacks, with_needs
from servers.stacks.fetch import FetchError

MakeStack = Callable[..., Stack]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tls-matrix" / "stacks"


@pytest.fixture
def make_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> MakeStack:
    """Put a wheel into a folder that pip is told to look into alone, and pin it."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)

    def make(sha256: str = "", python: str | None = None, platform: str = "") -> Stack:
        wheel = wheels / "toystack-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(
                "toystack-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toystack\nVersion: 1.0\n"
            )
            archive.writestr("toystack-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr("toystack-1.0.dist-info/RECORD", "")
            program = zipfile.ZipInfo("toystack/bin/run")
            program.external_attr = (stat.S_IFREG | 0o755) << 16
            archive.writestr(program, "#!/bin/sh\n")
        file = StackFile(wheel.name, sha256 or hashlib.sha256(wheel.read_bytes()).hexdigest(), python)
        here = platform or sysconfig.get_platform()
        return Stack("toy", "Toy 1.0", "a test", "pypi", "toystack", "1.0", here, (file,))

    return make


def test_every_stack_is_pinned_and_names_what_exists() -> None:
    assert {"jpype", "jsse-11", "jsse-17", "jsse-21", "jsse-25"} <= stacks().keys()
    for stack in stacks().values():
        assert set(stack.needs) <= stacks().keys()
        assert stack.title
        assert stack.purpose
        for file in stack.files:
            assert stack.version in file.name
            assert len(bytes.fromhex(file.sha256)) == 32
    assert {f"jsse-{level}" for level in load_definitions()["jsse"].levels} <= stacks().keys()


def test_what_is_needed_comes_first_and_once() -> None:
    assert with_needs(["jsse-17", "jsse-11"]) == ["jpype", "jsse-17", "jsse-11"]


@pytest.mark.parametrize("chosen", ["", "not/absolute"])
def test_cache_folder_is_the_users(chosen: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", chosen)
    assert catalogue.cache_folder() == tmp_path / ".cache" / "tls-matrix" / "stacks"
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert catalogue.cache_folder() == Path("/elsewhere/tls-matrix/stacks")


def test_fetched_once_and_then_without_a_registry(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    stack = make_stack()
    assert stack.folder() is None
    folder = fetch.fetch(stack)
    assert folder == stack.folder()
    assert (folder / "toystack" / "bin" / "run").stat().st_mode & stat.S_IXUSR
    assert not (folder / "toystack-1.0.dist-info" / "RECORD").stat().st_mode & stat.S_IXUSR
    assert list(cache.iterdir()) == [folder], "nothing else is left behind"
    monkeypatch.delenv("PIP_FIND_LINKS")
    assert fetch.fetch(stack) == folder


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": "00" * 32}, "toy: pip could not download toystack 1.0: .*HASHES"),
        ({"python": "cp27"}, "toy: Toy 1.0 is not pinned for Python .*; there is .*cp27"),
        ({"platform": "win32"}, "toy: Toy 1.0 is not pinned for .*; there is win32"),
    ],
)
def test_what_cannot_be_had_is_one_line_that_names_it(
    changes: dict[str, str], message: str, make_stack: MakeStack, cache: Path
) -> None:
    stack = make_stack(**changes)
    with pytest.raises(FetchError, match=message) as refused:
        fetch.fetch(stack)
    assert "\n" not in str(refused.value)
    assert stack.folder() is None
    assert not cache.exists() or list(cache.iterdir()) == []


def test_a_file_is_checked_by_ourselves_too(make_stack: MakeStack, tmp_path: Path) -> None:
    stack = make_stack()
    other = tmp_path / "other"
    other.write_bytes(b"something else")
    with pytest.raises(FetchError, match="has the SHA-256"):
        fetch._check(stack, stack.files[0], other)


FETCH = """
import json, sys
from servers.stacks.catalogue import Stack, StackFile
from servers.stacks.fetch import fetch
value = json.loads(sys.argv[1])
files = tuple(StackFile(**file) for file in value.pop("files"))
print(fetch(Stack(**value, files=files)))
"""


def test_several_at_once_do_not_disturb_each_other(make_stack: MakeStack, cache: Path) -> None:
    import json

    stack = make_stack()
    argument = json.dumps(dataclasses.asdict(stack))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    fetching = [
        subprocess.Popen([sys.executable, "-c", FETCH, argument], env=environment, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    said = [process.communicate(timeout=60)[0].decode().strip() for process in fetching]
    assert [process.returncode for process in fetching] == [0] * 4
    assert set(said) == {str(stack.folder())}
    assert [path.name for path in cache.iterdir()] == [Path(said[0]).name]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../outside", stat.S_IFREG),
        ("/outside", stat.S_IFREG),
        ("inside/../../outside", stat.S_IFREG),
        ("inside\\..\\outside", stat.S_IFREG),
        ("link", stat.S_IFLNK),
    ],
)
def test_nothing_is_unpacked_outside_the_folder(name: str, kind: int, tmp_path: Path) -> None:
    archive = tmp_path / "archive.zip"
    with zipfile.ZipFile(archive, "w") as writing:
        member = zipfile.ZipInfo(name)
        member.external_attr = (kind | 0o644) << 16
        writing.writestr(member, "x")
    with pytest.raises(zipfile.BadZipFile, match="not allowed"):
        fetch.unpack_zip(archive, tmp_path / "in" / "folder")
    assert not (tmp_path / "outside").exists()
    assert not (tmp_path / "in" / "outside").exists()


def test_what_a_killed_fetch_has_left_goes_in_time(make_stack: MakeStack, cache: Path) -> None:
    old, young = cache / f"{fetch.PARTIAL}old", cache / f"{fetch.PARTIAL}young"
    old.mkdir(parents=True)
    young.mkdir()
    os.utime(old, (0, 0))
    fetch.fetch(make_stack())
    assert not old.exists()
    assert young.exists()


def test_what_levels_take_is_in_the_catalogue() -> None:
    taken = {
        stack
        for definition in load_definitions().values()
        for level in definition.levels.values()
        for stack in level.stacks
    }
    assert taken
    assert taken <= set(stacks())
