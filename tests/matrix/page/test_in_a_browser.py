"""The page of a run, as a person uses it, in a browser."""

import json
import re
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from playwright.sync_api import Page, expect

from matrix.judgement.outcome import Outcome
from matrix.reports.headline import headline
from matrix.results.run_file import RunFile
from tests.matrix.page.conftest import CLIENTS, Opened
from tests.matrix.page.looking import address, cell, columns, rows, said, story

pytestmark = pytest.mark.long

FAILING = ("webmethods-8.0.1@core-fix-19", "biztalk-ws2008")


def test_it_says_first_what_was_tested_when_and_how_and_how_it_went(page: Page, found: RunFile) -> None:
    words = page.locator("body").inner_text()
    order = [words.index(said) for said in ("started: 20", "command: ", headline(found), "The grid")]
    assert order == sorted(order)


def test_it_asks_for_nothing_but_itself(opened: Opened, folder: Path) -> None:
    opened.page.goto((folder / "grid.html").as_uri())
    cell(opened.page, *FAILING).click()
    expect(story(opened.page)).to_be_visible()
    assert opened.requests == [(folder / "grid.html").as_uri()]


def test_only_rows_that_differ_are_shown_at_first_and_all_on_request(page: Page, found: RunFile) -> None:
    dull = {
        (each.scenario, each.client)
        for each in found.cells
        if all(
            other.outcome is Outcome.WORKS
            for other in found.cells
            if (other.scenario, other.client) == (each.scenario, each.client)
        )
    }
    whole = 2 * len(CLIENTS)
    assert len(rows(page)) == whole - len(dull)
    page.get_by_label("rows", exact=True).select_option("all")
    assert sorted(rows(page)) == sorted([*CLIENTS, *CLIENTS])
    page.get_by_label("rows", exact=True).select_option("unexpected")
    assert rows(page) == []


def test_filters_of_servers_and_clients_take_patterns(page: Page) -> None:
    page.get_by_label("rows", exact=True).select_option("all")
    page.get_by_label("server", exact=True).fill("webmethods*19 *,ec=*")
    assert columns(page) == ["@6u45 ec=yes", "@core-fix-19 (hypothesis)"]
    page.get_by_label("client", exact=True).fill("openssl-*")
    assert set(rows(page)) == {"openssl-0.9.8", "openssl-3.0"}
    page.get_by_label("client", exact=True).fill("nobody*")
    assert rows(page) == []
    assert said(page).startswith("nothing fits these filters")
    page.get_by_role("button", name="clear filters").click()
    assert len(columns(page)) == 4


def test_filters_of_set_scenario_reason_and_text_leave_what_fits(page: Page, found: RunFile) -> None:
    page.get_by_label("scenario", exact=True).select_option("renegotiate-client")
    assert len(rows(page)) <= len(CLIENTS)
    page.get_by_label("scenario", exact=True).select_option("")
    page.get_by_label("reason", exact=True).fill("alert-unexpected_message")
    wanted = [each for each in found.cells if "alert-unexpected_message" in str(each.reason)]
    assert said(page).endswith(f"{len(wanted)} cells")
    assert page.locator("[role=gridcell]:not(.dim):not(.empty)").count() == len(wanted)
    page.get_by_label("reason", exact=True).fill("")
    page.get_by_label("text", exact=True).fill("Firefox 9.0.1")
    assert set(rows(page)) == {"firefox-9"}
    page.get_by_label("text", exact=True).fill("no such words")
    assert rows(page) == []


def test_a_set_leaves_its_clients(page: Page, found: RunFile) -> None:
    page.get_by_label("rows", exact=True).select_option("all")
    name = next(
        name for name in found.clients["openssl-3.0"].sets if name not in found.clients["java-8"].sets
    )
    page.get_by_label("set", exact=True).select_option(name)
    assert set(rows(page)) == {client for client in CLIENTS if name in found.clients[client].sets}
    assert address(page) == {"rows": "all", "set": name}


