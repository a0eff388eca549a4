"""The reports: complete, readable without colour, and safe whatever a peer or a definition says."""

import base64
import hashlib
import io
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports import digest
from matrix.reports.headline import headline
from matrix.reports.junit import render_junit
from matrix.reports.markdown import render_markdown
from matrix.reports.page.run_page import render_html
from matrix.reports.table import Rows, tables
from matrix.reports.terminal import print_run
from matrix.reports.view import BRIEF, VERBOSE, View
from matrix.results.run_file import RunFile
from matrix.results.timings import Timings
from matrix.wording import printable
from tests.matrix.runs import ALERT, cell, run

HOSTILE = '<script>alert(1)</script>|`\x1b[31m\u202e"'
EXPECTED = {"expected": Outcome.FAILS, "expected_reason": ALERT, "expected_why": "it is known"}
RUN = run(
    cell("web@19", "biztalk", Outcome.FAILS),
    cell("web@19", "ie", Outcome.WORKS_AFTER_FALLBACK),
    cell("web@19", "openssl"),
    cell("web@20", "biztalk"),
    cell(
        "web@20", "ie", Outcome.FAILS, verdict=Verdict.EXPECTED_FAILURE, prediction=Outcome.FAILS, **EXPECTED
    ),
    cell("web@20", "openssl", None, verdict=Verdict.NOT_INSTALLED, note="get it with `apt install it`"),
    note="HYPOTHESIS: assumed",
)

LEVELS = run(
    *(cell(f"web@{level}", "c") for level in ("10", "9")),
    *(cell("web@9", client) for client in "ab"),
    *(cell("web@10", client, Outcome.FAILS) for client in "ab"),
)
LEVELS = LEVELS.model_copy(
    update={
        "servers": {
            identifier: server.model_copy(update={"level": level, "position": position})
            for position, level in enumerate(("9", "10"))
            for identifier, server in LEVELS.servers.items()
            if identifier == f"web@{level}"
        }
    }
)


def terminal(
    content: RunFile,
    view: View = VERBOSE,
    *,
    is_terminal: bool = True,
    width: int = 100,
    encoding: str = "utf-8",
) -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_run(content, Console(file=file, force_terminal=is_terminal, width=width, color_system=None), view)
    file.flush()
    return file.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]


