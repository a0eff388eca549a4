"""junit.xml, written from the run and not by pytest: it is whole under pytest-xdist, and says the final
verdicts.

One test suite a server, one test case a cell. Expected failures, what does not apply and what could not be
measured are `skipped`, a harness that broke is an `error`; what was observed with nothing to expect passes.
Outcome, reason and what else was seen are properties of a case, what was tested those of each suite.
Jenkins, GitLab and GitHub list failures by their `message`, which says the reason in words and by its name.
`timestamp` has the form that Ant's schema of these files asks for, in UTC.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import groupby

from matrix.judgement.outcome import Verdict
from matrix.reports.facts import Fact, cell_facts, target_fact, tested
from matrix.reports.groups import said_of
from matrix.reports.headline import partial
from matrix.results.run_file import CellRecord, RunFile
from matrix.results.timings import NO_TIMINGS, Timings
from matrix.wording import bounded, printable

_MOST_CHARACTERS = 1000
"""Of what every suite says of the run: a command with a thousand targets is not said a thousand times."""

_ELEMENTS = {
    Verdict.FAILED: "failure",
    Verdict.UNEXPECTED_PASS: "failure",
    Verdict.HARNESS_ERROR: "error",
    Verdict.EXPECTED_FAILURE: "skipped",
    Verdict.NOT_APPLICABLE: "skipped",
    Verdict.UNSUPPORTED: "skipped",
    Verdict.NOT_INSTALLED: "skipped",
}


def render_junit(run: RunFile, timings: Timings = NO_TIMINGS) -> str:
    """Give the file."""
    return "".join(junit_pieces(run, timings))


def junit_pieces(run: RunFile, timings: Timings = NO_TIMINGS) -> Iterator[str]:
    """The same suite by suite."""
    seconds = timings.seconds
    root = ET.Element("testsuites", _numbers("tls-matrix", run.cells, seconds))
    start, _, end = ET.tostring(root, encoding="unicode", short_empty_elements=False).partition("><")
    yield f'<?xml version="1.0" encoding="utf-8"?>\n{start}>\n'
    tested_of_run = [(name, bounded(value, _MOST_CHARACTERS)) for name, value in tested(run, timings)]
    facts_of_run = [("partial", str(run.run.partial).lower()), *tested_of_run]
    target_facts = {target_fact(target.name) for target in run.run.asked.targets} if run.run.asked else set()
    # Of a run of a thousand targets each suite says how its own was asked, not how all were.
    of_target = {name: (name, value) for name, value in facts_of_run if name in target_facts}
    first = next((at for at, fact in enumerate(facts_of_run) if fact[0] in target_facts), len(facts_of_run))
    before, after = facts_of_run[:first], facts_of_run[first + len(of_target) :]
    cells = sorted(run.cells, key=lambda cell: cell.id)
    for server, group in groupby(cells, key=lambda cell: cell.server):
        of_server = list(group)
        numbers = _numbers(_clean(server), of_server, seconds)
        suite = ET.Element("testsuite", {**numbers, **_when_and_where(timings)})
        own = of_target.get(target_fact(server))
        _add_properties(suite, [*before, *([own] if own else []), *after])
        for cell in of_server:
            _add_case(suite, cell, seconds.get(cell.id, 0.0))
        if run.run.partial:
            ET.SubElement(suite, "system-out").text = partial(run)
        yield _text(suite)
    if not cells:  # an interrupted run must say so even then
        suite = ET.Element("testsuite", _numbers("tls-matrix", [], seconds))
        _add_properties(suite, facts_of_run)
        yield _text(suite)
    yield f"<{end}\n"


def _text(suite: ET.Element) -> str:
    """A suite as text, within the element of all suites. One after the other, since elements take many times
    the room of their text.
    """
    ET.indent(suite, level=1)
    return f"  {ET.tostring(suite, encoding='unicode').rstrip()}\n"


def _add_properties(parent: ET.Element, facts: Iterable[Fact]) -> None:
    properties = ET.SubElement(parent, "properties")
    for name, value in facts:
        ET.SubElement(properties, "property", name=_clean(name), value=_clean(value))


def _add_case(suite: ET.Element, cell: CellRecord, seconds: float) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=_clean(cell.server),
        name=_clean(f"{cell.client}/{cell.scenario}"),
        time=_time(seconds),
    )
    _add_properties(case, _properties(cell))
    element = _ELEMENTS.get(cell.verdict)
    if element is not None:
        detail = ET.SubElement(case, element, type=cell.verdict.value, message=_clean(said_of(cell)))
        detail.text = _clean("\n".join(_details(cell)))


def _when_and_where(timings: Timings) -> dict[str, str]:
    """The attributes of a suite that say when the run began and where, as far as that is recorded."""
    found = {"hostname": _clean(timings.host)} if timings.host else {}
    with suppress(ValueError):
        began = datetime.fromisoformat(timings.started).astimezone(UTC)
        found["timestamp"] = began.strftime("%Y-%m-%dT%H:%M:%S")
    return found


def _properties(cell: CellRecord) -> list[Fact]:
    outcome = cell.outcome.value if cell.outcome else "not measured"
    reason = [("reason", str(cell.reason))] if cell.reason else []
    return [("verdict", cell.verdict.value), ("outcome", outcome), *reason, *cell_facts(cell)]


def _details(cell: CellRecord) -> list[str]:
    lines = [
        f"cell: {cell.id}",
        f"expected: {cell.expected or 'nothing'} {cell.expected_reason or ''}".rstrip(),
    ]
    if cell.expected_why:
        lines.append(f"expected because: {cell.expected_why}")
    for number, attempt in enumerate(cell.attempts, start=1):
        result = attempt.reason.sentence if attempt.reason else "works"
        lines.append(f"attempt {number}, {attempt.version}: {result}")
    return lines


def _numbers(name: str, cells: Sequence[CellRecord], seconds: Mapping[str, float]) -> dict[str, str]:
    elements = [_ELEMENTS.get(cell.verdict) for cell in cells]
    return {
        "name": name,
        "time": _time(sum(seconds.get(cell.id, 0.0) for cell in cells)),
        "tests": str(len(cells)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
    }


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"


def _clean(text: str) -> str:
    """What XML can hold (XML 1.0 section 2.2) and nobody is misled by; lines stay lines."""
    return "\n".join(map(printable, text.split("\n")))
