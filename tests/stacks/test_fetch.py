"""Getting stacks: from a folder of wheels by the real pip, from a loopback server by the real npm."""

import dataclasses
import errno
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stacks import fetch as fetching
from stacks.catalogue import Stack
from stacks.fetch import DOWNLOADED, LOCK, PARTIAL, FetchError, fetch
from tests.stacks.registries import (
    PROGRAM,
    NpmRegistry,
    source_distribution,
    stack_of,
    tarball,
    wheel,
)

ROOT = Path(__file__).parents[3]
FETCH = """
import json, sys
from stacks.catalogue import Stack, StackFile
from stacks.fetch import fetch
value = json.loads(sys.argv[1])
files = tuple(StackFile(**file) for file in value.pop("files"))
print(fetch(Stack(**value, files=files)), flush=True)
"""

needs_setpriv = pytest.mark.skipif(
    shutil.which("setpriv") is None,
    reason="there is no setpriv program; get it with: apt-get install util-linux",
)
needs_file_limit = pytest.mark.skipif(sys.platform != "linux", reason="a file's size is limited as on Linux")


def start_fetch(stack: Stack, before: str = "", through: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    """Fetch a stack in a process of its own, after some more Python, started through another command."""
    return subprocess.Popen(
        [*through, sys.executable, "-c", before + FETCH, json.dumps(dataclasses.asdict(stack))],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_fetched_once_and_then_without_a_registry(
    index: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = stack_of(wheel(index))
    assert stack.folder() is None
    folder = fetch(stack)
    assert folder == stack.folder()
    assert os.access(folder / "toystack" / "bin" / "run", os.X_OK)
    assert list(cache.iterdir()) == [folder], "nothing else is left behind"
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert fetch(stack) == folder, "no client is started"


@pytest.mark.long
def test_all_files_lie_in_one_folder(index: Path, npm: NpmRegistry, cache: Path) -> None:
    inner = tarball({"node-1/bin/node": PROGRAM}, mode=0o755)
    published = npm.publish("toynode", "1.0.0", tarball({"package/node-1.tar.gz": inner}))
    files = (
        wheel(index, "one"),
        wheel(index, "two", "2.1"),
        source_distribution(index),
        dataclasses.replace(published, inner="node-1.tar.gz"),
    )
    seen: list[int] = []
    folder = fetch(stack_of(*files), tell=seen.append)
    assert (folder / "one" / "bin" / "run").read_bytes() == PROGRAM
    assert (folder / "two" / "bin" / "run").is_file()
    assert (folder / "toysource" / "__init__.py").is_file()
    assert os.access(folder / "bin" / "node", os.X_OK)
    assert list(cache.iterdir()) == [folder]
    assert seen == sorted(seen)
    assert seen[-1] == sum(file.size for file in files)


@pytest.mark.long
def test_nothing_is_written_elsewhere(
    index: Path, npm: NpmRegistry, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = {name: tmp_path / name for name in ("HOME", "TMPDIR", "here")}
    for name, folder in elsewhere.items():
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))
    monkeypatch.chdir(elsewhere["here"])
    # pip asks a Rust compiler for its version, and one that comes from rustup makes itself a folder.
    folders = os.environ["PATH"].split(os.pathsep)
    without_rust = [folder for folder in folders if not Path(folder, "rustc").exists()]
    monkeypatch.setenv("PATH", os.pathsep.join(without_rust))
    published = npm.publish("toynode", "1.0.0", tarball({"package/bin/node": PROGRAM}))
    checks = f"import tempfile; assert tempfile.gettempdir().startswith({str(cache)!r})"
    fetch(stack_of(wheel(index), source_distribution(index, checks), published))
    assert [list(folder.iterdir()) for folder in elsewhere.values()] == [[], [], []]


def test_a_wheel_for_another_interpreter(index: Path, cache: Path) -> None:
    made = wheel(index)
    name = "toystack-1.0-cp399-cp399-manylinux_2_28_x86_64.whl"
    (index / made.name).rename(index / name)
    stack = stack_of(dataclasses.replace(made, name=name, python="cp399"))
    with pytest.raises(FetchError, match=r"toy: Toy 1\.0 is not pinned for Python .*; there is .*cp399"):
        fetch(stack)
    assert fetch(stack, "cp399") == stack.folder("cp399")
    assert stack.folder() is None


def test_another_platform_is_refused(index: Path, cache: Path) -> None:
    with pytest.raises(FetchError, match=r"toy: Toy 1\.0 is not pinned for .*; there is win32"):
        fetch(stack_of(wheel(index), platform="win32"))
    assert not cache.exists()


@pytest.mark.long
def test_several_at_once_do_not_disturb_each_other(index: Path, npm: NpmRegistry, cache: Path) -> None:
    published = npm.publish("toynode", "1.0.0", tarball({"package/bin/node": PROGRAM}))
    stack = stack_of(wheel(index), published)
    started = [start_fetch(stack) for _ in range(4)]
    said = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0] * 4, said
    assert {out.decode().strip() for out, _ in said} == {str(stack.folder())}
    assert list(cache.iterdir()) == [stack.folder()]


def changed_digest(stack: Stack) -> Stack:
    """The stack, its last file pinned wrongly."""
    return stack_of(*stack.files[:-1], dataclasses.replace(stack.files[-1], sha256="00" * 32))


Make = Callable[[Path, NpmRegistry], Stack]
FROM_PYPI: Make = lambda index, npm: stack_of(wheel(index))  # noqa: E731 - a table of two
FROM_NPM: Make = lambda index, npm: stack_of(  # noqa: E731
    npm.publish("toynode", "1.0.0", tarball({"package/bin/node": PROGRAM}))
)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            FROM_PYPI,
            "pip could not download toystack 1.0: what the index has is not toystack-1.0.* SHA-256 00",
        ),
        (FROM_NPM, "toynode-1.0.0.tgz has the SHA-256 .*, not 00.*; not used"),
    ],
    ids=["pypi", "npm"],
)
def test_wrong_digest(make: Make, message: str, index: Path, npm: NpmRegistry, cache: Path) -> None:
    refused_with(message, changed_digest(make(index, npm)), cache)


