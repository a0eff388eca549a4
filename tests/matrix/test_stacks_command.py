"""`tls-matrix stacks`: what it lists, and how it ends when something cannot be had."""

import dataclasses
import json
import os
import pty
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from matrix.commands.cli import application
from stacks import catalogue
from stacks.catalogue import Stack, stacks, unpacked
from tests.stacks.registries import PROGRAM, NpmRegistry, npm_registry, stack_of, tarball

ROOT = Path(__file__).parents[2]


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
    header, *lines = [line.split("\t") for line in tls_matrix("stacks", "list").stdout.splitlines()]
    assert header == ["id", "title", "size", "fetched", "for"]
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
    assert "`tls-matrix stacks list`" in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the stacks are pinned for Linux")
def test_what_cannot_be_fetched_is_named_and_3(empty_cache: Path) -> None:
    result = tls_matrix("stacks", "fetch", "jsse-2*")
    assert result.exit_code == 3
    failed = [line for line in result.stderr.splitlines() if line.startswith("tls-matrix: ")]
    named = [line.split(": ")[1] for line in failed]
    assert named == ["jpype", "jsse-21", "jsse-25"], "each is tried, and what it needs first"
    assert result.stdout == ""
    assert list(empty_cache.iterdir()) == []


COMMAND = """
import sys
from pathlib import Path
from matrix.commands.cli import main
from stacks import catalogue
catalogue.CATALOGUE = Path(sys.argv.pop(1))
main()
"""


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NpmRegistry]:
    with npm_registry(tmp_path, monkeypatch) as registry:
        yield registry


def write_catalogue(path: Path, *stacks: Stack) -> Path:
    """Write a catalogue as the project's own is written."""
    lines: list[str] = []
    for stack in stacks:
        lines += [f'["{stack.id}"]', f'title = "{stack.title}"', f'purpose = "{stack.purpose}"']
        lines += [f'platform = "{stack.platform}"', f'[["{stack.id}".files]]']
        values = {
            key: value for key, value in dataclasses.asdict(stack.files[0]).items() if value is not None
        }
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    path.write_text("\n".join(lines))
    return path


def toy(npm: NpmRegistry, identity: str, content: bytes = PROGRAM) -> Stack:
    return stack_of(npm.publish(identity, "1.0.0", tarball({"package/run": content})), identity=identity)


