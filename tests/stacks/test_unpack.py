"""Archives are unpacked into one folder and nowhere else."""

import gzip
import io
import stat
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stacks import unpack as unpacking
from stacks.unpack import UnpackError, unpack
from tests.stacks.registries import tarball


def zipped(name: str, kind: int = stat.S_IFREG, mode: int = 0o644) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as writing:
        member = zipfile.ZipInfo(name)
        member.external_attr = (kind | mode) << 16
        writing.writestr(member, "x")
    return content.getvalue()


def odd_member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def all_below(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.lstat().st_mode for path in folder.rglob("*")}


@pytest.mark.parametrize(("mode", "becomes"), [(0o6755, 0o755), (0o4711, 0o755), (0o600, 0o644)])
def test_a_program_stays_one_and_nothing_else_is_kept_of_the_mode(
    mode: int, becomes: int, tmp_path: Path
) -> None:
    unpack(io.BytesIO(zipped("a/run", mode=mode)), "a.whl", tmp_path / "zip")
    unpack(io.BytesIO(tarball({"package/a/run": b"x"}, mode=mode)), "a.tgz", tmp_path / "tar")
    for folder in ("zip", "tar"):
        file = tmp_path / folder / "a" / "run"
        assert stat.S_IMODE(file.stat().st_mode) == becomes
        assert file.read_bytes() == b"x"


def test_inner_archive_is_what_is_unpacked(tmp_path: Path) -> None:
    link = odd_member("node-1/bin/npm", tarfile.SYMTYPE, "../lib/npm.js")
    inner = tarball({"node-1/bin/node": b"x" * 100_000}, mode=0o755, others=[link])
    outer = tarball({"package/package.json": b"{}", "package/node-1.tar.gz": inner, "package/z": b""})
    unpack(io.BytesIO(outer), "a.tgz", tmp_path / "in", "node-1.tar.gz")
    assert sorted(all_below(tmp_path / "in")) == ["bin", "bin/node"], "the link is left out"
    assert (tmp_path / "in" / "bin" / "node").stat().st_size == 100_000
    with pytest.raises(UnpackError, match=r"a\.tgz is not unpacked: it has no node-2\.tar\.gz in it"):
        unpack(io.BytesIO(outer), "a.tgz", tmp_path / "in", "node-2.tar.gz")


def test_one_archive_lies_on_top_of_another(tmp_path: Path) -> None:
    unpack(io.BytesIO(tarball({"a-1/LICENSE": b"first", "a-1/a": b""})), "a.tar.gz", tmp_path / "in")
    unpack(io.BytesIO(tarball({"b-1/LICENSE": b"second", "b-1/b": b""})), "b.tar.gz", tmp_path / "in")
    assert sorted(all_below(tmp_path / "in")) == ["LICENSE", "a", "b"]
    assert (tmp_path / "in" / "LICENSE").read_bytes() == b"second"


OUTSIDE = ["../outside", "/outside", "inside/../../outside", "inside\\..\\outside", "a/../../../outside"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_nothing_is_unpacked_outside_the_folder(name: str, tmp_path: Path) -> None:
    for archive, kind in ((zipped(name), "a.whl"), (tarball({name: b"x"}), "a.tgz")):
        with pytest.raises(UnpackError, match="is not allowed, it would lie outside") as refused:
            unpack(io.BytesIO(archive), kind, tmp_path / "in" / "folder")
        assert "\n" not in str(refused.value)
    assert not [path for path in all_below(tmp_path) if "outside" in path]


@pytest.mark.parametrize("name", OUTSIDE)
def test_not_from_an_inner_archive_either(name: str, tmp_path: Path) -> None:
    outer = tarball({"package/inner.tar.gz": tarball({name: b"x"})})
    with pytest.raises(UnpackError, match="is not allowed"):
        unpack(io.BytesIO(outer), "a.tgz", tmp_path / "in" / "folder", "inner.tar.gz")
    assert not [path for path in all_below(tmp_path) if "outside" in path]


@pytest.mark.parametrize(
    ("kind", "target", "why"),
    [
        (tarfile.SYMTYPE, "/etc/passwd", "a link that leads outside"),
        (tarfile.SYMTYPE, "../../outside", "a link that leads outside"),
        (tarfile.LNKTYPE, "../outside", "a link that leads outside"),
        (tarfile.LNKTYPE, "/outside", "a link that leads outside"),
        (tarfile.CHRTYPE, "", "a device"),
        (tarfile.BLKTYPE, "", "a device"),
        (tarfile.FIFOTYPE, "", "a device"),
    ],
)
def test_links_outside_and_devices_are_refused(kind: bytes, target: str, why: str, tmp_path: Path) -> None:
    archive = tarball({"package/good": b""}, others=[odd_member("package/bad", kind, target)])
    with pytest.raises(UnpackError, match=rf"its member 'package/bad' is not allowed, it is {why}"):
        unpack(io.BytesIO(archive), "a.tgz", tmp_path / "in")
    assert sorted(all_below(tmp_path / "in")) == ["good"]


def test_a_link_in_a_wheel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnpackError, match="it is a link or a device"):
        unpack(io.BytesIO(zipped("link", stat.S_IFLNK)), "a.whl", tmp_path)


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    """A link first and a file below it then: the file lies in a plain folder of that name."""
    (tmp_path / "in").mkdir()
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.addfile(odd_member("package/real/link", tarfile.SYMTYPE, "."))
        member = tarfile.TarInfo("package/real/link/file")
        archive.addfile(member)
    unpack(io.BytesIO(content.getvalue()), "a.tgz", tmp_path / "in")
    assert not any(stat.S_ISLNK(mode) for mode in all_below(tmp_path / "in").values())
    assert (tmp_path / "in" / "real" / "link" / "file").is_file()


