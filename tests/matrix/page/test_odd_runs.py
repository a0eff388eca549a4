"""The page of runs that are large, empty, hostile, or have every kind of cell, in a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports.page.run_page import render_html
from tests.matrix.page.conftest import Opened
from tests.matrix.page.looking import cell, rows, story
from tests.matrix.runs import cell as ran
from tests.matrix.runs import run

pytestmark = pytest.mark.long


def test_only_cells_in_view_are_drawn_and_all_can_be_reached(opened: Opened, tmp_path: Path) -> None:
    servers, clients = [f"web-{n:02}@1" for n in range(60)], [f"client-{n:03}" for n in range(120)]
    content = run(*(ran(server, client, Outcome.FAILS) for server in servers for client in clients))
    (tmp_path / "grid.html").write_text(render_html(content), encoding="utf-8")
    page = opened.page
    page.goto((tmp_path / "grid.html").as_uri())
    assert page.locator("[role=gridcell]").count() < len(servers) * len(clients) / 4
    page.locator('[role=gridcell][tabindex="0"]').focus()
    page.keyboard.press("Control+End")
    assert page.evaluate("document.activeElement.title").startswith("web-59@1/client-119/connect")
    expect(page.locator(":focus")).to_be_in_viewport()
    page.locator("#scroll").evaluate("element => element.scrollTo(0, 0)")
    expect(cell(page, servers[0], clients[0])).to_be_visible()
    box, pin = (
        cell(page, servers[5], clients[0]).bounding_box(),
        page.locator(".row .counts").first.bounding_box(),
    )
    head = page.locator(".name", has_text="web-05").bounding_box()
    assert box is not None
    assert head is not None
    assert pin is not None
    assert abs(box["x"] - head["x"]) < 1
    assert page.locator("[role=grid]").get_attribute("aria-colcount") == "61"


def test_a_cell_without_messages_names_the_command_that_shows_them(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "grid.html").write_text(render_html(run(ran("web@1", "it's"))), encoding="utf-8")
    page = opened.page
    page.goto(f"{(tmp_path / 'grid.html').as_uri()}#rows=all")
    cell(page, "web@1", "it's").click()
    command = "./tls-matrix run --server web@1 --client 'it'\"'\"'s' --scenario connect --evidence all"
    assert "Every message of it is shown after\n" + command in story(page).inner_text()
    assert story(page).locator(".links").count() == 0


def test_hostile_text_stays_text(opened: Opened, tmp_path: Path) -> None:
    hostile = '</script><img src="x:" onerror="document.title = 1"><b>b</b>'
    content = run(
        ran("web@1", "a", Outcome.FAILS, note=hostile, expected_why=hostile),
        ran("web@1", "b", None, verdict=Verdict.HARNESS_ERROR, note=hostile),
        title=hostile,
        note=hostile,
    )
    (tmp_path / "grid.html").write_text(render_html(content), encoding="utf-8")
    page = opened.page
    page.goto((tmp_path / "grid.html").as_uri())
    cell(page, "web@1", "a").click()
    assert hostile in story(page).inner_text()
    assert page.locator("img, body b:not(li b)").count() == 0
    assert page.title() == "TLS interoperability: 2 cells"


def test_every_kind_of_cell_can_be_told_from_the_others(opened: Opened, tmp_path: Path) -> None:
    why = {"expected": Outcome.FAILS, "verdict": Verdict.EXPECTED_FAILURE}
    content = run(
        ran("web@1", "works"),
        ran("web@1", "fallback", Outcome.WORKS_AFTER_FALLBACK, verdict=Verdict.OBSERVED),
        ran("web@1", "fails", Outcome.FAILS, verdict=Verdict.OBSERVED),
        ran("web@1", "unexpected", Outcome.FAILS),
        ran("web@1", "expected", Outcome.FAILS, **why),
        ran(
            "web@1",
            "not-applicable",
            Outcome.NOT_APPLICABLE,
            "renegotiation:policy-tls-1.3",
            verdict=Verdict.NOT_APPLICABLE,
        ),
        ran("web@1", "not-installed", None, verdict=Verdict.NOT_INSTALLED, note="get it"),
        ran("web@1", "unsupported", None, verdict=Verdict.UNSUPPORTED, note="no"),
        ran("web@1", "broken", None, verdict=Verdict.HARNESS_ERROR, note="no"),
        ran("web@1", "assumed", confidence="assumed"),
        ran("web@1", "noted", notes=["look"]),
    )
    (tmp_path / "grid.html").write_text(render_html(content), encoding="utf-8")
    page = opened.page
    page.goto(f"{(tmp_path / 'grid.html').as_uri()}#rows=all")
    texts = dict(zip(rows(page), page.locator("[role=gridcell]").all_inner_texts(), strict=True))
    assert len(set(texts.values())) == len(texts) == 11
    keys = {key.get_attribute("data-key") for key in page.locator("#legend button").all()}
    assert keys == set(texts)
    for key in sorted(texts):
        page.get_by_role("button", name="clear filters").click()
        page.locator(f'#legend button[data-key="{key}"]').click()
        assert key in rows(page)


def test_a_run_without_a_cell_has_no_grid(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "grid.html").write_text(render_html(run()), encoding="utf-8")
    opened.page.goto((tmp_path / "grid.html").as_uri())
    assert "No cell was run." in opened.page.locator("body").inner_text()
    expect(opened.page.locator("#grid-part")).to_be_hidden()
