"""Whatever a peer, a definition or a hand-edited file says: no report lets it be more than text, and none
becomes as long as what was said. Each field of a run file gets a hostile value in turn.
"""

import dataclasses
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace
from rich.console import Console

from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports import comparison
from matrix.reports.junit import render_junit
from matrix.reports.markdown import render_markdown
from matrix.reports.page.comparison_page import render_page
from matrix.reports.page.run_page import render_html
from matrix.reports.page.sources import Sources
from matrix.reports.terminal import print_run
from matrix.reports.view import BRIEF, VERBOSE, View
from matrix.results.compare import Comparison, compare
from matrix.results.compared_run import ComparedRun
from matrix.results.evidence import Entry, ServerView
from matrix.results.explained import ExplanationRecord, RemedyRecord
from matrix.results.run_file import (
    AskedRecord,
    CertificateRecord,
    RenegotiationRecord,
    RunFile,
    TargetRecord,
)
from matrix.results.timings import Timings
from tests.matrix.page.packed import chunks, data
from tests.matrix.runs import ALERT, cell, evidence, run

HOSTILE = "</script><img src=x onerror=alert(1)>|`<!-- data -->\x1b[2J\u202e\x00&amp;]]>"
LONG = HOSTILE + "x" * 1_000_000
LONGEST_REPORT = 400_000
"""Characters; that of the same run without a long text has some ten thousand."""


EXPLANATION = ExplanationRecord(
    result="one",
    client="a",
    confidence="high",
    proof="two hellos",
    connections=9,
    remedies=[RemedyRecord(side="client", how="turn it off", source="a vendor")],
)


@cache
def rich_run() -> RunFile:
    """A run in which every field says something."""
    certificate = CertificateRecord(
        subject="CN=a",
        names=["a.example"],
        issuer="CN=b",
        notBefore="2020",
        notAfter="2030",
        key="RSA",
        signature="x",
    )
    renegotiation = RenegotiationRecord(
        initiator="client",
        offered=True,
        answered=True,
        secure="completed",
        legacy="not-tried",
        connection_after="open",
    )
    content = run(
        cell(
            "web@1",
            "a",
            Outcome.FAILS,
            note="a note",
            cause="a cause",
            explanation=EXPLANATION,
            expected_why="it is known",
            prediction=Outcome.FAILS,
            prediction_why="no suite",
            certificate=certificate,
            reason_detail={"met": "a", "wanted": "b", "said": "c", "client_said": "d", "blame": "e"},
        ),
        cell("web@1", "b", notes=["look"], renegotiation=renegotiation, confidence="low", http_status=200),
        cell("web@1", "c", None, verdict=Verdict.HARNESS_ERROR, note="nobody listens"),
        cell("web@1", "d", None, verdict=Verdict.NOT_INSTALLED, note="get it"),
        cell(
            "web@1",
            "e",
            Outcome.FAILS,
            verdict=Verdict.EXPECTED_FAILURE,
            expected=Outcome.FAILS,
            expected_why="old",
        ),
        note="a note on the server",
    )
    target = TargetRecord(name="web@1", address="192.0.2.1:443", server_name="web.example", starttls="smtp")
    asked = AskedRecord(servers=["web@1"], clients=["a"], scenarios=["connect"], targets=[target], timeout=2)
    client = content.clients["a"].model_copy(update={"sets": ["core"], "plays": "b"})
    server = content.servers["web@1"].model_copy(update={"toggles": {"a": "b"}, "problem": "it went down"})
    return content.model_copy(
        update={
            "run": content.run.model_copy(update={"asked": asked}),
            "clients": {**content.clients, "a": client},
            "servers": {"web@1": server},
        }
    )


