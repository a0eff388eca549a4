"""The page of a run on paper, and where scripts are off."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from matrix.judgement.outcome import Outcome
from matrix.reports.headline import headline
from matrix.reports.page.run_page import render_html
from matrix.results.run_file import RunFile
from tests.matrix.page.conftest import CLIENTS, Opened
from tests.matrix.page.looking import cell, story
from tests.matrix.runs import cell as ran
from tests.matrix.runs import run

pytestmark = pytest.mark.long

FAILING = ("webmethods-8.0.1@core-fix-19", "biztalk-ws2008")


def test_a_printed_page_is_landscape_and_has_every_column(page: Page) -> None:
    page.get_by_label("rows", exact=True).select_option("all")
    page.emulate_media(media="print")
    printed = page.pdf(prefer_css_page_size=True)
    width, height = map(float, re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)[0])
    assert width > height
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("#scroll")).to_be_hidden()
    heads = page.locator("#paper table").first.locator("thead th").all_inner_texts()
    assert len(heads) == 5
    assert page.locator("#paper tbody tr").count() == 2 * len(CLIENTS)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#paper table").count() == 0


def test_an_open_story_is_what_is_printed_and_whole(page: Page) -> None:
    cell(page, *FAILING).click()
    expect(story(page)).to_be_visible()
    page.emulate_media(media="print")
    assert len(re.findall(rb"/Type /Page\b", page.pdf(prefer_css_page_size=True))) > 1
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("h1")).to_be_hidden()
    expect(page.locator("#legend")).to_be_hidden()
    expect(page.locator("#paper .hello table").first).to_be_visible()
    assert page.locator("#paper h2").inner_text() == "/".join((*FAILING, "connect"))
    page.evaluate("dispatchEvent(new Event('afterprint'))")


def test_many_columns_are_printed_on_sheets_one_below_the_other(opened: Opened, tmp_path: Path) -> None:
    servers = [f"web-{number:02}@1" for number in range(60)]
    content = run(
        *(ran(server, "a", Outcome.FAILS) for server in servers), *(ran(server, "b") for server in servers)
    )
    (tmp_path / "grid.html").write_text(render_html(content), encoding="utf-8")
    page = opened.page
    page.goto(f"{(tmp_path / 'grid.html').as_uri()}#rows=all")
    page.set_viewport_size({"width": 1040, "height": 720})  # a sheet of A4 without its margins
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    tables = page.locator("#paper table").all()
    heads = [head for table in tables for head in table.locator("thead th").all_inner_texts()[1:]]
    assert [table.locator("thead th").count() for table in tables] == [25, 25, 13]
    assert sorted(heads) == servers
    for table in tables:
        box = table.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 1040
    assert page.evaluate("document.documentElement.scrollWidth") <= 1040
    page.evaluate("dispatchEvent(new Event('afterprint'))")


def test_without_scripts_there_is_a_table_of_every_cell(
    browser: Browser, folder: Path, found: RunFile
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "grid.html").as_uri())
    assert headline(found) in page.locator("body").inner_text()
    assert page.locator("table.static td").count() == len(found.cells)
    assert page.locator("table.static .fallback").count() == sum(
        each.outcome is Outcome.WORKS_AFTER_FALLBACK for each in found.cells
    )
    expect(page.locator("#grid-part")).to_be_hidden()
    context.close()
