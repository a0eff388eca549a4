from pathlib import Path

import pytest

from matrix.cell import Cell, grid
from matrix.errors import ExpectationError
from matrix.expectations.files import BUNDLED, load_expectations
from matrix.judgement.outcome import Expectation, Outcome
from matrix.plan.plan import load_all_definitions, load_all_profiles
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
    cells = grid(servers, load_all_profiles(()), SCENARIOS)
    expectations = load_expectations([BUNDLED])
    assert expectations.ambiguous(cells) == []
    assert expectations.unused(cells) == []
