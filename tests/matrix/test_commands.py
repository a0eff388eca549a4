"""The commands that start no server: what they print, how they end, and that an error is one line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from clients.profile import BUNDLED_PROFILES
from handshake.features import notations
from matrix.commands.cli import application
from matrix.judgement.outcome import Outcome, Verdict
from matrix.results.run_file import CellRecord, encode
from tests.matrix.runs import cell, run

OLD = run(cell("web@1", "x", Outcome.FAILS), cell("web@1", "y"))
NEW = run(cell("web@2", "x"), cell("web@2", "y"))

LONGEST_LINE = 500
"""Characters that an error has at most."""


def tls_matrix(*arguments: object) -> Result:
    return CliRunner().invoke(application, [str(argument) for argument in arguments], catch_exceptions=False)


def saved(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.mkdir()
    (path / "run.json").write_text(encode(content), encoding="utf-8")  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("what", ["servers", "clients", "scenarios", "cells", "features"])
def test_list_prints_the_same_ids_as_lines_and_as_json(what: str) -> None:
    as_json = tls_matrix("list", what, "--json")
    rows = json.loads(as_json.stdout)
    assert rows
    assert as_json.exit_code == 0
    header, *lines = [line.split("\t") for line in tls_matrix("list", what).stdout.splitlines()]
    assert header[0] == "id"
    assert set(header) <= rows[0].keys(), "the header names what JSON calls so"
    assert {len(line) for line in lines[: len(rows)]} == {len(header)}
    assert [line[0] for line in lines[: len(rows)]] == [row["id"] for row in rows]
    assert lines[len(rows) :][:1] in ([], [[""]]), "an empty line before the notes"


@pytest.mark.parametrize("what", ["emulation", "declared"])
def test_list_prints_the_keys_of_a_table_as_lines_and_as_json(what: str) -> None:
    rows = json.loads(tls_matrix("list", what, "--json").stdout)
    header, *lines = tls_matrix("list", what).stdout.splitlines()
    assert header == "key\tvalues\tdefault\ttext"
    assert [line.split("\t") for line in lines] == [
        [row["key"], row["values"], row["default"], row["text"]] for row in rows
    ]
    assert "renegotiation" in [row["key"] for row in rows]


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
        ("*@2", "b@*", 1, "None of 1 client loses service when web@2 becomes b@1; 1 gains service."),
    ],
)
def test_compare_takes_two_servers_of_one_run_or_of_two(
    tmp_path: Path, server: str, becomes: str, status: int, said: str
) -> None:
    folder, elsewhere = saved(tmp_path, "run", LEVELS), saved(tmp_path, "elsewhere", OLD)
    for runs in ((folder,), (folder, folder)):
        result = tls_matrix("compare", *runs, "--server", server, "--with", becomes)
        assert (result.exit_code, result.stdout.split("\n\n")[1]) == (status, said)
        as_json = tls_matrix("compare", *runs, "--server", server, "--with", becomes, "--format", "json")
        assert (as_json.exit_code, json.loads(as_json.stdout)["summary"]) == (status, [said])
    # The server now is one of the second run, where web@1 fails with x.
    result = tls_matrix("compare", folder, elsewhere, "--server", "b@1", "--with", "web@1")
    assert "\n\n1 of 1 client loses service when b@1 becomes web@1.\n\n" in result.stdout


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
        (["run", "--target", "a=127.0.0.1:1,starttls=smtps"], "starttls=smtps: there is no such"),
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
        (["connect", "java-7", "mine=127.0.0.1"], "HOST:PORT"),
        (["connect", "java-7", "a=b=127.0.0.1:1"], "HOST:PORT"),
        (["serve", "nothing@1"], "nothing"),
        (["hello", "show", "java-77"], "near it: java-7"),
        (["hello", "diff", "java-7", "java-77"], "near it: java-7"),
        (["run", "--server", "reference@rfc,departure=retry-twic"], "near it: retry-twice"),
        (["serve", "reference@rfc,departure=*"], "values (see `tls-matrix list departures`)"),
        (["serve", "reference@rfc,departure="], "values (see `tls-matrix list departures`)"),
        (["serve", "jsse6@6u45,ec=yes,ec=yes"], '"ec" is given twice'),
        (
            ["run", "--server", "reference@rfc,departure=retry-twice,departure=cipher-suite-grease"],
            '"departure" is given twice',
        ),
        (["run", "--server", "zzz@1,x=y"], "more (see `tls-matrix list servers`)"),
        (["run", "--client", "zzz"], "more (see `tls-matrix list clients`)"),
        (["connect", "*", "127.0.0.1:1"], "more; name one client"),
        (
            ["connect", "genuine-openssl-3.0.19", "127.0.0.1:1"],
            "connect plays profiles; a genuine program is run by tls-matrix run "
            "--client 'genuine-openssl-3.0.19' --target NAME=127.0.0.1:1",
        ),
        (["hello", "show", "genuine-openssl-3.0.19"], "only a profile says what its client sends"),
        (["run", "--client", "gen*"], "begin with genuine-"),
        (["run", "--client", "genuine"], "begin with genuine-"),
        (["run", "--client", "GENUINE-*"], "begin with genuine-"),
        (["run", "--client", "genuine-nothing*"], "(see `tls-matrix list programs`)"),
    ],
)
def test_what_is_asked_wrongly_is_one_line_that_helps_and_2(arguments: list[str], said: str) -> None:
    result = tls_matrix(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < LONGEST_LINE
    assert result.stdout == ""


def test_connect_to_nobody_is_3_with_the_address() -> None:
    result = tls_matrix("connect", "java-7", "127.0.0.1:1")
    assert result.exit_code == 3
    assert "127.0.0.1:1" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("address", ["127.0.0.1:1", "mine=127.0.0.1:1", "mine=127.0.0.1:1,sni=shop.example"])
def test_connect_takes_an_address_as_a_target_is_written(address: str) -> None:
    result = tls_matrix("connect", "java-7", address)
    assert result.exit_code == 3
    assert "nobody accepts the connection" in result.stderr


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
    assert "  features: no difference" in lines


@pytest.mark.parametrize(
    ("now", "options", "status", "said"),
    [
        ([cell("a@1", "x"), cell("a@1", "y")], [], 0, "No regression: 2 unchanged."),
        (
            [cell("a@1", each, None, verdict=Verdict.HARNESS_ERROR) for each in "xy"],
            [],
            1,
            "Not known: 2 cells that worked were not measured again: 2 not measured again.",
        ),
        ([cell("a@1", "x")], [], 1, "Not known: 1 cell that worked was not measured again"),
        ([cell("b@1", "x")], [], 2, "the runs have no cell in common: before there is a@1, now there is b@1"),
        ([], [], 2, "no cell in common"),
        ([cell("a@1", each) for each in "xyz"], [], 0, "No regression: 1 new, 2 unchanged."),
        (
            [cell("a@1", each) for each in "xyz"],
            ["--fail-on", "new"],
            1,
            "No regression: 1 new, 2 unchanged.",
        ),
        ([cell("a@1", each) for each in "xyz"], ["--fail-on", "gone,weaker"], 0, "1 new, 2 unchanged."),
        ([cell("a@1", each) for each in "xyz"], ["--fail-on", "nwe"], 2, "--fail-on nwe: there is regressed"),
    ],
)
def test_the_gate_of_compare_passes_on_nothing_that_was_not_measured(
    tmp_path: Path, now: list[CellRecord], options: list[str], status: int, said: str
) -> None:
    before = saved(tmp_path, "before", run(cell("a@1", "x"), cell("a@1", "y")))
    result = tls_matrix("compare", before, saved(tmp_path, "now", run(*now)), *options)
    assert result.exit_code == status, result.output
    assert said in (result.stdout if status < 2 else result.stderr)


def test_a_comparison_with_a_partial_run_says_so_and_a_page_has_it_too(tmp_path: Path) -> None:
    before = saved(tmp_path, "before", run(cell("a@1", "x"), cell("a@1", "y")))
    now = saved(tmp_path, "now", run(cell("a@1", "x"), partial=True))
    said = "The run now is partial: it ended before every cell was tried."
    for form in ("text", "markdown", "html"):
        result = tls_matrix("compare", before, now, "--format", form)
        assert result.exit_code == 1
        assert said in result.stdout


def test_hello_diff_says_in_words_which_features_differ() -> None:
    for first, second, own, other in (
        ("biztalk-ws2008", "openssl-0.9.8-tls1", "<", ">"),
        ("openssl-0.9.8-tls1", "biztalk-ws2008", ">", "<"),
    ):
        lines = tls_matrix("hello", "diff", first, second).stdout.splitlines()
        assert f"  {own} the extension server_name  [extension:server_name]" in lines
        assert f"  {other} an empty extension in last place  [empty-last-extension]" in lines
        assert not [line for line in lines if "[extension-block]" in line], "both have one"
        listed = next(line for line in lines if line.startswith("  features that "))
        number = sum(line.endswith("]") and line[2] in "<>" for line in lines)
        assert listed == f"  features that only one of the two hellos has ({number})"


def test_the_help_of_list_names_the_tables_whose_keys_it_lists() -> None:
    # In brackets, as in a server.toml, they would be markup to rich and missing from the help.
    assert "its tables emulation and declared" in " ".join(tls_matrix("list", "--help").stdout.split())


def test_features_are_listed_as_the_classes_describe_them() -> None:
    rows = {row["id"]: row["title"] for row in json.loads(tls_matrix("list", "features", "--json").stdout)}
    assert rows == dict(notations())
    assert rows["extension-block"] == "The hello has an extension block, be it an empty one (00 00)."