def test_one_that_fails_does_not_keep_the_others(
    npm: NpmRegistry, tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad, last = (toy(npm, identity) for identity in ("a-good", "b-bad", "c-last"))
    digest = bad.files[0].sha256
    bad = dataclasses.replace(bad, files=(dataclasses.replace(bad.files[0], sha256="00" * 32),))
    monkeypatch.setattr(catalogue, "CATALOGUE", write_catalogue(tmp_path / "stacks.toml", good, bad, last))
    stacks.cache_clear()
    try:
        result = tls_matrix("stacks", "fetch")
        again = tls_matrix("stacks", "fetch", "?-[gl]*")
    finally:
        stacks.cache_clear()
    assert result.exit_code == 3
    assert result.stderr.splitlines() == [
        "a-good: fetching Toy 1.0, " + str(good.files[0].size) + " bytes ...",
        f"a-good: {good.folder()}",
        "b-bad: fetching Toy 1.0, " + str(bad.files[0].size) + " bytes ...",
        f"tls-matrix: b-bad: b-bad-1.0.0.tgz has the SHA-256 {digest}, not {'00' * 32}; not used",
        "c-last: fetching Toy 1.0, " + str(last.files[0].size) + " bytes ...",
        f"c-last: {last.folder()}",
    ]
    assert again.exit_code == 0
    assert again.stderr.splitlines() == [f"a-good: {good.folder()}", f"c-last: {last.folder()}"]


def test_stacks_are_carried_in_a_file(
    npm: NpmRegistry, tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = toy(npm, "toy")
    monkeypatch.setattr(catalogue, "CATALOGUE", write_catalogue(tmp_path / "stacks.toml", stack))
    stacks.cache_clear()
    carried = tmp_path / "stacks.tar"
    try:
        there = tls_matrix("stacks", "export", str(carried), "toy", "--yes")
        again = tls_matrix("stacks", "export", str(carried), "t*")
        monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
        here = tls_matrix("stacks", "import", str(carried))
        carried.write_bytes(carried.read_bytes()[:700])
        cut = tls_matrix("stacks", "import", str(carried))
        folder = stack.folder()
    finally:
        stacks.cache_clear()
    assert (there.exit_code, there.stdout) == (0, "")
    assert there.stderr.splitlines() == [
        f"tls-matrix: up to {stack.files[0].size} bytes are going to be downloaded for 1 stack",
        f"toy-1.0.0.tgz: fetching, {stack.files[0].size} bytes ...",
        f"{carried}: 1 stack, 10.2 kB",
    ]
    assert (here.exit_code, here.stderr) == (0, f"toy: {folder}\n")
    assert (again.exit_code, again.stderr.count("\n")) == (2, 1)
    assert (cut.exit_code, cut.stderr.count("\n")) == (2, 1)
    assert cut.stderr.startswith(f"tls-matrix: {carried}: ")


def stacks_in(file: Path) -> list[str]:
    with tarfile.open(file) as archive:
        listing = archive.extractfile("stacks.json")
        assert listing is not None
        return sorted(json.load(listing)["stacks"])


def test_without_a_pattern_what_is_fetched_here_is_exported_and_the_rest_is_named(
    npm: NpmRegistry, tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = write_catalogue(tmp_path / "stacks.toml", toy(npm, "here"), toy(npm, "elsewhere"))
    monkeypatch.setattr(catalogue, "CATALOGUE", written)
    stacks.cache_clear()
    some, every = tmp_path / "some.tar", tmp_path / "every.tar"
    try:
        nothing = tls_matrix("stacks", "export", str(some), "--yes")
        assert tls_matrix("stacks", "fetch", "here").exit_code == 0
        done = tls_matrix("stacks", "export", str(some), "--yes")
        whole = tls_matrix("stacks", "export", str(every), "--all", "--yes")
        both = tls_matrix("stacks", "export", str(tmp_path / "c.tar"), "here", "--all", "--yes")
    finally:
        stacks.cache_clear()
    assert (nothing.exit_code, nothing.stderr) == (
        2,
        "tls-matrix: no stack is fetched here; name those to be exported, or give --all\n",
    )
    assert done.exit_code == whole.exit_code == 0
    assert stacks_in(some) == ["here"]
    assert done.stderr.startswith(
        "tls-matrix: not fetched here, and left out: elsewhere (--all takes them too)\n"
    )
    assert stacks_in(every) == ["elsewhere", "here"]
    assert "left out" not in whole.stderr
    assert (both.exit_code, "contradict" in both.stderr) == (2, True)


@pytest.mark.parametrize("ids", [["toy"], ["--all"]])
def test_an_export_says_the_size_and_asks_before_anything_is_downloaded(
    npm: NpmRegistry, tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch, ids: list[str]
) -> None:
    stack = toy(npm, "toy")
    monkeypatch.setattr(catalogue, "CATALOGUE", write_catalogue(tmp_path / "stacks.toml", stack))
    stacks.cache_clear()
    file = tmp_path / "stacks.tar"
    try:
        result = tls_matrix("stacks", "export", str(file), *ids)
    finally:
        stacks.cache_clear()
    assert (result.exit_code, result.stderr) == (
        2,
        f"tls-matrix: up to {stack.files[0].size} bytes are going to be downloaded for 1 stack: "
        "nobody is there to be asked; give --yes if so much may be downloaded\n",
    )
    assert not file.exists()
    assert not empty_cache.exists() or list(empty_cache.iterdir()) == []


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_leaves_nothing(
    number: signal.Signals, npm: NpmRegistry, tmp_path: Path, empty_cache: Path
) -> None:
    npm.sends, npm.halts = 10, True
    written = write_catalogue(tmp_path / "stacks.toml", toy(npm, "toy"))
    command = [sys.executable, "-c", COMMAND, str(written), "stacks", "fetch"]
    fetching = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
    assert npm.halted.wait(60)
    assert list(empty_cache.iterdir()), "control: it is at work"
    fetching.send_signal(number)
    _, said = fetching.communicate(timeout=30)
    assert fetching.returncode == 130
    assert b"Traceback" not in said
    assert list(empty_cache.iterdir()) == []


def test_on_a_terminal_bytes_of_bytes_are_shown(npm: NpmRegistry, tmp_path: Path, empty_cache: Path) -> None:
    npm.sends, npm.halts = 600_000, True
    stack = toy(npm, "toy", os.urandom(1_200_000))
    written = write_catalogue(tmp_path / "stacks.toml", stack)
    outer, inner = pty.openpty()
    command = [sys.executable, "-c", COMMAND, str(written), "stacks", "fetch"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    fetching = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=inner, stdout=inner, stderr=inner)
    os.close(inner)
    seen = b""
    while b"1.2/1.2 MB" not in seen:
        seen += os.read(outer, 65536)
        if b"0.6/1.2 MB" in seen:
            npm.go_on.set()
    while data := read_terminal(outer):
        seen += data
    os.close(outer)
    assert fetching.wait(30) == 0
    assert b"0.6/1.2 MB" in seen
    assert f"toy: {stack.folder()}".encode() in seen


def read_terminal(terminal: int) -> bytes:
    """Read what there is; empty once nobody has the other side open."""
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says it like this
        return b""