def test_what_grows_beyond_reason_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_UNPACKED_BYTES", 1 << 20)
    fits, bomb = tarball({"a/zeros": bytes(900_000)}), tarball({"a/zeros": bytes(1 << 21)})
    assert len(bomb) < 10_000
    nested = tarball({"package/a.tar.gz": bomb})
    unpack(io.BytesIO(fits), "a.tgz", tmp_path / "in")
    for archive, inner in ((bomb, None), (nested, "a.tar.gz")):
        with pytest.raises(UnpackError, match="it has more than 1 MiB in it"):
            unpack(io.BytesIO(archive), "a.tgz", tmp_path / "in", inner)
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as writing:
        writing.writestr("zeros", bytes(1 << 21))
    with pytest.raises(UnpackError, match="it has more than 1 MiB in it"):
        unpack(wheel, "a.whl", tmp_path / "wheel")
    assert all_below(tmp_path / "wheel") == {}


def test_a_header_that_announces_too_much_is_no_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GNU long name is read into memory whole, so its size is bounded too."""
    monkeypatch.setattr(unpacking, "MAX_UNPACKED_BYTES", 1 << 20)
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1 << 40
    archive = gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 22))
    with pytest.raises(UnpackError, match="it has more than 1 MiB in it"):
        unpack(io.BytesIO(archive), "a.tgz", tmp_path / "in")


def test_so_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_MEMBERS", 3)
    three = {f"a/{number}": b"" for number in range(3)}
    unpack(io.BytesIO(tarball(three)), "a.tgz", tmp_path / "in")
    with pytest.raises(UnpackError, match="it has more than 3 members"):
        unpack(io.BytesIO(tarball({**three, "a/3": b""})), "a.tgz", tmp_path / "in")


@pytest.mark.parametrize("name", ["a.whl", "a.tgz"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cut=st.integers(0, 200), changed=st.dictionaries(st.integers(0, 199), st.integers(0, 255), max_size=4))
@example(cut=0, changed={42: 1})  # it seems to be encrypted
@example(cut=0, changed={44: 12})  # ... to be compressed with bz2
@example(cut=0, changed={44: 14})  # ... with lzma
@example(cut=0, changed={80: 0})  # its name is empty
@example(cut=0, changed={99: 35})  # its directory begins before the file does
def test_a_damaged_archive_is_one_kind_of_error(
    name: str, cut: int, changed: dict[int, int], tmp_path: Path
) -> None:
    good = zipped("a/b") if name == "a.whl" else tarball({"a/b": bytes(range(40))})
    damaged = bytearray(good)
    for at, value in changed.items():
        if at < len(damaged):
            damaged[at] = value
    with suppress(UnpackError):
        unpack(io.BytesIO(bytes(damaged[: max(0, len(damaged) - cut)])), name, tmp_path / "in")
    assert {path.name for path in tmp_path.iterdir()} <= {"in"}
