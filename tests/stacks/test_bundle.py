"""Carrying stacks in a file: what one machine exports is what another, without registries, imports."""

import dataclasses
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from stacks import bundle
from stacks.bundle import LISTING, BundleError, export, import_bundle
from stacks.catalogue import Stack, running_python
from stacks.fetch import FetchError
from tests.stacks.registries import (
    PROGRAM,
    NpmRegistry,
    folder_of_wheels,
    npm_registry,
    stack_of,
    tarball,
    wheel,
)

Member = tuple[str, bytes]


def known(monkeypatch: pytest.MonkeyPatch, *stacks: Stack) -> None:
    """Let these be the stacks that the program pins."""
    of_them = {stack.id: stack for stack in stacks}
    monkeypatch.setattr(bundle, "stacks", lambda: of_them)
    monkeypatch.setattr(bundle, "with_needs", list)


def exported(path: Path, *stacks: Stack) -> Path:
    export(stacks, path, lambda file: None)
    return path


def imported(path: Path) -> dict[str, Path]:
    folders: dict[str, Path] = {}
    import_bundle(path, lambda stack, folder: folders.update({stack.id: folder}))
    return folders


def stacks_that_share_a_file(index: Path, npm: NpmRegistry) -> tuple[Stack, Stack]:
    """Two stacks, one of them also of the other registry."""
    shared = wheel(index, "shared")
    published = npm.publish("toynode", "1.0.0", tarball({"package/bin/node": PROGRAM}, mode=0o755))
    return stack_of(shared, published, identity="one"), stack_of(shared, wheel(index, "b"), identity="two")


@pytest.fixture
def two(index: Path, npm: NpmRegistry, cache: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Stack, Stack]:
    stacks = stacks_that_share_a_file(index, npm)
    known(monkeypatch, *stacks)
    return stacks


class Bundle(Struct, frozen=True):
    """A good bundle, and the stacks that are in it."""

    stacks: tuple[Stack, Stack]
    content: bytes


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    """The bundle of two stacks that share a file; none of its tests needs a registry."""
    folder = tmp_path_factory.mktemp("good")
    with pytest.MonkeyPatch.context() as patch, npm_registry(folder, patch) as npm:
        wheels = folder_of_wheels(folder, patch)
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        stacks = stacks_that_share_a_file(wheels, npm)
        known(patch, *stacks)
        yield Bundle(stacks, exported(folder / "good.tar", *stacks).read_bytes())


