"""What a job of GitHub Actions is told, and the example jobs: their command lines do what they say."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.judgement.outcome import Outcome, Verdict
from matrix.reports.github import MAX_ANNOTATIONS, MAX_SUMMARY_BYTES, annotations, summary
from matrix.results.run_file import RunFile
from matrix.results.timings import NO_TIMINGS
from servers.credentials import make_credentials
from servers.definition import load_definitions
from servers.processes.start import start_servers
from servers.running import RunningServer
from servers.variant import parse_server_id
from tests.matrix.runs import cell, run
from tests.matrix.test_run import ROOT, run_json

JOBS = sorted((ROOT / "examples" / "ci").iterdir())
COMMAND = re.compile(r"\./tls-matrix ([^'\n]*)")


def failing(number: int) -> RunFile:
    """A run of so many servers, each of which fails otherwise than expected, in a way of its own."""
    cells = [
        cell(
            f"web-{index}@1",
            "java-7",
            outcome=Outcome.FAILS,
            verdict=Verdict.FAILED,
            reason=f"server-hello:alert-x{index}",
            expected=Outcome.WORKS,
        )
        for index in range(number)
    ]
    return run(*cells)


def test_what_is_unexpected_is_an_error_with_its_next_step() -> None:
    (line,) = annotations(failing(1))
    assert line.startswith("::error title=web-0@1 with java-7")
    assert "::next: " in line


def test_what_is_as_expected_is_not_annotated() -> None:
    assert list(annotations(run(cell("web@1", "java-7")))) == []


@pytest.mark.parametrize("number", [MAX_ANNOTATIONS, MAX_ANNOTATIONS + 1, 100])
def test_no_more_annotations_than_github_shows(number: int) -> None:
    lines = list(annotations(failing(number)))
    assert len(lines) == MAX_ANNOTATIONS
    is_cut = number > MAX_ANNOTATIONS
    assert lines[-1].startswith(f"::error title={number - MAX_ANNOTATIONS + 1} more::") is is_cut


def test_a_line_is_one_command_whatever_it_says() -> None:
    odd = failing(1)
    (one,) = odd.cells
    hostile = one.model_copy(update={"note": "a\n::error::b %0A, c: d"})
    for line in annotations(odd.model_copy(update={"cells": [hostile]})):
        assert "\n" not in line
        assert line.count("::error") == 1


def test_a_summary_is_never_longer_than_github_takes() -> None:
    short, long = summary(failing(2), NO_TIMINGS), summary(failing(4000), NO_TIMINGS)
    assert "The rest is in grid.md" not in short
    assert len(long.encode()) <= MAX_SUMMARY_BYTES
    assert long.endswith("\n\nThe rest is in grid.md.\n")


def ran(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "matrix", *arguments]
    whole = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, cwd=folder, env=whole, capture_output=True, text=True, timeout=120)


@pytest.mark.long(but=["True"])
@pytest.mark.parametrize("is_github", [True, False])
def test_a_run_tells_the_job(tmp_path: Path, is_github: bool) -> None:
    page = tmp_path / "summary.md"
    told = {"GITHUB_ACTIONS": "true"} if is_github else {}
    asked = ("--server", "jsse6@6u45", "--client", "openssl-3.0", "--fail-on", "fails", "--out", "run")
    done = ran(tmp_path, "run", *asked, GITHUB_STEP_SUMMARY=str(page), **told)
    assert done.returncode == 1, done.stderr
    assert page.exists() is is_github
    if is_github:
        assert page.read_text() == (tmp_path / "run" / "grid.md").read_text()
    nowhere = ran(tmp_path, "run", *asked, "--json", GITHUB_STEP_SUMMARY="/proc/none/x", **told)
    assert ("GITHUB_STEP_SUMMARY: /proc/none/x: cannot be written" in nowhere.stderr) is is_github


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a site's file, whose server runs, and the run that was good."""
    folder = tmp_path_factory.mktemp("site")
    variant = parse_server_id("jsse6@6u45", load_definitions())
    with start_servers([variant], make_credentials()) as running:
        server = running[variant.id]
        assert isinstance(server, RunningServer)
        address = f"{server.host}:{server.port}"
        (folder / "site.toml").write_text(f'clients = ["set:incident"]\n[targets]\nshop = "{address}"\n')
        assert ran(folder, "run", "--matrix", "site.toml", "--out", "good").returncode == 0
        yield folder


@pytest.mark.long(but=["github-actions.yml"])
@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_the_command_lines_of_an_example_do_what_it_says(job: Path, site: Path, tmp_path: Path) -> None:
    for name in ("site.toml", "good"):
        (tmp_path / name).symlink_to(site / name)
    lines = COMMAND.findall(job.read_text())
    done = []
    for line in lines:
        for number in ("1", "2"):
            text = re.sub(r"\$\{\{ matrix\.shard \}\}|\$CI_NODE_INDEX", number, line)
            text = text.replace("$CI_NODE_TOTAL", "2")
            if text not in done:
                ended = ran(tmp_path, *text.split())
                assert ended.returncode == 0, (text, ended.stdout, ended.stderr)
                done.append(text)
    assert [text.split()[0] for text in done] == ["run", "run", "report", "compare"]
    assert (tmp_path / "whole" / "run.json").read_bytes() == (site / "good" / "run.json").read_bytes()
    assert run_json(tmp_path / "part-1")["run"]["shard"] == "1/2"


def test_there_is_an_example_for_each() -> None:
    assert [job.name for job in JOBS] == ["Jenkinsfile", "github-actions.yml", "gitlab-ci.yml"]
