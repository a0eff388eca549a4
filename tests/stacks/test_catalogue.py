"""The catalogue of stacks: what it says, and where a stack lies."""

import dataclasses
from pathlib import Path

import pytest

from definitions.fault import UnusableFile
from servers.definition import load_definitions
from stacks import catalogue
from stacks.catalogue import running_python, stacks, unpacked, with_needs
from stacks.check import check_catalogue
from tests.stacks.registries import pinned, stack_of

OPENSSL = (
    "1.0.0f",
    "1.0.1e",
    "1.0.1u",
    "1.0.2d",
    "1.0.2o",
    "1.1.1a",
    "1.1.1l",
    "3.0.5",
    "3.1.4",
    "3.4.1",
    "3.5.5",
    "4.0.0",
)


def test_every_stack_is_pinned_and_names_what_exists() -> None:
    assert {f"openssl-{version}" for version in OPENSSL} <= stacks().keys()
    assert {"tlslite-0.7.6", "jpype", "jsse-11", "jsse-17", "jsse-21", "jsse-25"} <= stacks().keys()
    for stack in stacks().values():
        assert set(stack.needs) <= stacks().keys()
        assert stack.title
        assert stack.purpose
        assert stack.files
        for file in stack.files:
            assert file.registry in ("pypi", "npm")
            assert file.version in file.name
            assert file.size > 1000
            assert len(bytes.fromhex(file.sha256)) == 32
    assert {f"jsse-{level}" for level in load_definitions()["jsse"].levels} <= stacks().keys()


def test_the_shipped_file_has_no_fault() -> None:
    check_catalogue()


STACK = """
[toy]
title = "Toy"
purpose = "a test"
platform = "any"
{needs}
[[toy.files]]
registry = "npm"
distribution = "toy"
version = "1"
name = "toy-1.tgz"
size = {size}
{sha256} = "%s"
""" % ("00" * 32)


def test_every_fault_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "stacks.toml"
    monkeypatch.setattr(catalogue, "CATALOGUE", file)
    file.write_text(STACK.format(needs="", size=12, sha256="sha256"))
    check_catalogue()
    assert list(stacks.__wrapped__()) == ["toy"], "control"
    file.write_text(STACK.format(needs='needs = ["tow"]', size=-1, sha256="sha265"))
    for read in (check_catalogue, stacks.__wrapped__):
        with pytest.raises(UnusableFile) as raised:
            read()
        assert str(raised.value).splitlines() == [
            f"{file}: toy.files[0].size (line 12): is -1: write 1 or more",
            f"{file}: toy.files[0].sha265 (line 13): no such key: did you mean sha256? (it is required)",
        ]
    file.write_text(STACK.format(needs='needs = ["tow"]', size=12, sha256="sha256"))
    with pytest.raises(
        UnusableFile, match=r"toy\.needs\[0\] \(line 6\): unknown stack 'tow': did you mean toy\?"
    ):
        check_catalogue()
    file.write_text("[toy")
    with pytest.raises(UnusableFile, match="at its end: is not TOML"):
        stacks.__wrapped__()


def test_what_levels_take_is_in_the_catalogue() -> None:
    taken = {
        stack
        for definition in load_definitions().values()
        for level in definition.levels.values()
        for stack in level.stacks
    }
    assert taken
    assert taken <= set(stacks())


def test_what_is_needed_comes_first_and_once() -> None:
    assert with_needs(["jsse-17", "jsse-11"]) == ["jpype", "jsse-17", "jsse-11"]


@pytest.mark.parametrize("chosen", ["", "not/absolute"])
def test_cache_folder_is_the_users(chosen: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", chosen)
    assert catalogue.cache_folder() == tmp_path / ".cache" / "tls-matrix" / "stacks"
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert catalogue.cache_folder() == Path("/elsewhere/tls-matrix/stacks")


def test_files_are_those_for_the_interpreter() -> None:
    any_python = pinned("pypi", "pure", "1.0", "pure-1.0.whl", b"pure")
    for_one = dataclasses.replace(pinned("pypi", "fast", "1.0", "one.whl", b"1"), python=running_python())
    for_another = dataclasses.replace(for_one, name="another.whl", python="cp27")
    stack = stack_of(any_python, for_one, for_another)
    assert stack.files_for() == (any_python, for_one)
    assert stack.files_for("cp27") == (any_python, for_another)
    assert stack.files_for("cp26") == (), "a part of it would not do"


def test_each_interpreter_has_its_folder(cache: Path) -> None:
    jpype = stacks()["jpype"]
    assert jpype.folder("cp312") is None
    folder = unpacked(jpype, jpype.files_for("cp312"))
    folder.mkdir(parents=True)
    assert jpype.folder("cp312") == folder
    assert jpype.folder("cp313") is None
    assert jpype.folder("cp27") is None


def test_changed_files_have_another_folder() -> None:
    one, other = pinned("npm", "a", "1", "a", b"1"), pinned("npm", "a", "1", "a", b"2")
    assert unpacked(stack_of(one), [one]) != unpacked(stack_of(other), [other])
    assert unpacked(stack_of(one), [one]) != unpacked(stack_of(one, other), [one, other])
