from collections.abc import Iterator
from itertools import product, starmap
from pathlib import Path

import pytest

from matrix.cell import Cell, grid
from matrix.errors import ExpectationError
from matrix.expectations.files import BUNDLED, load_expectations, load_own_expectations
from matrix.judgement.outcome import Expectation, Outcome
from matrix.plan.loading import load_all_definitions, load_all_profiles
from matrix.plan.make import make_plan
from matrix.plan.options import RunOptions
from matrix.scenarios import SCENARIOS
from servers.variant import expand

GOOD = """
[[expectation]]
cells = "old@*/modern/*"
outcome = "fails"
reason = "server-hello:alert-protocol_version"
why = "it has no version in common"
[[expectation]]
cells = ["old@1/a/connect", "old@1/b/connect"]
outcome = "works-after-fallback"
reason = "server-hello:fin"
why = "it closes on extensions"
"""


def load(folder: Path, text: str):  # type: ignore[no-untyped-def]
    (folder / "some.toml").write_text(text, encoding="utf-8")
    return load_expectations([folder])


def test_the_first_pattern_that_matches_counts_and_works_is_the_default(tmp_path: Path) -> None:
    expectations = load(tmp_path, GOOD)
    assert expectations.expected(Cell("old@1", "modern", "connect")).outcome is Outcome.FAILS
    assert str(expectations.expected(Cell("old@1", "b", "connect")).reason) == "server-hello:fin"
    assert expectations.expected(Cell("new@1", "modern", "connect")) == Expectation()


