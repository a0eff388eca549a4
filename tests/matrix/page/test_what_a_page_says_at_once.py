"""What a page says before anybody presses a key: how the run stands, what is not in its grid, what its signs
mean, and that its address asks for a cell that there is not.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports.page.run_page import MOST_LEFT_OUT, render_html
from matrix.results.run_file import RunFile
from tests.matrix.page.conftest import Opened
from tests.matrix.page.looking import address, story
from tests.matrix.runs import cell as ran
from tests.matrix.runs import run

pytestmark = pytest.mark.long

SEEN = Verdict.OBSERVED
RUNS = {
    "as expected": run(ran("web@1", "x")),
    "1 unexpected": run(ran("web@1", "x", Outcome.FAILS)),
    "no expectation, 1 fails": run(ran("web@1", "x", Outcome.FAILS, verdict=SEEN), ran("web@1", "y")),
    "nothing was measured": run(ran("web@1", "x", None, verdict=Verdict.NOT_INSTALLED, note="get it")),
}


def show(opened: Opened, folder: Path, content: RunFile, fragment: str = "") -> Page:
    (folder / "grid.html").write_text(render_html(content), encoding="utf-8")
    opened.page.goto("about:blank")  # else another cell in the address of the same file loads nothing
    opened.page.goto(f"{(folder / 'grid.html').as_uri()}{fragment}")
    return opened.page


def test_how_a_run_stands_is_told_by_word_sign_colour_and_shape(opened: Opened, tmp_path: Path) -> None:
    looks = []
    for said, content in RUNS.items():
        bar = show(opened, tmp_path, content).locator(".headline")
        sign, words = bar.locator(".standing").inner_text().split(" ", 1)
        assert words == said
        edge = "[getComputedStyle(bar).borderLeftColor, getComputedStyle(bar).borderLeftStyle]"
        style = bar.evaluate(f"bar => {edge}")
        looks.append((sign, *style))
    assert all(len(set(column)) == len(RUNS) for column in zip(*looks, strict=True)), looks


def down(*servers: str) -> RunFile:
    """A run of these servers, none of which answers, and of one that does."""
    cells = [
        ran(server, client, None, verdict=Verdict.HARNESS_ERROR, note=f"{server}:443: nobody accepts")
        for server in servers
        for client in ("x", "y")
    ]
    content = run(*cells, ran("web@1", "x"))
    records = dict(content.servers)
    for server in servers:
        problem = {"problem": f"{server}:443: nobody accepts"}
        records[server] = records[server].model_copy(update=problem)
    return content.model_copy(update={"servers": records})


def alone(content: RunFile) -> RunFile:
    """The same without the server that answers."""
    return content.model_copy(update={"cells": [cell for cell in content.cells if cell.server != "web@1"]})


def test_a_page_says_which_servers_are_not_in_its_grid_and_why(opened: Opened, tmp_path: Path) -> None:
    page = show(opened, tmp_path, down("shop"))
    expect(page.get_by_role("heading", name="Not in the grid", exact=True)).to_be_visible()
    said = "shop: 2 cells were not measured: shop:443: nobody accepts."
    assert page.locator(".left-out").inner_text() == said
    page = show(opened, tmp_path, alone(down("shop")))
    expect(page.get_by_role("heading", name="There is no grid: no server could be asked")).to_be_visible()
    assert page.locator(".left-out").inner_text() == said
    page = show(opened, tmp_path, RUNS["as expected"])
    assert page.locator(".left-out").count() == 0, "control"


def test_of_a_fleet_that_is_down_the_first_are_named_and_the_others_counted() -> None:
    page = render_html(down(*(f"host-{number:03}" for number in range(MOST_LEFT_OUT + 3))))
    assert page.count(": 2 cells were not measured: host-") == MOST_LEFT_OUT
    assert "3 more servers could not be asked, with 6 cells." in page


@pytest.mark.parametrize("content", [RUNS["as expected"], alone(down("shop"))], ids=["grid", "no grid"])
def test_an_address_with_a_cell_that_there_is_not_is_told(
    opened: Opened, tmp_path: Path, content: RunFile
) -> None:
    page = show(opened, tmp_path, content, "#cell=web%401/<b>nobody</b>/connect")
    said = page.get_by_role("alert")
    expect(said).to_have_text("This run has no such cell in its grid: web@1/<b>nobody</b>/connect")
    assert story(page).count() == 0


def test_nothing_is_said_of_a_cell_that_there_is_and_no_more_once_one_is_open(
    opened: Opened, tmp_path: Path
) -> None:
    page = show(opened, tmp_path, RUNS["as expected"], "#cell=web%401/x/connect")
    expect(story(page)).to_have_count(1)
    expect(page.get_by_role("alert")).to_be_hidden()
    page = show(opened, tmp_path, RUNS["1 unexpected"], "#cell=web%401/nobody/connect")
    expect(page.locator("#unknown")).to_be_visible()
    page.locator("[role=gridcell]").first.click()
    expect(page.locator("#unknown")).to_be_hidden()
    assert address(page)["cell"] == "web@1/x/connect"


def test_what_the_signs_of_the_grid_mean_can_be_read_on_the_page(opened: Opened, tmp_path: Path) -> None:
    content = run(
        ran("web@1", "w", confidence="assumed"),
        ran("web@1", "x", Outcome.FAILS, expected=Outcome.FAILS, verdict=Verdict.EXPECTED_FAILURE),
        ran(
            "web@1",
            "y",
            Outcome.NOT_APPLICABLE,
            "renegotiation:policy-tls-1.3",
            verdict=Verdict.NOT_APPLICABLE,
        ),
    )
    page = show(opened, tmp_path, content, "#rows=all")
    signs = page.get_by_role("heading", name="How to read it").locator("+ ul b").all_inner_texts()
    assert {"... ≈", "... =", "- n/a", "-"} <= {*signs}
    shown = {sign for text in page.locator("[role=gridcell]").all_inner_texts() for sign in text.split()}
    explained = {part for sign in signs for part in sign.split()}
    assert {sign for sign in shown if not sign.isalpha()} - {"n/a"} <= explained
    plain = show(opened, tmp_path, RUNS["as expected"])
    signs = plain.get_by_role("heading", name="How to read it").locator("+ ul b").all_inner_texts()
    assert not {"... ≈", "... ="} & {*signs}, "control: what the grid does not show"