def test_the_legend_counts_and_a_press_filters(page: Page, found: RunFile) -> None:
    fallen = [each for each in found.cells if each.outcome is Outcome.WORKS_AFTER_FALLBACK]
    key = page.get_by_role("button", name="after fallback")
    assert key.inner_text().split()[-1] == str(len(fallen))
    key.click()
    assert key.get_attribute("aria-pressed") == "true"
    assert set(rows(page)) == {each.client for each in fallen}
    assert page.locator("[role=gridcell]:not(.dim):not(.empty)").count() == len(fallen)
    assert page.locator(".fallback.dim").count() == 0
    assert address(page)["outcome"] == "fallback"
    key.click()
    assert "outcome" not in address(page)


def test_rows_and_columns_are_counted(page: Page, found: RunFile) -> None:
    page.get_by_label("rows", exact=True).select_option("all")
    page.get_by_label("scenario", exact=True).select_option("connect")
    signs = {"✓": Outcome.WORKS, "↓": Outcome.WORKS_AFTER_FALLBACK, "✗": Outcome.FAILS}

    def counted(text: str) -> dict[Outcome, int]:
        return {signs[sign]: int(number) for sign, number in re.findall(r"([✓↓✗])(\d+)", text)}

    def wanted(**where: str) -> dict[Outcome, int]:
        fit = [
            each.outcome
            for each in found.cells
            if each.scenario == "connect"
            and all(getattr(each, name) == value for name, value in where.items())
        ]
        return {outcome: fit.count(outcome) for outcome in signs.values() if outcome in fit}

    for client, text in zip(rows(page), page.locator(".row .counts").all_inner_texts(), strict=True):
        assert counted(text) == wanted(client=client)
    texts = page.locator(".counts-line [role=columnheader].counts").all_inner_texts()
    servers = ["jsse6@6u45", "jsse6@6u45,ec=yes", "webmethods-8.0.1@core-fix-19"]
    for server, text in zip([*servers, "webmethods-8.0.1@core-fix-20"], texts, strict=True):
        assert counted(text) == wanted(server=server)


def test_a_link_leads_to_what_its_sender_saw(page: Page) -> None:
    page.get_by_label("client", exact=True).fill("firefox-9")
    page.get_by_role("button", name="after fallback").click()
    cell(page, "webmethods-8.0.1@core-fix-19", "firefox-9").click()
    expect(story(page)).to_be_visible()
    link = page.url
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator("#story-title")).to_have_text("webmethods-8.0.1@core-fix-19/firefox-9/connect")
    assert page.get_by_label("client", exact=True).input_value() == "firefox-9"
    page.reload()
    expect(story(page)).to_be_visible()
    page.keyboard.press("Escape")
    assert set(rows(page)) == {"firefox-9"}
    assert address(page) == {"client": "firefox-9", "outcome": "fallback"}


def test_back_closes_a_story(page: Page) -> None:
    cell(page, *FAILING).click()
    expect(story(page)).to_be_visible()
    page.go_back()
    expect(story(page)).to_have_count(0)
    page.go_forward()
    expect(story(page)).to_be_visible()


def test_a_story_tells_attempts_messages_both_views_hello_difference_and_command(page: Page) -> None:
    cell(page, "webmethods-8.0.1@core-fix-19", "firefox-9").click()
    words = story(page).inner_text()
    story_in_order = (
        "works only after a fallback",
        "HTTP status",
        "CN=server.example.test",
        "attempt 1: offers TLSv1.0",
        "ClientHello",
        "fatal unexpected_message (10)",
        "the hello has extension:supported_groups",  # what the server itself says
        "attempt 2: offers SSLv3",
        "ServerHello",
        "SSLv3, TLS_RSA_WITH_AES_256_CBC_SHA",
        "Nearest client that works",
        "< the extension supported_groups",
        "./tls-matrix run --server webmethods-8.0.1@core-fix-19 --client firefox-9 --scenario connect",
    )
    place = 0
    for part in story_in_order:
        assert part in words[place:], part
        place = words.index(part, place)
    hello = story(page).locator("details.hello").first
    hello.locator("summary").click()
    row = hello.locator("tr", has_text="0x002f")
    assert row.locator("td").all_inner_texts() == [
        "0x002f",
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        "AES128-SHA",
        "TLS_RSA_WITH_AES_128_CBC_SHA",
    ]