def test_the_cause_of_close_notify_is_read_as_it_was_written_before(tmp_path: Path) -> None:
    expectations = load(tmp_path, GOOD.replace("server-hello:fin", "server-hello:alert-close_notify"))
    assert str(expectations.expected(Cell("old@1", "b", "connect")).reason) == "server-hello:close_notify"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("it has no version in common", " "), "why"),
        (('why = "it closes on extensions"', ""), "why"),
        (('reason = "server-hello:fin"', ""), "expectation[1].reason (line 7): is missing"),
        (("server-hello:fin", "because"), "reason"),
        (('"fails"', '"sometimes"'), "outcome"),
        (('outcome = "fails"', 'outcom = "fails"'), "outcom (line 4): no such key: did you mean outcome?"),
        (("[[expectation]]", "[[expected]]"), "no such key: did you mean expectation?"),
        (('cells = "old', "cells = old"), "line 3, column 9: is not TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    with pytest.raises(ExpectationError) as raised:
        load(tmp_path, GOOD.replace(*change))
    assert "some.toml" in str(raised.value)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_every_mistake_of_every_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("expectation = 1\n")
    with pytest.raises(ExpectationError) as raised:
        load(tmp_path, GOOD.replace("why", "wy").replace('"fails"', '"failed"'))
    some = tmp_path / "some.toml"
    assert str(raised.value).splitlines() == [
        f"{tmp_path / 'a.toml'}: expectation (line 1): is 1: write a list in square brackets",
        f"{some}: expectation[0].outcome (line 4): unknown value 'failed': did you mean fails?",
        f"{some}: expectation[0].wy (line 6): no such key: did you mean why? (it is required)",
        f"{some}: expectation[1].wy (line 11): no such key: did you mean why? (it is required)",
    ]


def test_patterns_that_overlap_or_match_nothing_are_found(tmp_path: Path) -> None:
    text = GOOD + '[[expectation]]\ncells = ["*/a/*", "nowhere/*"]\noutcome = "works"\nwhy = "it does"\n'
    expectations = load(tmp_path, text)
    cells = grid(["old@1"], ["a", "b", "modern"], ["connect"])
    assert [line.partition(":")[0] for line in expectations.ambiguous(cells)] == ["old@1/a/connect"]
    assert expectations.unused(cells) == ["some.toml: 'nowhere/*'"]


def test_the_shipped_files_are_unambiguous_and_every_pattern_matches_something() -> None:
    servers = [
        variant.id for definition in load_all_definitions(()).values() for variant in expand(definition)
    ]
    expectations = load_expectations([BUNDLED])

    def cells() -> Iterator[Cell]:  # more than a million: one after the other
        return starmap(Cell, product(servers, load_all_profiles(()), SCENARIOS))

    assert expectations.ambiguous(cells()) == []
    assert expectations.unused(cells()) == []


WEBMETHODS = "webmethods-8.0.1@core-fix-19"
RUN = {"server": (WEBMETHODS,), "client": ("biztalk-ws2008", "java-8", "ie6-winxp")}
OWN = """
[[expectation]]
cells = "{}/{}/connect"
outcome = "fails"
reason = "server-hello:fin"
why = "{}"
"""


def own(folder: Path, client: str, why: str, server: str = WEBMETHODS, name: str = "mine.toml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(OWN.format(server, client, why), encoding="utf-8")
    return folder


def whys(options: RunOptions) -> dict[str, str]:
    expected = {planned.cell.client: planned.expectation for planned in make_plan(options).cells}
    return {client: "" if each is None else each.why for client, each in expected.items()}


def test_a_users_own_expectations_come_before_what_is_shipped_and_that_before_a_prediction(
    tmp_path: Path,
) -> None:
    shipped = whys(RunOptions(**RUN))
    assert shipped["biztalk-ws2008"].startswith("seen in the incident")
    assert shipped["java-8"].startswith("the server is intolerant of a hello with ")
    assert shipped["ie6-winxp"] == ""
    mine = own(tmp_path / "mine", "biztalk-ws2008", "so it is here")
    assert whys(RunOptions(**RUN, expectations=mine)) == {**shipped, "biztalk-ws2008": "so it is here"}
    mine = own(tmp_path / "mine", "java-8", "so it is here")
    assert whys(RunOptions(**RUN, expectations=mine)) == {**shipped, "java-8": "so it is here"}


def test_a_target_has_what_its_user_expects_and_nothing_else(tmp_path: Path) -> None:
    options = RunOptions(target=("mine=127.0.0.1:9",), client=("java-8", "java-7"))
    expected = {planned.cell.client: planned.expectation for planned in make_plan(options).cells}
    assert expected == {"java-8": None, "java-7": None}
    folder = own(tmp_path / "mine", "java-8", "known", server="mine")
    asked = RunOptions(target=options.target, client=options.client, expectations=folder)
    assert whys(asked) == {"java-8": "known", "java-7": ""}


def test_a_file_beside_a_server_counts_behind_the_users_folder(tmp_path: Path) -> None:
    beside = tmp_path / "servers" / "quirky"
    beside.mkdir(parents=True)
    (beside / "server.toml").write_text(
        'id = "quirky"\ntitle = "Quirky"\nkind = "emulated"\ndefault = false\ncontrol = "java-8"\n'
        'source = "made up"\n[levels.1]\ntitle = "1"\nstack = "none"\n'
        '[declared]\nversions = ["TLSv1.2"]\ncipher_suites = ["TLS_RSA_WITH_AES_128_CBC_SHA"]\n',
        encoding="utf-8",
    )
    options = {
        "server": ("quirky@1",),
        "client": ("java-8", "java-7"),
        "servers_dir": (tmp_path / "servers",),
    }
    assert whys(RunOptions(**options))["java-8"] == ""
    own(beside, "java-8", "beside", server="quirky@1", name="expectations.toml")
    assert whys(RunOptions(**options))["java-8"] == "beside"
    mine = own(tmp_path / "mine", "java-8", "mine", server="quirky@1")
    assert whys(RunOptions(**options, expectations=mine))["java-8"] == "mine"


def test_a_pattern_of_the_users_that_matches_no_cell_is_named_in_a_line(tmp_path: Path) -> None:
    mine = own(tmp_path / "mine", "nobody", "so it is here")
    (remark,) = make_plan(RunOptions(**RUN, expectations=mine)).remarks
    assert remark == f"{mine}/mine.toml: '{WEBMETHODS}/nobody/connect' matches no cell; correct or remove it"
    mine = own(tmp_path / "mine", "chrome-101", "of a client that is not asked for")
    assert make_plan(RunOptions(**RUN, expectations=mine)).remarks == ()
    assert make_plan(RunOptions(**RUN)).remarks == ()


def test_a_folder_without_a_file_is_told(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ExpectationError, match=r"has no file \*\.toml"):
            load_own_expectations(folder, ())