def refused_with(message: str, stack: Stack, cache: Path, left: tuple[str, ...] = ()) -> None:
    """Fetching fails with one line that names the stack, and leaves nothing but whole files."""
    with pytest.raises(FetchError, match=f"toy: .*{message}") as refused:
        fetch(stack)
    assert "\n" not in str(refused.value)
    assert stack.folder() is None
    assert sorted(path.name for path in cache.iterdir()) == sorted(left)


@pytest.mark.long
def test_half_a_download_is_not_used(npm: NpmRegistry, cache: Path) -> None:
    stack = stack_of(npm.publish("toynode", "1.0.0", tarball({"package/bin/node": os.urandom(200_000)})))
    npm.sends = 100_000
    refused_with("npm could not download toynode 1.0.0: ", stack, cache)
    npm.sends = None
    assert (fetch(stack) / "bin" / "node").stat().st_size == 200_000


@pytest.mark.long
def test_goes_on_where_it_was_interrupted(index: Path, npm: NpmRegistry, cache: Path) -> None:
    first = npm.publish("first", "1.0.0", tarball({"package/first": b"1"}))
    second = npm.publish("second", "1.0.0", tarball({"package/second": os.urandom(200_000)}))
    npm.sends = 100_000
    refused_with(
        "could not download second", stack_of(first, second), cache, (f"{DOWNLOADED}{first.sha256}",)
    )
    npm.sends, npm.asked = None, []
    folder = fetch(stack_of(first, second))
    assert {"first", "second"} <= {path.name for path in folder.iterdir()}
    assert [path for path in npm.asked if "first" in path] == [], "it was there"
    assert [path for path in npm.asked if path.endswith(".tgz")], "control: what was missing is asked for"
    assert list(cache.iterdir()) == [folder]


def test_a_kept_file_that_is_not_whole_is_downloaded_again(npm: NpmRegistry, cache: Path) -> None:
    stack = stack_of(npm.publish("toynode", "1.0.0", tarball({"package/bin/node": PROGRAM})))
    cache.mkdir(parents=True)
    (cache / f"{DOWNLOADED}{stack.files[0].sha256}").write_bytes(b"half")
    assert (fetch(stack) / "bin" / "node").read_bytes() == PROGRAM
    assert npm.asked


@pytest.mark.parametrize(
    ("content", "inner", "message"),
    [
        (tarball({"../../outside": b"x"}), None, "'../../outside' is not allowed, it would lie outside"),
        (b"no archive at all", None, "toynode-1.0.0.tgz is damaged: "),
        (tarball({"package/a": b"x"}), "inner.tar.gz", "it has no inner.tar.gz in it"),
    ],
)
def test_archive_that_is_not_unpacked(
    content: bytes, inner: str | None, message: str, npm: NpmRegistry, cache: Path
) -> None:
    file = dataclasses.replace(npm.publish("toynode", "1.0.0", content), inner=inner)
    refused_with(message, stack_of(file), cache, (f"{DOWNLOADED}{file.sha256}",))


