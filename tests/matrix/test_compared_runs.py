"""A comparison says first which runs it is of: in a text, in Markdown, in a page and in JSON."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from matrix.commands.cli import application
from matrix.judgement.outcome import Outcome
from matrix.reports.compared_runs import TARGETS_TOLD
from matrix.results.run_file import AskedRecord, RunFile, TargetRecord, encode
from tests.matrix.runs import cell, run

FORMS = ("text", "markdown", "html")


def with_targets(content: RunFile, *names: str, partial: bool = False) -> RunFile:
    targets = [
        TargetRecord(name=name, address=f"{name}.example.net:443", server_name=None, starttls=None)
        for name in names
    ]
    changed = content.run.model_copy(update={"asked": AskedRecord(targets=targets), "partial": partial})
    servers = {
        name: record.model_copy(update={"kind": "external" if name in names else record.kind})
        for name, record in content.servers.items()
    }
    return content.model_copy(update={"run": changed, "servers": servers})


def save(folder: Path, content: RunFile, **timings: object) -> str:
    folder.mkdir()
    (folder / "run.json").write_text(encode(content), encoding="utf-8")
    if timings:
        (folder / "timings.json").write_text(json.dumps(timings), encoding="utf-8")
    return str(folder)


def compared(*arguments: str) -> str:
    result = CliRunner().invoke(application, ["compare", *arguments], catch_exceptions=False)
    assert result.exit_code in (0, 1), result.output
    return result.stdout


class _Words(HTMLParser):
    """The words of a page in order, but for those of its styles and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._tag = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag

    def handle_data(self, data: str) -> None:
        if self._tag not in ("script", "style"):
            self.said.append(data)


def words(text: str, form: str) -> str:
    return " ".join(_Words(text).said) if form == "html" else text.replace("\\", "")


@pytest.fixture
def two(tmp_path: Path) -> tuple[str, str]:
    """A run before, and one now that ended early."""
    before = with_targets(run(cell("shop", "x", Outcome.FAILS), cell("shop", "y")), "shop")
    now = with_targets(run(cell("shop", "x")), "shop", partial=True)
    return (
        save(
            tmp_path / "old",
            before,
            started="2026-11-29T02:00:00+00:00",
            host="build-1",
            command=["tls-matrix", "run", "--nightly"],
        ),
        save(tmp_path / "new", now, started="2026-11-30T02:00:00+00:00", host="build-2"),
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_comparison_says_first_which_runs_it_is_of(two: tuple[str, str], form: str) -> None:
    said = words(compared(*two, "--format", form), form)
    behind = said.index("loses service")
    for fact in (
        *two,
        "2026-11-29T02:00:00+00:00",
        "2026-11-30T02:00:00+00:00",
        "build-1",
        "build-2",
        "tls-matrix run --nightly",
        "0.1.0",
        "shop.example.net:443",
        "Partial: the run ended before every cell was measured.",
    ):
        assert said.index(fact) < behind, fact
    assert said.count("Partial:") == 1, "the run before is whole"


def test_json_says_which_runs_it_is_of(two: tuple[str, str]) -> None:
    content = json.loads(compared(*two, "--format", "json"))
    assert content["before"] == {
        "place": two[0],
        "server": None,
        "started": "2026-11-29T02:00:00+00:00",
        "host": "build-1",
        "command": ["tls-matrix", "run", "--nightly"],
        "tool_version": "0.1.0",
        "partial": False,
        "targets": {"shop": "shop.example.net:443"},
    }
    assert (content["now"]["partial"], content["now"]["command"]) == (True, [])


def test_a_run_without_its_times_says_that_the_date_is_not_recorded(tmp_path: Path) -> None:
    folder = save(tmp_path / "run", run(cell("a@1", "x"), cell("a@2", "x")))
    text = compared(folder, "--server", "a@1", "--with", "a@2")
    assert text.startswith(
        f"before and now: {folder}\n  server: a@1, now a@2\n  started: date not recorded\n"
        "  tls-matrix: 0.1.0\n\n"
    )
    assert json.loads(compared(folder, folder, "--format", "json"))["now"]["started"] is None


def test_times_that_cannot_be_read_stop_no_comparison(tmp_path: Path) -> None:
    folder = save(tmp_path / "run", run(cell("a@1", "x")), started=["no", "moment"])
    result = CliRunner().invoke(application, ["compare", folder, folder])
    assert result.exit_code == 0
    assert "timings.json: started" in result.stderr
    assert "date not recorded" in result.stdout


def test_of_a_run_of_before_targets_were_written_down_the_addresses_are_those_of_its_times(
    tmp_path: Path,
) -> None:
    content = with_targets(run(cell("shop", "x")), "shop")
    old = content.model_copy(update={"run": content.run.model_copy(update={"asked": None})})
    told = {
        "shop": {"address": "192.0.2.7:443", "certificate_sha256": []},
        "gone": {"address": "192.0.2.8:1"},
    }
    folder = save(tmp_path / "run", old, servers=told)
    text = compared(folder, folder)
    assert "  target shop: 192.0.2.7:443\n" in text
    assert "192.0.2.8" not in text, "no server of the run"
    assert json.loads(compared(folder, folder, "--format", "json"))["now"]["targets"] == {
        "shop": "192.0.2.7:443"
    }


def test_of_a_fleet_some_addresses_are_told_and_of_one_server_its_own(tmp_path: Path) -> None:
    names = [f"host-{number:03}" for number in range(TARGETS_TOLD + 5)]
    fleet = with_targets(run(*(cell(name, "x") for name in names)), *names)
    folder = save(tmp_path / "run", fleet)
    text = compared(folder, folder)
    assert text.count("  target host-") == TARGETS_TOLD
    assert "  more targets: 5 targets, which the run file names\n" in text
    assert len(json.loads(compared(folder, folder, "--format", "json"))["now"]["targets"]) == len(names)
    one = compared(folder, folder, "--server", names[-1], "--with", names[-1])
    assert f"  target {names[-1]}: {names[-1]}.example.net:443" in one
    assert one.count("  target host-") == 1


def test_a_table_has_a_column_for_reasons_only_where_there_are_some(tmp_path: Path) -> None:
    fails = {"prediction": Outcome.FAILS, "prediction_why": "no suite in common"}
    known = cell("a@1", "x", Outcome.FAILS, **fails)
    for number, (old, is_there) in enumerate(((cell("a@1", "x", Outcome.FAILS), False), (known, True))):
        before, now = (
            save(tmp_path / f"o{number}", run(old)),
            save(tmp_path / f"n{number}", run(cell("a@1", "x"))),
        )
        for form in FORMS:
            said = words(compared(before, now, "--format", form), form)
            assert ("why before" in said) == is_there, form
        table = compared(before, now, "--format", "markdown").split("## Fixed")[1].split("\n\n")[1]
        assert len({line.count("|") for line in table.splitlines()}) == 1
