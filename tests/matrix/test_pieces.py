"""Reports are made in pieces while they are written: of a large run none is in memory as a whole."""

import json
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest

from matrix.judgement.outcome import Outcome
from matrix.reports.files import render_reports
from matrix.reports.junit import render_junit
from matrix.reports.markdown import render_markdown
from matrix.reports.page.document import Frame
from matrix.reports.page.run_page import render_html
from matrix.results.run_folder import write_run
from tests.matrix.page.packed import data
from tests.matrix.runs import cell, run

CLIENTS, SERVERS = 23, 300
LARGE = run(
    *(
        cell(f"host-{server:03}", f"client-{client}", Outcome.FAILS if client % 3 == 0 else Outcome.WORKS)
        for server in range(SERVERS)
        for client in range(CLIENTS)
    )
)
WHOLE = {"grid.md": render_markdown, "grid.html": render_html, "junit.xml": render_junit}


@pytest.mark.long(but=["junit.xml"])
@pytest.mark.parametrize("name", WHOLE)
def test_the_pieces_of_a_report_are_the_report(name: str, tmp_path: Path) -> None:
    reports = render_reports(LARGE)
    write_run(tmp_path, LARGE, None, reports)
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert text == WHOLE[name](LARGE)
    assert len(list(reports[name])) > 3


def most_beyond(pieces: Iterable[bytes]) -> tuple[int, int]:
    """The bytes of a report, and the most memory that was held while it was made."""
    tracemalloc.start()
    size = sum(map(len, pieces))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size, peak


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "times"),
    [("grid.md", 4.5), ("grid.html", 5), ("junit.xml", 0.3)],
)
def test_a_report_of_a_fleet_takes_a_few_times_its_size_at_most(name: str, times: float) -> None:
    reports = render_reports(LARGE)
    for _ in reports["grid.html"]:  # what is made once for all runs
        pass
    size, peak = most_beyond(reports[name])
    assert peak < times * size, (size, peak)


def test_no_markup_is_left_in_the_data_wherever_a_piece_ends() -> None:
    """The pieces are made of a thousand values each, so one of them begins or ends with such a text."""
    frame = Frame((b"before",), (b"after",))
    content = {"texts": ["</script><!-- &amp;"] * 5000}
    page = b"".join(frame.page(content))
    assert page.startswith(b"before<script")
    assert page.endswith(b"</script>after")
    assert page.count(b"</script>") == 1
    assert b"<!--" not in page
    assert b"&" not in page
    assert len(page) == frame.size(content)
    assert json.loads(page[page.index(b">") + 1 : page.index(b"</script>")])["texts"] == content["texts"]


def test_the_grid_says_of_each_cell_which_story_it_has() -> None:
    whole = data(render_html(LARGE))
    cells = [row["cells"] for group in whole["groups"] for row in group["rows"]]
    stories = [flat[at] for flat in cells for at in range(1, len(flat), 4)]
    assert len(stories) == CLIENTS * SERVERS
    assert min(stories) >= 0
    assert max(stories) < 2 * CLIENTS, "cells that went alike share a story"
    none = data(render_html(LARGE, most_bytes=1))
    assert {flat[at] for row in none["groups"][0]["rows"] for flat in [row["cells"]] for at in (1, 5)} == {-1}