def test_index_that_cannot_be_reached(index: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = stack_of(wheel(index))
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    refused_with(
        "pip could not download toystack 1.0: it cannot reach its registry; .*pip config", stack, cache
    )


def test_npm_registry_that_cannot_be_reached(
    npm: NpmRegistry, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = FROM_NPM(cache, npm)
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    refused_with("npm could not download toynode 1.0.0: it cannot reach its registry", stack, cache)


def test_version_that_is_gone(npm: NpmRegistry, cache: Path) -> None:
    file = npm.publish("toynode", "1.0.0", tarball({}))
    gone = dataclasses.replace(file, version="2.0.0", name="toynode-2.0.0.tgz")
    refused_with("npm could not download toynode 2.0.0: .*[Nn]o matching version", stack_of(gone), cache)


def test_client_that_is_not_installed(index: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = dataclasses.replace(wheel(index), registry="npm")
    monkeypatch.setenv("PATH", "/nowhere")
    refused_with("there is no npm here; get it with: apt-get install npm", stack_of(file), cache)


def test_python_without_pip(
    index: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    monkeypatch.setattr(sys, "executable", str(bare / "bin" / "python"))
    refused_with("there is no pip in .*; get it with: .* -m ensurepip", stack_of(wheel(index)), cache)


WITHOUT_SETPRIV = """
import shutil
which = shutil.which
shutil.which = lambda name: None if name == "setpriv" else which(name)
"""
LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"


@pytest.mark.long(but=["while?it?is?unpacked"])
@needs_file_limit
@pytest.mark.parametrize("size", [200_000, 90_000], ids=["while it is downloaded", "while it is unpacked"])
def test_no_room(size: int, npm: NpmRegistry, cache: Path) -> None:
    """A limit of a file's size stands in for a full disk: both end a write, and neither needs root."""
    stack = stack_of(
        npm.publish("toynode", "1.0.0", tarball({"package/a": os.urandom(size), "package/b": b""}))
    )
    if size == 90_000:
        zeros = tarball({"package/a": bytes(200_000)})
        stack = stack_of(npm.publish("toynode", "1.0.0", zeros))
    fetched = start_fetch(stack, LIMIT)
    _, said = fetched.communicate(timeout=60)
    assert fetched.returncode == 1
    last = said.decode().splitlines()[-1]
    assert f"toy: no room left in {cache}; make some, or choose another folder" in last
    assert not list(cache.glob(f"{PARTIAL}*"))
    assert (fetch(stack) / "a").is_file(), "control: without the limit"


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "no room left in"),
        (errno.EDQUOT, "no room left in"),
        (errno.EACCES, "cannot be written; make it writable"),
        (errno.EROFS, "cannot be written; make it writable"),
        (errno.EIO, "cannot be put into .*Input/output error"),
    ],
)
def test_what_the_disk_says_is_said_so_that_it_helps(number: int, message: str, tmp_path: Path) -> None:
    assert re.search(message, fetching.disk_error(OSError(number, os.strerror(number)), tmp_path))


@needs_setpriv
def test_cache_folder_that_is_not_writable(index: Path, cache: Path) -> None:
    """Root may write everywhere, so it is tried without its capabilities."""
    cache.mkdir(parents=True, mode=0o500)
    stack = stack_of(wheel(index))
    powerless = ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all") if os.geteuid() == 0 else ()
    fetched = start_fetch(stack, through=powerless)
    _, said = fetched.communicate(timeout=60)
    assert fetched.returncode == 1
    assert f"toy: {cache} cannot be written; make it writable, or" in said.decode().splitlines()[-1]
    cache.chmod(0o700)
    assert fetch(stack).is_dir(), "control: once it is writable"


def test_cache_folder_that_cannot_be_one(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(FetchError, match=r"toy: cannot be put into .*: .*Not a directory"):
        fetch(stack_of(wheel(index)))


@pytest.mark.long
@needs_setpriv
def test_a_killed_fetch_takes_npm_with_it_and_the_next_removes_the_rest(
    npm: NpmRegistry, index: Path, cache: Path
) -> None:
    npm.sends, npm.halts = 10, True
    killed = start_fetch(FROM_NPM(index, npm))
    assert npm.halted.wait(60)
    [left] = cache.glob(f"{PARTIAL}*")
    fetch(stack_of(wheel(index), identity="another"))
    assert left.is_dir(), "control: what is at work is left alone"
    killed.kill()
    killed.communicate()
    assert left.is_dir()
    with (left / LOCK).open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # npm has it as long as it lives, and it still waits for the rest
    assert not npm.waited_in_vain
    fetch(stack_of(wheel(index, "further"), identity="further"))
    assert not left.exists()


@pytest.mark.long
def test_where_a_client_outlives_its_fetch_it_keeps_the_folder(
    npm: NpmRegistry, index: Path, cache: Path
) -> None:
    npm.sends, npm.halts = 10, True
    killed = start_fetch(FROM_NPM(index, npm), WITHOUT_SETPRIV)
    assert npm.halted.wait(60)
    [left] = cache.glob(f"{PARTIAL}*")
    killed.kill()
    killed.communicate()
    fetch(stack_of(wheel(index), identity="another"))
    assert left.is_dir()
    npm.go_on.set()
    with (left / LOCK).open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    fetch(stack_of(wheel(index, "further"), identity="further"))
    assert not left.exists(), "control: once the client has ended"


def test_a_folder_that_was_never_locked_goes_too(index: Path, cache: Path) -> None:
    (cache / f"{PARTIAL}empty").mkdir(parents=True)
    folder = fetch(stack_of(wheel(index)))
    assert list(cache.iterdir()) == [folder]


def test_files_nobody_comes_back_for_go_in_time(index: Path, cache: Path) -> None:
    cache.mkdir(parents=True)
    old, young = cache / f"{DOWNLOADED}{'0' * 64}", cache / f"{DOWNLOADED}{'1' * 64}"
    old.write_bytes(b"")
    young.write_bytes(b"")
    os.utime(old, (0, 0))
    fetch(stack_of(wheel(index)))
    assert not old.exists()
    assert young.exists()
