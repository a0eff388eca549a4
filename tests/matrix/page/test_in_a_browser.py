"""The page of a run, as a person uses it, in a browser."""

import json
import re
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from playwright.sync_api import Browser, Page, expect

from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports.headline import headline
from matrix.reports.page.run_page import render_html
from matrix.results.run_file import RunFile
from tests.matrix.page.conftest import CLIENTS, Opened
from tests.matrix.page.looking import address, cell, columns, rows, said, story
from tests.matrix.runs import cell as ran
from tests.matrix.runs import run

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


@pytest.mark.parametrize("fragment", ["cell=nobody/nothing/connect", "rows=%zz&outcome=&set=none", "cell="])
def test_an_address_of_another_page_harms_nothing(opened: Opened, folder: Path, fragment: str) -> None:
    opened.page.goto(f"{(folder / 'grid.html').as_uri()}#{fragment}")
    expect(opened.page.locator("#said")).not_to_be_empty()
    expect(story(opened.page)).to_have_count(0)


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