class _Page(HTMLParser):
    """The tags of a page, and what they refer to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data


def test_cells_that_are_alike_are_told_in_one_sentence() -> None:
    alike = run(cell("web@19", "x", Outcome.FAILS), cell("web@19", "y", Outcome.FAILS))
    (group,) = digest.unexpected(alike)
    said = "the server sends the alert unexpected_message in answer to the client's hello"
    assert group.line == f"web@19 with x and y: {said} ({ALERT})"
    assert group.line_briefly == f"web@19 with x and y: {said}"


def test_servers_with_the_same_reason_are_told_in_one_sentence() -> None:
    cells = [cell(f"web@{level}", client, Outcome.FAILS) for level in (1, 2, 3) for client in "xyz"]
    other = cell("web@4", "x", Outcome.FAILS)
    (group,) = digest.unexpected(run(*cells, other))
    assert group.where == "web@1, web@2 and web@3 with x, y and z; web@4 with x"
    assert group.where_briefly == "web@1 and 3 more with x and 2 more"


def test_a_contradiction_to_the_prediction_is_a_finding_and_nothing_else_is() -> None:
    lines = digest.findings(RUN)
    assert len(lines) == 2
    assert lines[0].startswith("web@19 with biztalk: should work, fails: the server sends the alert")
    assert lines[0].endswith("Nothing that the two definitions declare explains it.")
    assert lines[1].startswith("web@19 with ie: should work, works only after a fallback:")


NOT_KNOWN = "What these refuse of a server is not known."
FROM_DOCUMENTS = "What these refuse of a server is known from documents and from related programs alone."


def of_clients(**confidences: str | None) -> RunFile:
    """A run in which each of these works, with its confidence."""
    return run(*(cell("web@19", client, confidence=how_sure) for client, how_sure in confidences.items()))


def test_every_report_says_which_clients_works_on_what_nobody_measured() -> None:
    content = of_clients(java="assumed", ie="low", wfetch="low", nss="medium", go="high", curl="genuine")
    not_known, from_documents = digest.client_notes(content)
    assert not_known.startswith(NOT_KNOWN)
    assert not_known.endswith(": java.")
    assert from_documents.startswith(FROM_DOCUMENTS)
    assert from_documents.endswith(": ie, wfetch.")
    for text in (terminal(content), render_markdown(content), _Page(render_html(content)).words):
        said = " ".join(text.split())
        for note in (not_known, from_documents):
            assert note in said


@pytest.mark.parametrize("how_sure", ["medium", "high", "genuine", None])
def test_nothing_is_said_of_a_client_that_was_measured_or_read(how_sure: str | None) -> None:
    content = of_clients(x=how_sure)
    assert digest.client_notes(content) == []
    for text in (terminal(content), render_markdown(content), render_html(content), render_junit(content)):
        assert "refuse" not in text


@pytest.mark.parametrize(
    ("how_sure", "said"),
    [
        ("assumed", "not known; assumed as the RFCs have it"),
        ("low", "known from documents and related programs alone; the rest is assumed as the RFCs have it"),
    ],
)
def test_a_cell_says_what_its_works_rests_on_in_junit(how_sure: str, said: str) -> None:
    root = ET.fromstring(render_junit(of_clients(x=how_sure, y="high")))
    told = {
        case.get("name"): case.find("properties/property[@name='what the client refuses']")
        for case in root.iter("testcase")
    }
    assert told["y/connect"] is None
    assert told["x/connect"] is not None
    assert told["x/connect"].get("value") == said


def test_a_pass_against_the_prediction_says_why_it_should_fail() -> None:
    odd = cell(
        "a",
        "x",
        verdict=Verdict.UNEXPECTED_PASS,
        prediction=Outcome.FAILS,
        prediction_why="no common version",
    )
    assert digest.findings(run(odd)) == [
        "a with x: should fail, works at the first attempt. Predicted: no common version."
    ]


def test_what_an_expectation_explains_is_no_finding_and_a_reason_not_predicted_is_one() -> None:
    contradicts = {"prediction": Outcome.WORKS, "verdict": Verdict.EXPECTED_FAILURE, **EXPECTED}
    explained = run(cell("a", "x", Outcome.FAILS, **contradicts))
    assert digest.findings(explained) == []
    assert [why for why, _ in digest.expected_failures(explained)] == ["it is known"]
    predicted = {"prediction": Outcome.FAILS, "prediction_why": "it is known", **EXPECTED}
    other_reason = run(cell("a", "x", Outcome.FAILS, "server-hello:fin", **predicted))
    (line,) = digest.findings(other_reason)
    assert line.startswith("a with x: should fail, fails in another way: the server closes")
    assert digest.findings(run(cell("a", "x", Outcome.FAILS, **predicted))) == []


@given(st.text())
def test_printable_text_cannot_steer_a_terminal(text: str) -> None:
    assert printable(text).isprintable()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_grid_fits_the_terminal_and_names_every_client_and_server(width: int) -> None:
    grid = terminal(RUN, BRIEF.with_rows(Rows.ALL), width=width)
    assert all(len(line) <= width for line in grid.splitlines())
    for word in (
        "biztalk",
        "ie",
        "openssl",
        "@19",
        "@20",
        "✗ fails !",
        "↓ fallback !",
        "✓ works",
        "· missing",
    ):
        assert word in grid


def test_more_servers_than_fit_side_by_side_are_shown_in_tables_below_each_other() -> None:
    many = run(*(cell(f"server-{number}@level-{number}", "x") for number in range(12)))
    shown = terminal(many, BRIEF.with_rows(Rows.ALL), width=60)
    assert all(len(line) <= 60 for line in shown.splitlines())
    assert {int(number) for number in re.findall(r"@level-(\d+)\b", shown)} == set(range(12))
    assert shown.count("✓ works ") == 12 + 1  # and once in the legend


def test_a_terminal_without_unicode_gets_plain_signs() -> None:
    shown = terminal(RUN, encoding="latin-1")
    assert "x fails !" in shown
    assert "+ works" in shown


def test_elsewhere_there_are_plain_lines_one_for_each_cell_that_did_not_pass() -> None:
    shown = terminal(RUN, is_terminal=False, width=120)
    assert "\x1b" not in shown
    assert f"failed           fails                web@19/biztalk/connect {ALERT}\n" in shown
    assert "web@20/biztalk" not in shown
    assert shown.splitlines()[0] == headline(RUN)
    assert "web@19/biztalk/connect alert" not in terminal(RUN, BRIEF, is_terminal=False)


def test_markdown_is_a_whole_table_with_reasons_and_notes() -> None:
    text = render_markdown(RUN)
    assert "| client | web@19<br>A server | web@20<br>A server |" in text
    agreed = "SSLv3 RSA RC4\\_128\\_MD5"
    alert = str(ALERT).replace("_", "\\_")
    assert f"| biztalk | ✗ fails !<br>{alert} | ✓ works<br>{agreed} |" in text
    assert f"| ie | ↓ fallback !<br>{agreed}<br>{alert} | ✗ fails<br>{alert} |" in text
    assert "HYPOTHESIS: assumed" in text
    assert "### As expected: it is known" in text


def test_every_report_says_up_to_which_level_a_client_works() -> None:
    said = f"works up to 9, fails from 10 on ({ALERT})"
    for text in (
        terminal(LEVELS, width=200),
        terminal(LEVELS, is_terminal=False),
        re.sub(r"\\(.)", r"\1", render_markdown(LEVELS)),
        _Page(render_html(LEVELS)).words,
    ):
        assert "web, from 9 to 10: connect" in text
        assert text.index(said) < text.index("works at all levels")
    for text in (terminal(RUN), render_markdown(RUN), render_html(RUN)):  # it does not say the order
        assert "all levels" not in text


def test_columns_are_in_the_order_of_the_levels() -> None:
    assert [table.servers for table in tables(LEVELS)] == [("web@9", "web@10")]
    assert re.search(r"@9 +@10", terminal(LEVELS))
    assert "| client | web@9<br>A server | web@10<br>" in render_markdown(LEVELS)
    page = render_html(LEVELS)
    assert page.index('">web@<wbr>9<') < page.index('">web@<wbr>10<')
    other_way_round = {
        server: record.model_copy(update={"position": 9 - (record.position or 0)})
        for server, record in LEVELS.servers.items()
    }
    (turned,) = tables(LEVELS.model_copy(update={"servers": other_way_round}))
    assert turned.servers == ("web@10", "web@9")


def test_clients_that_fare_alike_are_told_together_in_a_terminal_and_each_alone_elsewhere() -> None:
    assert "- a and b: works up to 9" in terminal(LEVELS, width=200)
    rows = [line for line in render_markdown(LEVELS).splitlines() if "from 10 on" in line]
    assert [row.split(" ")[1] for row in rows] == ["a", "b"]


def test_the_page_needs_no_network_and_has_a_cell_for_each() -> None:
    page = _Page(render_html(RUN))
    assert page.tags.count("td") == 6  # where scripts are off; tests/matrix/page has the grid
    assert not [value for name, value in page.attributes if name in ("src", "href")]
    for said in ("✗ fails", "↓ fallback", "✓ works", "HYPOTHESIS: assumed", headline(RUN)):
        assert said in page.words


def test_a_server_that_could_not_be_asked_is_told_in_the_page_and_has_no_block_a_cell() -> None:
    down = [cell("down", name, None, verdict=Verdict.HARNESS_ERROR, note="nobody listens") for name in "abc"]
    content = run(cell("up", "a"), *down)
    problem = content.servers["down"].model_copy(update={"problem": "nobody listens"})
    content = content.model_copy(update={"servers": content.servers | {"down": problem}})
    page = _Page(render_html(content))
    assert "nobody listens" in page.words
    assert page.tags.count("td") == 1
    assert _Page(render_html(run(cell("up", "a"), *down))).tags.count("td") == 6


def test_the_pages_policy_allows_its_own_style_and_script_and_no_other() -> None:
    text = render_html(RUN)
    sources = []
    for tag in ("style", "script"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, flags=re.DOTALL)
        sources.append(f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'")
    (policy,) = (value for name, value in _Page(text).attributes if (value or "").startswith("default-src"))
    assert policy == f"default-src 'none'; style-src {sources[0]}; script-src {sources[1]}"


@pytest.mark.parametrize("partial", [True, False])
def test_a_partial_run_says_so_everywhere(partial: bool) -> None:
    content = run(cell("a", "x"), partial=partial)
    for text in (render_html(content), render_markdown(content), terminal(content)):
        assert ("Partial: the run ended before" in text) is partial
    suite = ET.fromstring(render_junit(content))[0]
    assert [each.get("value") for each in suite[0] if each.get("name") == "partial"] == [str(partial).lower()]
    nothing = ET.fromstring(render_junit(run(partial=partial)))
    assert nothing[0][0][0].get("value") == str(partial).lower()


def test_nothing_a_peer_or_a_definition_says_gets_out_of_its_place() -> None:
    hostile = run(
        cell("a", "x", None, verdict=Verdict.HARNESS_ERROR, note=HOSTILE),
        cell(
            "a",
            "y",
            Outcome.FAILS,
            f"server-hello:alert-{HOSTILE}",
            verdict=Verdict.EXPECTED_FAILURE,
            **EXPECTED,
        ),
        cell("a", "z", Outcome.FAILS, prediction_why=HOSTILE, expected_why=HOSTILE),
        note=HOSTILE,
        title=HOSTILE,
    )
    page = _Page(render_html(hostile))
    assert page.tags.count("script") == 3  # the data, the stories and the page's own
    assert "\x1b" not in page.words
    assert "\u202e" not in page.words
    for is_terminal in (True, False):
        assert "\x1b" not in terminal(hostile, is_terminal=is_terminal).replace("\x1b[0m", "").replace(
            "\x1b[2m", ""
        )
    markdown = render_markdown(hostile)
    assert "<script>" not in markdown.replace("\\<", "")
    assert re.search(r"[\x1b\u202e]", markdown) is None
    assert ET.fromstring(render_junit(hostile)).get("tests") == "3"


def test_junit_says_when_and_where_and_a_failure_has_its_reason_as_message() -> None:
    timings = Timings(started="2026-11-30T03:15:00+01:00", host="nightly-1")
    suite = ET.fromstring(render_junit(RUN, timings))[0]
    assert (suite.get("timestamp"), suite.get("hostname")) == ("2026-11-30T02:15:00", "nightly-1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    cell_of_it = next(each for each in RUN.cells if each.verdict is Verdict.FAILED)
    message = failure.get("message") or ""
    assert message.startswith("the server sends the alert")
    assert str(cell_of_it.reason) in message
    unknown = ET.fromstring(render_junit(RUN))[0]
    assert (unknown.get("timestamp"), unknown.get("hostname")) == (None, None)
    assert ET.fromstring(render_junit(RUN, Timings(started="yesterday")))[0].get("timestamp") is None


def test_junit_has_every_cell_under_its_server_with_the_verdict() -> None:
    root = ET.fromstring(render_junit(RUN, Timings(seconds={"web@19/biztalk/connect": 1.5})))
    assert {key: root.get(key) for key in ("tests", "failures", "errors", "skipped", "time")} == {
        "tests": "6",
        "failures": "2",
        "errors": "0",
        "skipped": "2",
        "time": "1.500",
    }
    assert [suite.get("name") for suite in root] == ["web@19", "web@20"]
    case = root[0].findall("testcase")[0]
    assert (case.get("classname"), case.get("name"), case.get("time")) == (
        "web@19",
        "biztalk/connect",
        "1.500",
    )
    assert properties_of(case)["outcome"] == "fails"
    assert case[1].tag == "failure"
    assert "attempt 1, TLSv1.0" in (case[1].text or "")
    others = [list(case) for case in root[1].findall("testcase")]
    assert [[child.tag for child in case[1:]] for case in others] == [[], ["skipped"], ["skipped"]]
    assert others[1][1].get("type") == "expected_failure"


def properties_of(element: ET.Element) -> dict[str | None, str | None]:
    (properties,) = element.findall("properties")
    return {each.get("name"): each.get("value") for each in properties}
