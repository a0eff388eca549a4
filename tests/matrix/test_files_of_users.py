"""What commands say of the files that a user hands in: a line for every fault, old keys once."""

from pathlib import Path

import pytest

from clients.profile import BUNDLED_PROFILES, Profile
from definitions.former import renamed
from matrix.judgement.outcome import Outcome
from tests.matrix.runs import cell, run
from tests.matrix.test_commands import saved, tls_matrix


@pytest.mark.parametrize("name", ["profile", "definition"])
def test_a_broken_file_of_the_users_is_named_with_its_key(tmp_path: Path, name: str) -> None:
    if name == "profile":
        (tmp_path / "mine.toml").write_text('id = "mine"\n', encoding="utf-8")
        result, file = tls_matrix("run", "--clients-dir", tmp_path), tmp_path / "mine.toml"
    else:
        file = tmp_path / "mine" / "server.toml"
        file.parent.mkdir()
        file.write_text('id = "mine"\n', encoding="utf-8")
        result = tls_matrix("list", "servers", "--servers-dir", tmp_path)
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert lines[0] == f"tls-matrix: {file}: title: is missing: add it"
    assert len(lines) > 1
    assert all(line.startswith(f"tls-matrix: {file}: ") and line.endswith(": add it") for line in lines)


def test_compare_tells_what_is_wrong_with_both_runs(tmp_path: Path) -> None:
    for name, text in (("a", "{"), ("b", "[" * 100_000), ("c", '{"schema": "x", "schema": "y"}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(text, encoding="utf-8")
    result = tls_matrix("compare", tmp_path / "a", tmp_path / "b")
    assert result.exit_code == 2
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == [
        str(tmp_path / name / "run.json") for name in ("a", "b")
    ]
    result = tls_matrix("report", tmp_path / "c")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "run.json: schema (line 1): stands twice: keep one" in result.stderr


@pytest.mark.parametrize("timings", ["[" * 100_000, '{"cells": {"web@1/x/connect": "long"}}', "\xff"])
def test_a_run_with_unreadable_timings_is_reported_and_said_so(tmp_path: Path, timings: str) -> None:
    folder = saved(tmp_path, "run", run(cell("web@1", "x", Outcome.FAILS), cell("web@1", "y")))
    (folder / "timings.json").write_text(timings, encoding="latin-1")
    result = tls_matrix("report", folder)
    assert (result.exit_code, result.stderr.count("\n")) == (0, 1)
    assert result.stderr.startswith(f"tls-matrix: {folder / 'timings.json'}: ")
    assert result.stderr.endswith("; the report is made without times\n")


def test_what_is_wrong_with_servers_and_clients_is_told_at_once(tmp_path: Path) -> None:
    profile, server = tmp_path / "mine.toml", tmp_path / "mine" / "server.toml"
    server.parent.mkdir()
    for file in (profile, server):
        file.write_text("[" * 10_000, encoding="utf-8")
    result = tls_matrix("run", "--clients-dir", tmp_path, "--servers-dir", tmp_path)
    assert result.exit_code == 2
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == [str(server), str(profile)]


def test_an_old_key_is_named_once_and_the_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Profile, "former", (renamed("name", "title"),), raising=False)
    text = (BUNDLED_PROFILES / "java-7.toml").read_text(encoding="utf-8")
    for name in ("mine", "yours"):
        own = text.replace('id = "java-7"', f'id = "{name}"', 1).replace("\ntitle =", "\nname =", 1)
        (tmp_path / f"{name}.toml").write_text(own, encoding="utf-8")
    for arguments in (("list", "clients"), ("list", "cells"), ("hello", "show", "mine")):
        result = tls_matrix(*arguments, "--clients-dir", tmp_path)
        assert result.exit_code == 0
        assert [line.partition(" (")[0] for line in result.stderr.splitlines()] == [
            f"tls-matrix: {tmp_path / f'{name}.toml'}: name" for name in ("mine", "yours")
        ]
    assert tls_matrix("list", "clients").stderr == "", "control: the bundled ones have no old key"


USERS_SERVER = """
id = "mine"
title = "Mine"
kind = "emulated"
default = false
control = "{control}"
source = "made up for a test"

[declared]
versions = ["TLSv1.0"]
cipher_suites = ["{suite}"]

[emulation]
preference = "{preference}"

[levels.a]
title = "Mine a"
stack = "none"
"""


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"control": "opensll-3.0"}, "control: no client matches 'opensll-3.0'; near it: openssl-3.0"),
        ({"suite": "AES128-SAH"}, "did you mean AES128-SHA"),
        (
            {"preference": "mine"},
            "emulation.preference (line 14): unknown value 'mine': write client or server",
        ),
    ],
    ids=["control", "suite", "emulation"],
)
def test_what_is_wrong_in_a_server_of_the_users_is_said_before_anything_starts(
    tmp_path: Path, wrong: dict[str, str], said: str
) -> None:
    file = tmp_path / "mine" / "server.toml"
    file.parent.mkdir()
    right = {"control": "openssl-0.9.8", "suite": "TLS_RSA_WITH_AES_128_CBC_SHA", "preference": "client"}
    file.write_text(USERS_SERVER.format(**(right | wrong)), encoding="utf-8")
    arguments = ("run", "--servers-dir", tmp_path, "--server", "mine@a", "--out", tmp_path / "run")
    result = tls_matrix(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"tls-matrix: {file}: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()
