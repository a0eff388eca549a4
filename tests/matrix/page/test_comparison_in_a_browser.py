"""The page of a comparison, in a browser, in the style of a run's page."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.matrix.page.conftest import CLIENTS, Opened
from tests.matrix.page.looking import address, rows, story

pytestmark = pytest.mark.long


@pytest.fixture(scope="session")
def comparison(folder: Path) -> Path:
    """The two levels of the server of the incident."""
    asked = ["--server=webmethods-8.0.1@core-fix-19", "--with=webmethods-8.0.1@core-fix-20", "--format=html"]
    done = subprocess.run(
        [sys.executable, "-m", "matrix", "compare", str(folder), *asked],
        capture_output=True,
        text=True,
        check=True,
    )
    file = folder.parent / "comparison.html"
    file.write_text(done.stdout, encoding="utf-8")
    return file


@pytest.fixture
def page(opened: Opened, comparison: Path) -> Page:
    opened.page.goto(comparison.as_uri())
    return opened.page


def test_it_says_first_who_gains_and_loses_service(page: Page) -> None:
    words = page.locator("body").inner_text()
    order = [
        words.index(said)
        for said in ("No regression", "loses service when", "Before and now", "Fixed: failed")
    ]
    assert order == sorted(order)


def test_it_shows_what_changed_and_all_on_request(page: Page) -> None:
    assert "openssl-0.9.8" not in rows(page)[: rows(page).index("firefox-9")]
    assert page.locator("[role=gridcell].unchanged").count() == 0
    page.get_by_label("rows", exact=True).select_option("all")
    assert sorted(rows(page)) == sorted([*CLIENTS, *CLIENTS])
    assert page.locator("[role=gridcell].unchanged").count() > 0


def test_a_press_on_the_legend_leaves_what_was_fixed(page: Page) -> None:
    page.get_by_role("button", name="fixed").click()
    assert address(page) == {"outcome": "fixed"}
    assert set(rows(page)) == {"biztalk-ws2008", "java-8"}


def test_a_cell_tells_what_it_was_and_is(page: Page) -> None:
    page.locator("[role=gridcell].improvement").click()
    words = story(page).inner_text()
    for said in (
        "works only after a fallback: at first",
        "before, attempt 2: offers SSLv3",
        "now, attempt 1: offers TLSv1.0",
    ):
        assert said in words
    page.keyboard.press("Escape")
    expect(story(page)).to_have_count(0)
