"""What was tested and what was seen: in every report where it is recorded, and nowhere else."""

import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from rich.console import Console

from definitions.fault import UnusableFile
from matrix.commands.showing import saved_timings
from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports.facts import NO_DATE
from matrix.reports.junit import render_junit
from matrix.reports.markdown import render_markdown
from matrix.reports.page.run_page import render_html
from matrix.reports.terminal import print_run
from matrix.reports.view import VERBOSE
from matrix.results.run_file import AskedRecord, CertificateRecord, RunFile, TargetRecord
from matrix.results.timings import NO_TIMINGS, Timings, load_timings
from tests.matrix.runs import cell, run
from tests.matrix.test_reports import properties_of

TIMINGS = Timings("2026-11-29T10:00:00+00:00", ("tls-matrix", "run", "--target", "mine=192.0.2.10:25"))
CERTIFICATE = CertificateRecord(
    subject="CN=old.example",
    names=["old.example", "www.old.example"],
    issuer="CN=An authority",
    not_before="2020-01-01T00:00:00+00:00",
    not_after="2021-01-01T00:00:00+00:00",
    key="RSA 2048",
    signature="sha256WithRSAEncryption",
)
SEEN = {
    "http_status": 503,
    "certificate_requested": True,
    "certificate": CERTIFICATE,
    "notes": ["the certificate is for another name"],
    "verdict": Verdict.OBSERVED,
    "expected": None,
}
PLAIN = run(cell("mine", "x"))
ASKED = AskedRecord(
    clients=["x"],
    targets=[TargetRecord(name="mine", address="192.0.2.10:25", server_name="shop.example", starttls="smtp")],
    timeout=2.5,
)
RICH = run(cell("mine", "x", **SEEN))
RICH = RICH.model_copy(update={"run": RICH.run.model_copy(update={"asked": ASKED})})


def texts(content: RunFile, timings: Timings) -> dict[str, str]:
    file = io.StringIO()
    print_run(content, Console(file=file, width=500), VERBOSE, timings)
    return {
        "terminal": file.getvalue(),
        "markdown": re.sub(r"\\(.)", r"\1", render_markdown(content, timings)),
        "html": render_html(content, timings),
        "junit": render_junit(content, timings),
    }


def without_style_and_scripts(text: str) -> str:
    """What a page says, and not what it is made by, its data included."""
    return re.sub(r"<(style|script)\b.*?</\1>", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("report", ["terminal", "markdown", "html", "junit"])
def test_every_report_has_every_fact(report: str) -> None:
    text = texts(RICH, TIMINGS)[report]
    for fact in (
        "2026-11-29T10:00:00+00:00",
        "tls-matrix run --target mine=192.0.2.10:25",
        "192.0.2.10:25, server name shop.example, STARTTLS of smtp",
        "2.5 s for each connection attempt",
        "503",
        "the server asked for one",
        "CN=old.example for old.example and www.old.example, issued by CN=An authority, valid from 2020",
        "RSA 2048, signed with sha256WithRSAEncryption",
        "the certificate is for another name",
    ):
        assert fact in text, fact


@pytest.mark.parametrize("report", ["terminal", "markdown", "html", "junit"])
def test_what_was_not_recorded_is_in_no_report_but_that_the_date_was_not(report: str) -> None:
    text = texts(PLAIN, NO_TIMINGS)[report]
    assert NO_DATE in text
    for absent in ("command", "timeout", "HTTP", "client certificate", "server certificate", "None", " *"):
        assert absent not in without_style_and_scripts(text), absent


def test_what_works_with_a_note_carries_a_mark_in_the_grid() -> None:
    found = texts(RICH, TIMINGS)
    assert "✓ works *" in found["terminal"]
    assert "✓ works *<br>SSLv3 RSA RC4_128_MD5" in found["markdown"].replace("\\", "")
    assert '<td class="works noted">✓ works *</td>' in found["html"]


def test_a_suite_of_junit_says_how_its_own_target_was_asked() -> None:
    targets = [ASKED.targets[0].model_copy(update={"name": name}) for name in ("one", "two")]
    content = run(cell("one", "x"), cell("two", "x"))
    asked = ASKED.model_copy(update={"targets": targets})
    content = content.model_copy(update={"run": content.run.model_copy(update={"asked": asked})})
    one, two = (properties_of(suite) for suite in ET.fromstring(render_junit(content)))
    assert [name for name in one if name and name.startswith("target ")] == ["target one"]
    assert [name for name in two if name and name.startswith("target ")] == ["target two"]


def test_junit_does_not_say_a_long_command_in_every_suite() -> None:
    targets = (option for number in range(1000) for option in ("--target", f"t{number}=192.0.2.10:25"))
    timings = Timings(TIMINGS.started, ("tls-matrix", "run", *targets))
    content = run(*(cell(f"t{number}", "x") for number in range(1000)))
    assert len(render_junit(content, timings)) < 3 * len(render_junit(content, TIMINGS))


def test_junit_passes_what_was_observed_and_skips_what_does_not_apply() -> None:
    content = run(
        cell("mine", "x", Outcome.FAILS, verdict=Verdict.OBSERVED, expected=None),
        cell(
            "mine",
            "y",
            Outcome.NOT_APPLICABLE,
            "renegotiation:policy-tls-1.3",
            verdict=Verdict.NOT_APPLICABLE,
        ),
    )
    observed, not_applicable = ET.fromstring(render_junit(content))[0].findall("testcase")
    assert [child.tag for child in observed] == ["properties"]
    assert properties_of(observed)["outcome"] == "fails"
    assert properties_of(observed)["reason"] == "server-hello:alert-unexpected_message"
    assert [child.tag for child in not_applicable] == ["properties", "skipped"]
    assert "TLS 1.3 has no renegotiation" in (not_applicable[1].get("message") or "")


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"cells": 3, "command": "x", "started": 1}', '{"cells": {"a": "b"}}']
)
def test_timings_that_are_not_what_they_should_be_are_not_recorded(tmp_path: Path, content: str) -> None:
    (tmp_path / "timings.json").write_text(content, encoding="utf-8")
    with pytest.raises(UnusableFile, match=r"timings\.json"):
        load_timings(tmp_path)
    assert saved_timings(tmp_path) == NO_TIMINGS == saved_timings(tmp_path / "nowhere")
    good = {"started": TIMINGS.started, "command": list(TIMINGS.command), "cells": {"a": 1}}
    (tmp_path / "timings.json").write_text(json.dumps(good), encoding="utf-8")
    assert load_timings(tmp_path) == Timings(TIMINGS.started, TIMINGS.command, {"a": 1.0})
