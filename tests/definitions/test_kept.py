"""TOML files whose parsed content is kept: it is never out of date, and never needed."""

import fcntl
import json
import tomllib
from pathlib import Path

import pytest

import definitions.document
from definitions.document import toml_document
from definitions.kept import MAX_KEPT, NEW, toml_documents


def write(folder: Path, **texts: str) -> list[Path]:
    paths = [folder / f"{name}.toml" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text)
    return paths


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "parsed"


def parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is parsed from now on."""
    texts: list[str] = []
    real = tomllib.loads

    def loads(text: str) -> dict[str, object]:
        texts.append(text)
        return real(text)

    monkeypatch.setattr(definitions.document.tomllib, "loads", loads)
    return texts


def test_what_is_kept_is_what_the_parser_gives(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write(tmp_path, a='id = "ä"\nlist = [1, 2.5, true]\n[table]\nkey = "\\u0000"\n', b="n = 0\n")
    first = toml_documents(paths, kept)
    parsed = parses(monkeypatch)
    second = toml_documents(paths, kept)
    assert parsed == []
    for path in paths:
        assert first[path].content == second[path].content == toml_document(path).content
        assert second[path].line_of(("list",)) == toml_document(path).line_of(("list",))


def test_a_file_that_was_changed_is_read_anew(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write(tmp_path, a="n = 1\n", b="n = 2\n")
    toml_documents(paths, kept)
    stamp = paths[0].stat()
    paths[0].write_text("n = 3\n")
    parsed = parses(monkeypatch)
    assert toml_documents(paths, kept)[paths[0]].content == {"n": 3}
    assert paths[0].stat().st_size == stamp.st_size
    assert "n = 3\n" in parsed


def test_files_of_one_name_in_two_folders_are_two_files(tmp_path: Path, kept: Path) -> None:
    paths = []
    for number, folder in enumerate(("a", "b")):
        (tmp_path / folder).mkdir()
        paths += write(tmp_path / folder, server=f"n = {number}\n")
    for _ in range(2):
        documents = toml_documents(paths, kept)
        assert [documents[path].content["n"] for path in paths] == [0, 1]


def test_files_that_changed_their_names_are_other_files(tmp_path: Path, kept: Path) -> None:
    a, b = write(tmp_path, a="n = 1\n", b="n = 2\n")
    toml_documents([a, b], kept)
    a.rename(tmp_path / "x"), b.rename(a), (tmp_path / "x").rename(b)
    assert {path.name: d.content["n"] for path, d in toml_documents([a, b], kept).items()} == {
        "a.toml": 2,
        "b.toml": 1,
    }


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"c/a.toml": {"n": 1}}' + "}", "\x00"])
def test_what_cannot_be_read_is_parsed_again(tmp_path: Path, kept: Path, content: str) -> None:
    paths = write(tmp_path, a="n = 1\n")
    toml_documents(paths, kept)
    (file,) = kept.glob("*.json")
    file.write_text(content)
    assert toml_documents(paths, kept)[paths[0]].content == {"n": 1}
    assert json.loads(file.read_text()) == {f"{tmp_path.name}/a.toml": {"n": 1}}


@pytest.mark.parametrize("text", ["n = \n", "\udcff", "[" * 100])
def test_a_file_that_is_no_toml_is_left_to_be_told_and_nothing_is_kept(
    tmp_path: Path, kept: Path, text: str
) -> None:
    good, bad = write(tmp_path, a="n = 1\n"), tmp_path / "b.toml"
    bad.write_bytes(text.encode(errors="surrogateescape"))
    documents = toml_documents([*good, bad, tmp_path / "none.toml"], kept)
    assert list(documents) == good
    assert not list(kept.glob("*"))


def test_what_json_cannot_say_is_not_kept(tmp_path: Path, kept: Path) -> None:
    paths = write(tmp_path, a="day = 2026-11-30\n")
    assert str(toml_documents(paths, kept)[paths[0]].content["day"]) == "2026-11-30"
    assert not list(kept.glob("*"))


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    paths = write(tmp_path, a="n = 1\n")
    (tmp_path / "file").write_text("")
    assert toml_documents(paths, tmp_path / "file" / "parsed")[paths[0]].content == {"n": 1}


def test_no_more_than_the_newest_stay(tmp_path: Path, kept: Path) -> None:
    for number in range(MAX_KEPT + 3):
        toml_documents(write(tmp_path, a=f"n = {number}\n"), kept)
    assert len(list(kept.glob("*"))) == MAX_KEPT
    assert kept.stat().st_mode & 0o777 == 0o700


def test_one_that_was_killed_as_it_wrote_leaves_what_the_next_one_takes(tmp_path: Path, kept: Path) -> None:
    kept.mkdir(parents=True)
    (kept / NEW).write_text("[" * 1000)
    toml_documents(write(tmp_path, a="n = 1\n"), kept)
    (file,) = kept.iterdir()
    assert json.loads(file.read_text()) == {f"{tmp_path.name}/a.toml": {"n": 1}}


def test_while_another_writes_nothing_is_kept(tmp_path: Path, kept: Path) -> None:
    kept.mkdir(parents=True)
    with (kept / NEW).open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert toml_documents(write(tmp_path, a="n = 1\n"), kept)
        assert [each.name for each in kept.iterdir()] == [NEW]
