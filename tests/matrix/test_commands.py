"""The commands that start no server: what they print, how they end, and that an error is one line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from clients.profile import BUNDLED_PROFILES, Profile
from definitions.former import renamed
from matrix.commands.cli import application
from matrix.judgement.outcome import Outcome
from matrix.results.run_file import encode
from tests.matrix.runs import cell, run

OLD = run(cell("web@1", "x", Outcome.FAILS), cell("web@1", "y"))
NEW = run(cell("web@2", "x"), cell("web@2", "y"))


def tls_matrix(*arguments: object) -> Result:
    return CliRunner().invoke(application, [str(argument) for argument in arguments], catch_exceptions=False)


def saved(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.mkdir()
    (path / "run.json").write_text(encode(content), encoding="utf-8")  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("what", ["servers", "clients", "scenarios", "cells"])
def test_list_prints_the_same_ids_as_lines_and_as_json(what: str) -> None:
    as_json = tls_matrix("list", what, "--json")
    rows = json.loads(as_json.stdout)
    assert rows
    assert as_json.exit_code == 0
    lines = tls_matrix("list", what).stdout.splitlines()
    assert [line.split("\t")[0] for line in lines[: len(rows)]] == [row["id"] for row in rows]


def test_every_listing_of_servers_says_what_is_a_hypothesis() -> None:
    assert "HYPOTHESIS" in tls_matrix("list", "servers").stdout


def test_servers_are_listed_with_what_is_behind_each_toggle() -> None:
    assert (
        "jsse6,renegotiation=: sun.security.ssl.allowUnsafeRenegotiation"
        in tls_matrix("list", "servers").stdout
    )
    rows = json.loads(tls_matrix("list", "servers", "--json").stdout)
    assert all(row["about_toggles"].keys() == row["toggles"].keys() for row in rows)


def test_list_takes_the_users_own_clients(tmp_path: Path) -> None:
    text = (BUNDLED_PROFILES / "java-7.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text.replace('id = "java-7"', 'id = "mine"', 1), encoding="utf-8")
    assert "mine" in [
        row["id"]
        for row in json.loads(tls_matrix("list", "clients", "--json", "--clients-dir", tmp_path).stdout)
    ]


@pytest.mark.parametrize(
    ("old", "new", "status", "said"),
    [
        (OLD, NEW, 0, "No regression: 1 fixed"),
        (NEW, OLD, 1, "Regression: 1 worse"),
        (OLD, OLD, 0, "2 unchanged"),
    ],
)
def test_compare_ends_with_1_on_a_regression_only(
    tmp_path: Path, old: object, new: object, status: int, said: str
) -> None:
    before, now = saved(tmp_path, "old", old), saved(tmp_path, "new", new)
    result = tls_matrix("compare", before, now)
    assert result.exit_code == status
    assert said in result.stdout
    for form in ("json", "markdown"):
        assert tls_matrix("compare", before, now, "--format", form).exit_code == status


LEVELS = run(
    cell("web@1", "x"),
    cell("web@1", "y"),
    cell("web@2", "x", Outcome.FAILS),
    cell("web@2", "y"),
    cell("b@1", "x"),
)


@pytest.mark.parametrize(
    ("server", "becomes", "status", "said"),
    [
        ("web@1", "web@2", 1, "1 of 2 clients loses service when web@1 becomes web@2."),
        ("web@2", "web@1", 0, "None of 2 clients loses service when web@2 becomes web@1; 1 gains service."),
        ("*@2", "b@*", 0, "None of 1 client loses service when web@2 becomes b@1; 1 gains service."),
    ],
)
def test_compare_takes_two_servers_of_one_run_or_of_two(
    tmp_path: Path, server: str, becomes: str, status: int, said: str
) -> None:
    folder, elsewhere = saved(tmp_path, "run", LEVELS), saved(tmp_path, "elsewhere", OLD)
    for runs in ((folder,), (folder, folder)):
        result = tls_matrix("compare", *runs, "--server", server, "--with", becomes)
        assert (result.exit_code, result.stdout.splitlines()[0]) == (status, said)
        as_json = tls_matrix("compare", *runs, "--server", server, "--with", becomes, "--format", "json")
        assert (as_json.exit_code, json.loads(as_json.stdout)["summary"]) == (status, [said])
    # The server now is one of the second run, where web@1 fails with x.
    result = tls_matrix("compare", folder, elsewhere, "--server", "b@1", "--with", "web@1")
    assert result.stdout.startswith("1 of 1 client loses service when b@1 becomes web@1.\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "the run now is missing"),
        (["--server", "web@1"], "--with is missing"),
        (["--with", "web@1"], "--server is missing"),
        (["--server", "web@3", "--with", "web@1"], "no server matches 'web@3'; near it: web@"),
        (["--server", "web@1", "--with", "web@*"], "'web@*' matches 2 servers of the run: web@1, web@2"),
    ],
)
def test_compare_without_the_servers_to_compare_is_one_line_and_2(
    tmp_path: Path, options: list[str], said: str
) -> None:
    result = tls_matrix("compare", saved(tmp_path, "run", LEVELS), *options)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert said in result.stderr


def test_compare_with_something_unreadable_is_one_line_and_2(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    result = tls_matrix("compare", tmp_path, tmp_path)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert str(tmp_path / "run.json") in result.stderr


def test_report_makes_the_same_files_again(tmp_path: Path) -> None:
    folder = saved(tmp_path, "run", OLD)
    assert tls_matrix("report", folder).exit_code == 0
    made = {name: (folder / name).read_bytes() for name in ("grid.md", "grid.html", "junit.xml")}
    assert tls_matrix("report", folder / "run.json").exit_code == 0
    assert made == {name: (folder / name).read_bytes() for name in made}


def test_report_without_a_run_is_one_line_and_2(tmp_path: Path) -> None:
    result = tls_matrix("report", tmp_path)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--server", "webmethods@*"], "no server matches 'webmethods@*'; near it: webmethods-8.0.1@"),
        (["run", "--server", "jsse6@6u45,ec=*,x=y"], "no server matches"),
        (["run", "--server", "jsse6@6u45,ec=perhaps"], '"ec" cannot be "perhaps"'),
        (["run", "--levels", "jsse7"], "no level matches 'jsse7'; near it: jsse"),
        (["run", "--levels", "jsse7@*,ec=perhaps"], '"ec" cannot be "perhaps"'),
        (["run", "--client", "fierfox-9"], "near it: firefox-9"),
        (["run", "--scenario", "connct"], "near it: connect"),
        (["run", "--target", "mine=nowhere"], "HOST:PORT"),
        (["run", "--target", "a=127.0.0.1:1", "--target", "a=127.0.0.1:2"], "given twice"),
        (["run", "--target", "a=127.0.0.1:1,starttls=smtps"], "--target a: starttls=smtps: there is no such"),
        (["run", "--target", "a=127.0.0.1:1,starttls=http-connect"], "say what the proxy is asked for"),
        (["run", "--target", "a=127.0.0.1:1,to=b.example:443"], "to= goes with starttls=http-connect"),
        (["connect", "java-7", "127.0.0.1:1,starttls=smtps"], "starttls=smtps: there is no such protocol"),
        (["run", "--baseline", "/nowhere/run.json"], "/nowhere/run.json"),
        (["run", "--servers-dir", "/nowhere"], "/nowhere"),
        (["run", "--clients-dir", "/nowhere"], "/nowhere"),
        (["run", "-n", "many"], "-n many"),
        (["connect", "fierfox-9", "127.0.0.1:1"], "near it: firefox-9"),
        (["connect", "java-*", "127.0.0.1:1"], "name one client"),
        (["connect", "java-7", "127.0.0.1"], "HOST:PORT"),
        (["serve", "nothing@1"], "nothing"),
        (["hello", "show", "java-77"], "near it: java-7"),
        (["hello", "diff", "java-7", "java-77"], "near it: java-7"),
    ],
)
def test_what_is_asked_wrongly_is_one_line_that_helps_and_2(arguments: list[str], said: str) -> None:
    result = tls_matrix(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


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
    folder = saved(tmp_path, "run", OLD)
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


def test_connect_to_nobody_is_3_with_the_address() -> None:
    result = tls_matrix("connect", "java-7", "127.0.0.1:1")
    assert result.exit_code == 3
    assert "127.0.0.1:1" in result.stderr
    assert result.stderr.count("\n") == 1


def test_hello_show_names_suites_in_three_tongues_and_decodes_extensions() -> None:
    shown = tls_matrix("hello", "show", "biztalk-ws2008").stdout
    assert "0x0005  TLS_RSA_WITH_RC4_128_SHA | RC4-SHA | SSL_RSA_WITH_RC4_128_SHA" in shown
    assert "0x000a  supported_groups: secp256r1, secp384r1" in shown


def test_hello_diff_marks_what_only_one_side_has_and_the_order() -> None:
    lines = tls_matrix("hello", "diff", "biztalk-ws2008", "openssl-0.9.8-tls1").stdout.splitlines()
    marks = {line.split("0x")[1][:4]: line[2] for line in lines if "  0x" in line}
    assert marks["000b"] == "<"
    assert marks["0023"] == ">"
    assert marks["002f"] == "~"


def test_a_hello_does_not_differ_from_itself() -> None:
    lines = tls_matrix("hello", "diff", "chrome-101", "chrome-101").stdout.splitlines()
    marks = {line[2] for line in lines if line.startswith("  ") and line[2] in "<>=~!"}
    assert marks == {"="}
