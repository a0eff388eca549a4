"""What a run prints when nothing more is asked for: short, what matters first, and nothing left unsaid."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from handshake.reason import parse_reason
from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports.folding import fold
from matrix.reports.headline import headline
from matrix.reports.table import Rows, Table
from matrix.reports.terminal import print_run
from matrix.reports.view import BRIEF, QUIET, VERBOSE, View
from matrix.results.run_file import CellRecord, RunFile, load_run
from tests.matrix.runs import cell, run
from tests.matrix.test_run import tls_matrix

MOST_LINES = 60


def shown(content: RunFile, view: View = BRIEF, *, is_terminal: bool = True) -> list[str]:
    file = io.StringIO()
    print_run(content, Console(file=file, force_terminal=is_terminal, width=120, color_system=None), view)
    return file.getvalue().splitlines()


@pytest.fixture(scope="module")
def default_grid(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFile, list[str]]:
    """The default grid as a user runs it, and what that printed."""
    folder = tmp_path_factory.mktemp("default") / "run"
    result = tls_matrix("run", "--out", folder)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.endswith(f"The page: {folder}/grid.html\n")
    return load_run(folder), result.stdout.splitlines()


@pytest.mark.long
def test_the_default_grid_fits_a_screen_and_more_is_there_when_asked_for(
    default_grid: tuple[RunFile, list[str]],
) -> None:
    content, printed = default_grid
    for lines in (shown(content), printed):
        assert lines[0] == headline(content)
        assert len(lines) < MOST_LINES  # the page is one more
        assert all(len(line) <= 120 for line in lines)
    text = "\n".join(shown(content, VERBOSE))
    assert "jsse6, from 6-early to 6u45: connect" in text
    assert "As expected, but no plain passes" in text
    assert all(client in text for client in content.clients)


def test_the_default_grid_fits_a_screen_however_much_is_unexpected(
    default_grid: tuple[RunFile, list[str]],
) -> None:
    content, _ = default_grid
    reasons = [parse_reason(f"server-hello:alert-alert_{number}") for number in range(200, 223)]
    changed = [
        each.model_copy(
            update={
                "outcome": Outcome.FAILS,
                "verdict": Verdict.FAILED,
                "reason": reasons[number % len(reasons)],
            }
        )
        if number % 3
        else each
        for number, each in enumerate(content.cells)
    ]
    lines = shown(content.model_copy(update={"cells": changed}))
    assert lines[2] == "Unexpected results"
    assert sum(line.startswith("  next: ") for line in lines) == 10
    assert any(line.endswith("more, see grid.html or -v") for line in lines)


def table_of(*cells: CellRecord) -> Table:
    by_place = {(each.server, each.client): each for each in cells}
    servers, clients = (tuple(sorted(set(names))) for names in zip(*by_place, strict=True))
    return Table("connect", servers, clients, by_place)


def test_clients_with_the_same_row_are_folded_and_those_that_work_everywhere_left_out() -> None:
    failing = [cell("a", f"java-{number}", Outcome.FAILS) for number in range(5)]
    more = cell("a", "x", Outcome.FAILS), cell("a", "good"), cell("b", "good"), cell("b", "x")
    table = table_of(*failing, *more)
    folded = fold(table, table.servers, Rows.DIFFERING)
    assert [row.label for row in folded.rows] == ["java-0 and 4 like it", "x"]
    assert folded.left_out == 1
    everything = fold(table, table.servers, Rows.ALL)
    assert [row.label for row in everything.rows] == list(table.clients)
    assert everything.left_out == 0


def test_a_row_that_works_with_a_note_is_shown_and_so_is_the_note() -> None:
    content = run(cell("a", "x", notes=["the answer is HTTP 503"]), cell("a", "y"))
    lines = shown(content)
    assert any(line.split() == ["x", "✓", "works", "*"] for line in lines)
    assert "- a with x: the answer is HTTP 503." in lines
    assert any("1 more client works with a" in line for line in lines)


def test_only_the_rows_with_something_unexpected_are_shown_when_asked_for() -> None:
    expected = {"verdict": Verdict.EXPECTED_FAILURE, "expected": Outcome.FAILS, "expected_why": "known"}
    content = run(cell("a", "x", Outcome.FAILS), cell("a", "y", Outcome.FAILS, **expected))
    text = "\n".join(shown(content, BRIEF.with_rows(Rows.UNEXPECTED)))
    assert "✗ fails !" in text
    assert "1 more client without an unexpected result" in text


def test_quiet_is_the_headline_and_what_is_not_as_expected() -> None:
    expected = {"verdict": Verdict.EXPECTED_FAILURE, "expected": Outcome.FAILS, "expected_why": "known"}
    as_expected = cell("a", "y", Outcome.FAILS, **expected)
    assert shown(run(as_expected), QUIET) == [headline(run(as_expected))]
    content = run(as_expected, cell("a", "x", Outcome.FAILS))
    lines = shown(content, QUIET)
    assert lines[:3] == [headline(content), "", "Unexpected results"]
    assert [line[:12] for line in lines[3:]] == ["- a with x: ", "  next: evid"]
    assert lines == shown(content, QUIET.with_levels())
    observed = run(cell("mine", "x", Outcome.FAILS, verdict=Verdict.OBSERVED))
    assert shown(observed, QUIET) == [headline(observed)]
    assert len(shown(observed, BRIEF)) > 5


def test_after_ten_groups_the_rest_is_counted() -> None:
    many = [cell("a", f"c{n:02}", Outcome.FAILS, f"server-hello:alert-alert_{200 + n}") for n in range(12)]
    lines = shown(run(*many), is_terminal=False)
    assert sum(line.startswith("- a with c") for line in lines) == 10
    assert "- and 2 more, see grid.html or -v" in lines
    assert not any("\x1b" in line for line in lines)


def test_a_server_that_nobody_reached_is_told_in_one_line_for_all_clients() -> None:
    note = "nobody accepted the connection to 192.0.2.1:443"
    lines = shown(run(*(cell("mine", c, None, verdict=Verdict.HARNESS_ERROR, note=note) for c in "xyz")))
    assert sum(note in line for line in lines[1:]) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--quiet",), "1 cell: 1 works. All as expected.\n"),
        (("--quiet", "-v"), "--quiet and -v contradict each other"),
    ],
)
def test_report_takes_the_same_options(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    from matrix.results.run_file import encode

    (tmp_path / "run.json").write_text(encode(run(cell("a", "x"))), encoding="utf-8")
    result = tls_matrix("report", tmp_path, *arguments)
    said = said.format(folder=tmp_path)
    assert result.stdout == said or said in result.stderr