@pytest.fixture
def without_registries(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Takes both registries away: a client that is started all the same finds nothing."""

    def take_away() -> None:
        monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
        monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")

    return take_away


def test_what_is_exported_is_imported_without_registries(
    two: tuple[Stack, Stack], tmp_path: Path, cache: Path, without_registries: Callable[[], None]
) -> None:
    written = exported(tmp_path / "stacks.tar", *two)
    assert list(cache.iterdir()) == [], "an export leaves nothing in the cache"
    without_registries()
    with pytest.raises(FetchError):
        exported(tmp_path / "other.tar", *two)
    assert list(tmp_path.glob("*other.tar*")) == [], "an export that fails leaves nothing"
    folders = imported(written)
    assert folders == {stack.id: stack.folder() for stack in two}
    assert sorted(cache.iterdir()) == sorted(folders.values()), "and nothing else is in the cache"
    assert os.access(folders["one"] / "bin" / "node", os.X_OK)
    assert (folders["one"] / "shared" / "bin" / "run").read_bytes() == PROGRAM
    assert (folders["two"] / "shared" / "bin" / "run").read_bytes() == PROGRAM
    kept = folders["two"].stat().st_ino
    assert imported(written) == folders, "once more is no fault"
    assert folders["two"].stat().st_ino == kept
    assert sorted(cache.iterdir()) == sorted(folders.values())


def test_the_bundle_is_a_plain_tar_archive_of_the_registries_files(good: Bundle) -> None:
    with tarfile.open(fileobj=io.BytesIO(good.content)) as archive:
        assert archive.getnames() == [
            LISTING,
            "shared-1.0-py3-none-any.whl",
            "toynode-1.0.0.tgz",
            "b-1.0-py3-none-any.whl",
        ]


@pytest.mark.long
def test_every_python_that_a_stack_is_pinned_for_comes_along(
    index: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = []
    for number, tag in enumerate((running_python(), "cp399")):
        made = wheel(index, "toystack", f"1.{number}")
        name = f"toystack-1.{number}-{tag}-{tag}-manylinux_2_28_x86_64.whl"
        (index / made.name).rename(index / name)
        files.append(dataclasses.replace(made, name=name, python=tag))
    stack = stack_of(*files)
    known(monkeypatch, stack)
    assert imported(exported(tmp_path / "stacks.tar", stack)) == {"toy": stack.folder()}
    other = stack.folder("cp399")
    assert other is not None
    assert other != stack.folder()


def test_a_file_that_is_there_is_not_replaced(two: tuple[Stack, Stack], tmp_path: Path) -> None:
    there = tmp_path / "stacks.tar"
    there.write_text("mine")
    with pytest.raises(BundleError, match="is there already"):
        exported(there, *two)
    assert there.read_text() == "mine"


def members_of(bundle: bytes) -> list[Member]:
    with tarfile.open(fileobj=io.BytesIO(bundle)) as archive:
        return [(member.name, archive.extractfile(member).read()) for member in archive]  # type: ignore[union-attr]


def archive_of(members: Iterable[Member | tarfile.TarInfo]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for each in members:
            if isinstance(each, tarfile.TarInfo):
                archive.addfile(each)
                continue
            member = tarfile.TarInfo(each[0])
            member.size = len(each[1])
            archive.addfile(member, io.BytesIO(each[1]))
    return content.getvalue()


def link(name: str, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


def long_header(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.pax_headers = {"comment": "x" * (1 << 20)}
    return member


def listing(members: list[Member], **changes: object) -> list[Member]:
    said = {**json.loads(members[0][1]), **changes}
    return [(LISTING, json.dumps(said).encode()), *members[1:]]


BAD: dict[str, tuple[Callable[[list[Member]], bytes], str]] = {
    "an empty file": (lambda members: b"", "damaged or no file"),
    "a text": (lambda members: b"stacks, please\n" * 200, "damaged or no file"),
    "an empty archive": (lambda members: archive_of([]), "'nothing'"),
    "cut in a file": (lambda members: archive_of(members)[:-12_000], "damaged or no file|ends before"),
    "cut between files": (lambda members: archive_of(members[:-1]), "ends before b-1.0-py3-none-any.whl"),
    "no listing": (lambda members: archive_of(members[1:]), "'shared-1.0-py3-none-any.whl' in it"),
    "a changed file": (
        lambda members: archive_of([*members[:-1], (members[-1][0], members[-1][1][:-1] + b"?")]),
        "not the one that is pinned",
    ),
    "a shorter file": (
        lambda members: archive_of([*members[:-1], (members[-1][0], b"")]),
        "not the one that is pinned",
    ),
    "a foreign file": (lambda members: archive_of([*members, ("more", b"")]), "'more' in it"),
    "a path outside": (lambda members: archive_of([*members, ("../../x", b"")]), r"'\.\./\.\./x' in it"),
    "an absolute path": (lambda members: archive_of([*members, ("/x", b"")]), "'/x' in it"),
    "a file twice": (lambda members: archive_of([*members, members[-1]]), "'b-1.0-py3-none-any.whl' in it"),
    "a link": (
        lambda members: archive_of([*members[:-1], link(members[-1][0], "../../x")]),
        "'b-1.0-py3-none-any.whl' in it",
    ),
    "a newer form": (
        lambda members: archive_of(listing(members, schema="tls-matrix/stacks/2")),
        "has the form 'tls-matrix/stacks/2'",
    ),
    "a listing that is none": (lambda members: archive_of([(LISTING, b"[1]")]), "has the form 'None'"),
    "a listing that is no JSON": (lambda members: archive_of([(LISTING, b"{")]), "damaged or no file"),
    "an unknown stack": (
        lambda members: archive_of(listing(members, stacks=["one", "three"])),
        "stacks that this version does not know",
    ),
    "a stack of another kind": (
        lambda members: archive_of(listing(members, stacks=[["one"]])),
        "stacks that this version does not know",
    ),
    "other pins": (
        lambda members: archive_of(
            listing(members, files=[{"name": "b-1.0-py3-none-any.whl", "sha256": "0"}])
        ),
        "other files than this version pins",
    ),
    "a header without end": (
        lambda members: archive_of([*members, long_header("b-1.0-py3-none-any.whl")]),
        "it goes on and on",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_bundle_is_one_line_and_leaves_nothing(
    what: str, good: Bundle, tmp_path: Path, cache: Path
) -> None:
    make, said = BAD[what]
    bad = tmp_path / "bad.tar"
    bad.write_bytes(make(members_of(good.content)))
    with pytest.raises(BundleError, match=said) as raised:
        imported(bad)
    assert str(raised.value).startswith(f"{bad}: ")
    assert str(raised.value).isprintable()
    assert list(cache.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir() if "tar" in path.name] == ["bad.tar"]


def test_the_same_bundle_with_nothing_wrong_is_taken(good: Bundle, tmp_path: Path, cache: Path) -> None:
    """The control: the archive was written anew like the bad ones, and nothing of them is left."""
    bad, written = tmp_path / "bad.tar", tmp_path / "good.tar"
    bad.write_bytes(BAD["a changed file"][0](members_of(good.content)))
    written.write_bytes(archive_of(members_of(good.content)))
    with pytest.raises(BundleError):
        imported(bad)
    assert set(imported(written)) == {"one", "two"}


def test_a_file_that_is_not_there(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(BundleError, match=r"none\.tar: cannot be read \(No such file or directory\)"):
        imported(tmp_path / "none.tar")


IMPORT_WITH_LITTLE_ROOM = """
import resource, sys
from pathlib import Path
from stacks.bundle import import_bundle
from stacks.fetch import FetchError
from stacks import bundle
from stacks.catalogue import Stack, StackFile
files = (StackFile(*{file!r}),)
bundle.stacks = lambda: {{"toy": Stack("toy", "Toy", "a test", {platform!r}, files)}}
bundle.with_needs = list
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    import_bundle(Path(sys.argv[1]), print)
except FetchError as error:
    print(error)
"""


def test_no_room_is_one_line(
    index: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = stack_of(wheel(index))
    known(monkeypatch, stack)
    written = exported(tmp_path / "stacks.tar", stack)
    program = IMPORT_WITH_LITTLE_ROOM.format(
        file=dataclasses.astuple(stack.files[0]), platform=stack.platform
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(written)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (
        done.stdout
        == f"{written}: no room left in {cache}; make some, or choose another folder with XDG_CACHE_HOME\n"
    )
    assert list(cache.iterdir()) == []


def test_what_cannot_be_written_is_one_line(two: tuple[Stack, Stack], tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"cannot be written \(No such file or directory\)"):
        exported(tmp_path / "nowhere" / "stacks.tar", *two)