def places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every text in a run file."""
    if isinstance(content, str):
        yield path
    items = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    for key, value in items:
        yield from places(value, (*path, key))


def with_text(path: tuple[Any, ...], text: str) -> RunFile | None:
    """The rich run with another text in a place; None where the schema takes no such text there."""
    content = json.loads(rich_run().model_dump_json(by_alias=True))
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = text if path[-1] not in ("reason", "expected_reason") else f"server-hello:alert-{text}"
    try:
        return RunFile.model_validate(content)
    except ValueError:
        return None


PLACES = list(places(json.loads(rich_run().model_dump_json(by_alias=True))))
TAKEN = [path for path in PLACES if with_text(path, "text") is not None]


def compared(content: RunFile) -> Comparison:
    before, now = ComparedRun("before", rich_run()), ComparedRun("now", content)
    return replace(compare(rich_run(), content), before=before, now=now)


def in_terminal(view: View) -> Callable[[RunFile], str]:
    def printed(content: RunFile) -> str:
        file = io.StringIO()
        timings = Timings("2026", ("tls-matrix", "run"))
        print_run(content, Console(file=file, width=100, force_terminal=False), view, timings)
        return file.getvalue()

    return printed


REPORTS: Mapping[str, Callable[[RunFile], str]] = {
    "terminal": in_terminal(BRIEF),
    "whole terminal": in_terminal(VERBOSE),
    "markdown": render_markdown,
    "page": render_html,
    "junit": render_junit,
    "compared": lambda content: comparison.render_text(compared(content)),
    "compared in markdown": lambda content: comparison.render_markdown(compared(content)),
    "compared in a page": lambda content: render_page(compared(content)),
}


def test_the_fields_are_those_of_the_schema_that_take_any_text() -> None:
    assert len(TAKEN) > 60


@pytest.mark.long(but=["junit", "compared*"])
@pytest.mark.parametrize("report", REPORTS)
def test_no_report_becomes_as_long_as_what_was_said(report: str) -> None:
    lengths = {path: len(REPORTS[report](content)) for path in TAKEN if (content := with_text(path, LONG))}
    assert len(lengths) == len(TAKEN)
    assert {path: length for path, length in lengths.items() if length > LONGEST_REPORT} == {}


class _Tags(HTMLParser):
    """The tags of a page; what stands in `noscript` is read as if scripts were off."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "wbr":  # where a long name may be broken
            self.found.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name == "src"]


@pytest.mark.parametrize("report", [name for name in REPORTS if "page" not in name])
def test_no_text_steers_a_terminal_or_is_markup(report: str) -> None:
    for path in TAKEN:
        content = with_text(path, HOSTILE)
        assert content is not None
        text = REPORTS[report](content)
        assert set(re.findall(r"[^\x20-\uffff]", text)) <= {"\n"}, path
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", text), path
        if "markdown" in report:
            assert not re.search(r"(?<!\\)<(?!br>)", text), path
        if report == "junit":
            ElementTree.fromstring(text)


@pytest.mark.parametrize("report", ["page", "compared in a page"])
def test_no_text_becomes_a_part_of_a_page(report: str) -> None:
    for path in TAKEN:
        content, plain = with_text(path, HOSTILE), with_text(path, "text")
        assert content is not None
        assert plain is not None
        page = REPORTS[report](content)
        assert _Tags(page).found == _Tags(REPORTS[report](plain)).found, path
        assert all(text.isprintable() for text in texts([data(page), chunks(page)])), path


def test_names_are_no_more_than_text_either() -> None:
    name = HOSTILE.replace("/", "")
    renamed = json.loads(rich_run().model_dump_json(by_alias=True).replace("web@1", "SERVER"))
    renamed["servers"] = {name: renamed["servers"]["SERVER"]}
    renamed["clients"] = {f"{name}{client}": record for client, record in renamed["clients"].items()}
    for each in renamed["cells"]:
        each |= {"server": name, "client": f"{name}{each['client']}", "scenario": name}
        each["id"] = f"{each['server']}/{each['client']}/{each['scenario']}"
    content = RunFile.model_validate(renamed)
    page = render_html(content)
    assert "img" not in _Tags(page).found
    assert all(text.isprintable() for text in texts([data(page), chunks(page)]))
    for report in ("terminal", "whole terminal", "markdown"):
        assert "\x1b" not in REPORTS[report](content)


def test_evidence_is_no_more_than_text_and_bounded() -> None:
    entry = Entry("received", "clear", LONG, 0.0, b"x", b"\x1b" * 70_000)
    odd = [
        entry,
        dataclasses.replace(entry, kind="record", name="application_data"),
        dataclasses.replace(entry, kind="record", name="alert"),
    ]
    view = ServerView(LONG, LONG, LONG, LONG, [LONG] * 500)
    found = evidence("web@1/a/connect", ALERT)
    attempt = dataclasses.replace(
        found.attempts[0], transcript=odd, server_view=view, version=LONG, reason=LONG
    )
    found = dataclasses.replace(found, attempts=[attempt], response=LONG, words=LONG)
    page = render_html(run(cell("web@1", "a", Outcome.FAILS)), sources=Sources(lambda _: found))
    assert sum(map(len, texts(chunks(page)))) < 100_000
    assert all(text.isprintable() for text in texts(chunks(page)))


def texts(content: Any) -> Iterator[str]:
    """Every text in what JSON holds."""
    if isinstance(content, str):
        yield content
    inner = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    for each in inner:
        yield from texts(each)