def test_a_story_leads_to_its_evidence_and_its_capture(page: Page) -> None:
    cell(page, *FAILING).click()
    expect(story(page)).to_be_visible()
    links = [link.get_attribute("href") for link in story(page).locator(".links a").all()]
    files = [Path(unquote(urlparse(page.url).path)).parent / unquote(link or "") for link in links]
    assert [file.suffix for file in files] == [".json", ".pcapng"]
    assert json.loads(files[0].read_text())["cell"] == "/".join((*FAILING, "connect"))
    assert files[1].read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
    with page.expect_navigation():
        story(page).get_by_role("link", name="evidence").click()
    assert '"schema": "tls-matrix/evidence/1"' in page.locator("body").inner_text()


def test_everything_can_be_done_with_the_keyboard(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("java-8")
    assert page.get_by_label("text", exact=True).input_value() == "java-8"
    assert set(rows(page)) == {"java-8"}
    page.keyboard.press("Escape")
    assert len(rows(page)) > 2
    first = page.locator('[role=gridcell][tabindex="0"]')
    assert first.count() == 1
    first.focus()

    def focus() -> tuple[int, int]:
        place = page.evaluate("[document.activeElement.dataset.line, document.activeElement.dataset.place]")
        return int(place[0]), int(place[1])

    line, place = focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert focus() == (line + 1, place + 1)
    page.keyboard.press("End")
    assert focus() == (line + 1, 3)
    page.keyboard.press("Control+End")
    assert focus()[0] > line + 1
    page.keyboard.press("Control+Home")
    assert focus() == (line, 0)
    name = page.evaluate("document.activeElement.title").split(";")[0]
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("#story-title")).to_have_text(name)
    page.keyboard.press("Escape")
    expect(story(page)).to_have_count(0)
    assert focus() == (line, 0)


def test_headers_and_legend_stay_in_view(page: Page) -> None:
    page.set_viewport_size({"width": 700, "height": 420})
    page.get_by_label("rows", exact=True).select_option("all")
    page.evaluate("document.getElementById('grid-title').scrollIntoView()")
    page.locator("#scroll").evaluate("element => element.scrollTo(160, 160)")
    grid = page.locator("#scroll").bounding_box()
    assert grid is not None
    for seen in (page.locator(".level").last, page.locator(".name").last):
        box = seen.bounding_box()
        assert box is not None
        assert abs(box["y"] - grid["y"]) < 60
    client = page.locator(".row .client").nth(6).bounding_box()
    assert client is not None
    assert abs(client["x"] - grid["x"]) < 3
    expect(page.get_by_role("button", name="after fallback")).to_be_in_viewport()


def test_a_narrow_window_has_no_scroll_bar_of_its_own(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    cell(page, *FAILING).click()
    box = story(page).bounding_box()
    assert box is not None
    assert box["width"] <= 360


def test_dark_mode_is_dark(page: Page) -> None:
    def ground() -> int:
        return int(re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))[0])

    assert ground() > 200
    page.emulate_media(color_scheme="dark")
    assert ground() < 60


def test_states_differ_in_more_than_colour(page: Page) -> None:
    page.get_by_label("rows", exact=True).select_option("all")
    shapes = {
        state: page.locator(f"[role=gridcell].{state}").first.evaluate(
            "cell => { const style = getComputedStyle(cell);"
            " return [cell.textContent[0], style.boxShadow !== 'none', style.borderBottomStyle].join() }"
        )
        for state in ("works", "fallback", "fails")
    }
    assert len(set(shapes.values())) == 3


@pytest.mark.parametrize("fragment", ["cell=nobody/nothing/connect", "rows=%zz&outcome=&set=none", "cell="])
def test_an_address_of_another_page_harms_nothing(opened: Opened, folder: Path, fragment: str) -> None:
    opened.page.goto(f"{(folder / 'grid.html').as_uri()}#{fragment}")
    expect(opened.page.locator("#said")).not_to_be_empty()
    expect(story(opened.page)).to_have_count(0)
